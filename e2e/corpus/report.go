package corpus

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kubemove/kubemove/internal/application"
)

// Result is what became of one application of a file.
type Result struct {
	// File and, where it names several, the namespace in it.
	File string
	// Objects that were applied.
	Objects int
	// Aged is how many writes of controllers were added.
	Aged int
	// Moved is how many objects the plan creates.
	Moved int
	// Left does not move, and the plan says why.
	Left []string
	// Blockers and Warnings of the plan.
	Blockers []string
	Warnings []string
	// Beside are cluster-wide objects of the file, and KubeMove's own: they are not applied.
	Beside []string
	// Notes tell what the API server itself refused, and what was not read: that is not
	// KubeMove's doing.
	Notes []string
	// Failures: differences, what is lost without a word, errors.
	Failures []string
	// Took is how long it took.
	Took time.Duration
}

// fail adds a failure.
func (r *Result) fail(what string, lines ...string) {
	for _, line := range lines {
		r.Failures = append(r.Failures, what+": "+line)
	}
}

func (r *Result) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// The kinds of failure.
const (
	failedSilent     = "lost silently"
	failedField      = "field lost"
	failedLeak       = "not cleaned"
	failedFixedPoint = "not a fixed point"
	failedTwice      = "cleaning twice differs"
	failedRelease    = "the next release"
	failedError      = "error"
)

// Write prints one result: a line, and more with everything that is not as it should be.
func (r *Result) Write(w io.Writer, verbose bool) {
	verdict := "ok  "
	if len(r.Failures) > 0 {
		verdict = "FAIL"
	}
	fmt.Fprintf(w, "%s %-40s in %3d, moved %3d, left %2d, blockers %d, warnings %d, differences %d (%.1fs)\n",
		verdict, r.File, r.Objects, r.Moved, len(r.Left), len(r.Blockers), len(r.Warnings), len(r.Failures), r.Took.Seconds())
	section := func(name string, lines []string) {
		for _, line := range lines {
			fmt.Fprintf(w, "       %-8s %s\n", name, line)
		}
	}
	section("FAIL", r.Failures)
	section("blocker", r.Blockers)
	if verbose {
		section("left", r.Left)
		section("warning", r.Warnings)
		section("beside", r.Beside)
	}
	section("note", r.Notes)
}

// Outcome is what became of the application in a few words, without what differs from run to run:
// how many objects move, which do not, and what forbids the move.
func (r *Result) Outcome() string {
	var left, blockers []string
	for _, line := range r.Left {
		ref, _, _ := strings.Cut(line, ": ")
		if ref != "ServiceAccount/default" && ref != "ConfigMap/kube-root-ca.crt" {
			left = append(left, ref)
		}
	}
	for _, line := range r.Blockers {
		words := strings.SplitN(line, " ", 3)
		blockers = append(blockers, strings.Join(words[:min(2, len(words))], " "))
	}
	out := fmt.Sprintf("%s: in %d, moved %d", r.File, r.Objects, r.Moved)
	if len(left) > 0 {
		out += "; left " + strings.Join(left, ", ")
	}
	if len(blockers) > 0 {
		out += "; blocked by " + strings.Join(blockers, ", ")
	}
	return out
}

// Summary prints the figures of all results and says whether everything is as it should be.
func Summary(w io.Writer, results []Result, took time.Duration) bool {
	var objects, aged, moved, left, blocked, warnings, notes int
	kinds := map[string]int{}
	bad := 0
	for _, r := range results {
		objects, aged, moved, left = objects+r.Objects, aged+r.Aged, moved+r.Moved, left+len(r.Left)
		warnings, notes = warnings+len(r.Warnings), notes+len(r.Notes)
		if len(r.Blockers) > 0 {
			blocked++
		}
		if len(r.Failures) > 0 {
			bad++
		}
		for _, f := range r.Failures {
			what, _, _ := strings.Cut(f, ":")
			kinds[what]++
		}
	}
	fmt.Fprintf(w, "\n%d applications, %d objects in, %d writes of controllers, %d objects moved, %d left with a reason, "+
		"%d applications blocked, %d warnings, %d notes, %.0fs\n",
		len(results), objects, aged, moved, left, blocked, warnings, notes, took.Seconds())
	if bad == 0 {
		fmt.Fprintln(w, "no difference, and nothing is lost silently")
		return true
	}
	var list []string
	for _, what := range slices.Sorted(maps.Keys(kinds)) {
		list = append(list, fmt.Sprintf("%s %d", what, kinds[what]))
	}
	fmt.Fprintf(w, "%d applications failed: %s\n", bad, strings.Join(list, ", "))
	return false
}

// said tells whether a plan says anything of an object.
func said(p *application.Plan, ref application.Ref) bool {
	if slices.ContainsFunc(p.Objects, func(o application.Object) bool { return o.Ref == ref }) ||
		slices.ContainsFunc(p.Left, func(l application.Left) bool { return l.Ref == ref }) ||
		slices.ContainsFunc(p.Requires, func(r application.Required) bool { return r.Ref == ref }) {
		return true
	}
	for _, b := range p.Blockers {
		if b.Object == ref.String() || mentions(b.Message, ref.String()) {
			return true
		}
	}
	return slices.ContainsFunc(p.Warnings, func(text string) bool { return mentions(text, ref.String()) })
}

// mentions a name, and not only as the beginning of a longer one.
func mentions(text, name string) bool {
	for rest := text; ; {
		_, after, found := strings.Cut(rest, name)
		if !found {
			return false
		}
		if after == "" || !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-", rune(after[0])) {
			return true
		}
		rest = after
	}
}
