package application

import (
	"cmp"
	"fmt"
	"slices"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// Severity says what a finding means for the move.
type Severity string

// The severities.
const (
	// Blocker forbids the move.
	Blocker Severity = "Blocker"
	// Warning does not.
	Warning Severity = "Warning"
	// Unsure: something could not be found out for now, and the plan may lack it.
	Unsure Severity = "Unsure"
)

// Finding is what a plan has to say of the application or of a cluster.
type Finding struct {
	Severity Severity
	// Reason of a blocker, a constant of the API; empty for the others.
	Reason string
	// Object that it is about; the zero Ref: it is about no single one.
	Object Ref
	// Message: what was found, what was expected, and one way to fix it.
	Message string
}

// Findings are collected in any order, and reported to a plan.
type Findings []Finding

// AddBlocker adds what forbids the move.
func (f *Findings) AddBlocker(reason string, about Ref, format string, args ...any) {
	f.add(Finding{Severity: Blocker, Reason: reason, Object: about}, format, args...)
}

// AddWarning adds what does not forbid it.
func (f *Findings) AddWarning(about Ref, format string, args ...any) {
	f.add(Finding{Severity: Warning, Object: about}, format, args...)
}

// AddUnsure adds what could not be found out for now.
func (f *Findings) AddUnsure(about Ref, format string, args ...any) {
	f.add(Finding{Severity: Unsure, Object: about}, format, args...)
}

func (f *Findings) add(finding Finding, format string, args ...any) {
	finding.Message = task.Cut(fmt.Sprintf(format, args...), task.MaxMessage)
	*f = append(*f, finding)
}

// hasBlocker says whether one of them forbids the move.
func (f Findings) hasBlocker() bool {
	return slices.ContainsFunc(f, func(found Finding) bool { return found.Severity == Blocker })
}

// sorted are the findings in an order that does not depend on how they were found, each once.
func (f Findings) sorted() Findings {
	out := slices.Clone(f)
	slices.SortFunc(out, compareFindings)
	return slices.CompactFunc(out, func(a, b Finding) bool { return a.Severity == b.Severity && a.key() == b.key() })
}

func compareFindings(a, b Finding) int {
	return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.key(), b.key()), cmp.Compare(a.about(), b.about()))
}

// key of the order that users see.
func (f Finding) key() string {
	if f.Severity != Blocker {
		return f.Message
	}
	return f.Reason + "\x00" + f.about() + "\x00" + f.Message
}

// about is the object as users read it; empty: none.
func (f Finding) about() string {
	if f.Object == (Ref{}) {
		return ""
	}
	return f.Object.String()
}

// Report adds findings to the lists of the plan, in their order. A warning is listed once.
func (p *Plan) Report(found Findings) {
	add := func(list []string, message string) []string {
		if slices.Contains(list, message) {
			return list
		}
		return append(list, message)
	}
	for _, f := range found {
		switch f.Severity {
		case Blocker:
			p.Blockers = append(p.Blockers, api.Blocker{Reason: f.Reason, Object: f.about(), Message: f.Message})
		case Unsure:
			p.Unsure = add(p.Unsure, f.Message)
		default:
			p.Warnings = add(p.Warnings, f.Message)
		}
	}
}

// AddBlocker reports what forbids the move.
func (p *Plan) AddBlocker(reason string, about Ref, format string, args ...any) {
	var f Findings
	f.AddBlocker(reason, about, format, args...)
	p.Report(f)
}

// AddWarning reports what does not forbid it.
func (p *Plan) AddWarning(about Ref, format string, args ...any) {
	var f Findings
	f.AddWarning(about, format, args...)
	p.Report(f)
}

// AddUnsure reports what could not be found out for now.
func (p *Plan) AddUnsure(about Ref, format string, args ...any) {
	var f Findings
	f.AddUnsure(about, format, args...)
	p.Report(f)
}

// BlockedBy says whether one of the reasons stands in the way already.
func (p *Plan) BlockedBy(reasons ...string) bool {
	return slices.ContainsFunc(p.Blockers, func(b api.Blocker) bool { return slices.Contains(reasons, b.Reason) })
}

// BlockedAbout says whether something is known already that stands in the way of an object.
func (p *Plan) BlockedAbout(about Ref) bool {
	return slices.ContainsFunc(p.Blockers, func(b api.Blocker) bool { return b.Object == about.String() })
}
