// Package check is what kubectl move check finds: each check is a function of what was observed. It is pure.
package check

import (
	"slices"

	"github.com/kubemove/kubemove/internal/cli/fault"
)

// Outcome of a check.
type Outcome string

// The outcomes.
const (
	OK      Outcome = "ok"
	Warning Outcome = "warning"
	Failed  Outcome = "failed"
	// Skipped: it could not be looked at. The message says why.
	Skipped Outcome = "skipped"
)

// Page that has a section for each check.
const Page = "https://github.com/kubemove/kubemove/blob/main/docs/checks.md"

// Result of one check.
type Result struct {
	// ID of the check, which stays.
	ID string `json:"id"`
	// Group that it is shown in.
	Group string `json:"group"`
	// Result is ok, warning, failed or skipped.
	Result Outcome `json:"result"`
	// Message says what was found.
	Message string `json:"message"`
	// Details, one for each object that is not as it should be.
	Details []string `json:"details,omitempty"`
	// Hint says how to fix what is not ok.
	Hint string `json:"hint,omitempty"`
	// Link to the section of the check.
	Link string `json:"link"`
}

// Report of all checks.
type Report struct {
	Results []Result `json:"results"`
}

// finding of a check.
type finding struct {
	outcome Outcome
	message string
	details []string
	hint    string
}

func ok(message string) finding      { return finding{outcome: OK, message: message} }
func skipped(message string) finding { return finding{outcome: Skipped, message: message} }

func warning(message, hint string, details ...string) finding {
	return finding{outcome: Warning, message: message, details: details, hint: hint}
}

func failed(message, hint string, details ...string) finding {
	return finding{outcome: Failed, message: message, details: details, hint: hint}
}

// unless there are details, something is ok; otherwise it is bad.
func unless(details []string, good string, bad finding) finding {
	if len(details) == 0 {
		return ok(good)
	}
	slices.Sort(details)
	bad.details = slices.Compact(details)
	return bad
}

// check of one thing.
type check struct {
	id, group string
	find      func(Observed) finding
}

// Run all checks of an installation.
func Run(o Observed) Report { return run(installed, o) }

// RunPre runs the checks before an installation.
func RunPre(o Observed) Report { return run(before, o) }

func run(checks []check, o Observed) Report {
	r := Report{Results: make([]Result, 0, len(checks))}
	for _, c := range checks {
		f := c.find(o)
		r.Results = append(r.Results, Result{ID: c.id, Group: c.group, Result: f.outcome, Message: f.message, Details: f.details, Hint: f.hint,
			Link: Page + "#" + c.id})
	}
	return r
}

// IDs of all checks, in their order.
func IDs() (out []string) {
	for _, c := range slices.Concat(installed, before) {
		if !slices.Contains(out, c.id) {
			out = append(out, c.id)
		}
	}
	return out
}

// Count of the results with an outcome.
func (r Report) Count(outcome Outcome) (n int) {
	for _, x := range r.Results {
		if x.Result == outcome {
			n++
		}
	}
	return n
}

// Code to exit with.
func (r Report) Code() int {
	switch {
	case r.Count(Failed) > 0:
		return fault.Blocked
	case r.Count(Warning) > 0:
		return fault.Warned
	}
	return fault.Done
}

// installed are the checks of an installation, by their groups.
var installed = []check{
	{"kubernetes-version", "Kubernetes", kubernetesVersion},
	{"definitions-established", "Kinds", definitionsEstablished},
	{"definitions-current", "Kinds", definitionsCurrent},
	{"hooks-ready", "Hooks", hooksReady},
	{"hooks-answer", "Hooks", hooksAnswer},
	{"versions-equal", "Hooks", versionsEqual},
	{"client-version", "Hooks", clientVersion},
	{"metacontroller-running", "Metacontroller", metacontrollerRunning},
	{"metacontroller-leads", "Metacontroller", metacontrollerLeads},
	{"metacontroller-version", "Metacontroller", metacontrollerVersion},
	{"controllers-present", "Metacontroller", controllersPresent},
	{"admission-policies", "Admission", admissionPolicies},
	{"admission-bound", "Admission", admissionBound},
	{"rights-caller", "Rights", rightsCaller},
	{"rights-roles", "Rights", rightsRoles},
	{"rights-bound", "Rights", rightsBound},
	{"mobilizers-registered", "Mobilizers", mobilizersRegistered},
	{"targets-reached", "Targets", targetsReached},
	{"targets-credentials", "Targets", targetsCredentials},
	{"targets-rights", "Targets", targetsRights},
	{"annotations-engine", "Moves", annotationsEngine},
	{"children-parents", "Leftovers", childrenParents},
	{"deletions-stuck", "Leftovers", deletionsStuck},
	{"deletions-forced", "Leftovers", deletionsForced},
	{"locks-held", "Leftovers", locksHeld},
	{"repository-claims", "Leftovers", repositoryClaims},
	{"workers-left", "Leftovers", workersLeft},
}

// before are the checks before an installation.
var before = []check{
	{"kubernetes-version", "Kubernetes", kubernetesVersion},
	{"pre-rights", "Rights", preRights},
	{"pre-definitions", "Other installations", preDefinitions},
	{"pre-installation", "Other installations", preInstallation},
	{"pre-metacontroller", "Other installations", preMetacontroller},
	{"pre-virtual-nodes", "Other installations", preVirtualNodes},
}
