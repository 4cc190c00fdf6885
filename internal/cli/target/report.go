package target

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/text"
)

// Results of a check.
const (
	OK      = "ok"
	Warning = "warning"
	Failed  = "failed"
)

// Result of one check of a target.
type Result struct {
	// Check is its id.
	Check string `json:"check"`
	// Result is ok, warning or failed.
	Result string `json:"result"`
	// Message says what was found, and how to fix what is not ok.
	Message string `json:"message"`
}

// Report of a target.
type Report struct {
	Target Stored `json:"target"`
	// Side on which its moves have it: target or source.
	Side string `json:"side"`
	// Version of its API server; empty: not known.
	Version string `json:"version,omitempty"`
	// Results of the checks, in their order.
	Results []Result `json:"results"`
	// Lacks are the rights that the account does not have.
	Lacks []Lack `json:"lacks,omitempty"`
}

// Observed of a target by its own kubeconfig.
type Observed struct {
	// Problem: it could not be asked; why.
	Problem string
	// Version of its API server.
	Version string
	// NamespaceMissing: the namespace is not there.
	NamespaceMissing bool
	// Lacks are the rights that the account does not have.
	Lacks []Right
}

// soon is how long before their end credentials are warned of: a week, or a quarter of the time that they were made for.
func soon(duration time.Duration) time.Duration {
	const week = 7 * 24 * time.Hour
	if duration > 0 {
		return min(week, duration/4)
	}
	return week
}

// NewReport of what was observed.
func NewReport(s Stored, o Observed, side string, now time.Time) Report {
	r := Report{Target: s, Side: side, Version: o.Version, Lacks: Lacks(o.Lacks, side)}
	add := func(check, result, format string, args ...any) {
		r.Results = append(r.Results, Result{check, result, fmt.Sprintf(format, args...)})
	}
	if s.Problem != "" {
		add("kubeconfig", Failed, "%s", s.Problem)
		return r
	}
	if of, _, ok := strings.Cut(s.Account, "/"); ok && of != s.Namespace {
		add("kubeconfig", Failed, "%s: the move names namespace %s, and the account was made for namespace %s: "+
			"correct the namespace there, or add another "+
			"target with --target-namespace %s", strings.Join(s.UsedBy, ", "), s.Namespace, of, s.Namespace)
		return r
	}
	add("kubeconfig", OK, "it leads to namespace %s of %s", s.Namespace, s.Server)
	switch {
	case s.Expires == nil:
		add("credentials", OK, "they do not end, as far as can be told")
	case !s.Expires.After(now):
		add("credentials", Failed, "they have ended at %s: renew them with target renew", s.Expires.UTC().Format(time.RFC3339))
	case s.Expires.Before(now.Add(soon(s.duration))):
		add("credentials", Warning, "they end in %s: renew them with target renew", text.Took(s.Expires.Sub(now)))
	default:
		add("credentials", OK, "they end in %s", text.Took(s.Expires.Sub(now)))
	}
	if o.Problem != "" {
		add("connection", Failed, "%s", o.Problem)
		return r
	}
	if old := cluster.TooOld(side, o.Version, cluster.OldestEndpoint); old != "" {
		add("connection", Failed, "%s", old)
	} else {
		add("connection", OK, "Kubernetes %s answers", o.Version)
	}
	if o.NamespaceMissing {
		add("namespace", Failed, "there is no namespace %s: create it there", s.Namespace)
	} else {
		add("namespace", OK, "%s is there, or may not be read", s.Namespace)
	}
	r.addRights(add)
	return r
}

func (r *Report) addRights(add func(check, result, format string, args ...any)) {
	var required, optional []string
	for _, l := range r.Lacks {
		if l.Required {
			required = append(required, l.String())
		} else {
			optional = append(optional, l.String())
		}
	}
	if len(required) > 0 {
		add("rights", Failed, "the account lacks what every move with it as its %s needs: %s", r.Side, strings.Join(required, "; "))
	} else {
		add("rights", OK, "the account has what every move with it as its %s needs", r.Side)
	}
	if len(optional) > 0 {
		add("more-rights", Warning, "the account lacks: %s", strings.Join(optional, "; "))
	}
}

// HasFailed says whether a move cannot use the target.
func (r Report) HasFailed() bool {
	return slices.ContainsFunc(r.Results, func(x Result) bool { return x.Result == Failed })
}

// Rows of the report as a table.
func (r Report) Rows() [][]string {
	rows := [][]string{{"CHECK", "RESULT", "MESSAGE"}}
	for _, x := range r.Results {
		if x.Check == "more-rights" {
			// A line each: they are many, and each says something else.
			for _, l := range r.Lacks {
				if !l.Required {
					rows = append(rows, []string{x.Check, x.Result, "lacks " + l.String()})
				}
			}
			continue
		}
		rows = append(rows, []string{x.Check, x.Result, x.Message})
	}
	return rows
}

// SideOf a Secret for its moves: that of the first one that names it, otherwise the target.
func SideOf(name string, uses []Use) string {
	if i := slices.IndexFunc(uses, func(u Use) bool { return u.Secret == name }); i >= 0 {
		return uses[i].Side
	}
	return AsTarget
}
