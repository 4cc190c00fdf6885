package datasync

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// inShort is a run in a few words.
func inShort(r *api.SyncRun) string {
	if r == nil {
		return "none"
	}
	text := fmt.Sprintf("%s %s", r.ID, r.Trigger)
	if r.Request != "" {
		text += " of " + r.Request
	}
	if r.Outcome != "" {
		text += " " + r.Outcome
	}
	if r.Message != "" {
		text += ": " + r.Message
	}
	if r.Bytes > 0 {
		text += fmt.Sprintf(" (%d bytes, %d files)", r.Bytes, r.Files)
	}
	return text + strings.Join(append([]string{""}, r.Warnings...), " !")
}

func TestRuns(t *testing.T) {
	next := func(s *state) { s.dataSync.Spec.Request = "two" }
	known := func(run api.SyncRun) func(s *state) { return func(s *state) { s.dataSync.Status.LastRun = &run } }
	ended := func(at time.Duration, warnings ...string) *api.SyncRun {
		return &api.SyncRun{ID: "f", FinishedAt: ago(at), Outcome: "Succeeded", Bytes: 500, Files: 50, Warnings: warnings}
	}
	const (
		report   = `{"runID":"f","volumes":[{"name":"data","bytesTotal":100,"filesTotal":4}],"warnings":["own"]}`
		nothing  = `{"runID":"f"}`
		endOfRun = `{"runID":"f","result":{"outcome":"Succeeded"}}`
	)
	for name, c := range map[string]struct {
		reason              string
		given               []func(s *state)
		current, last, from string
	}{
		"None": {"there was no run", nil, "none", "none", ""},
		"Runs": {"with what it warns of", []func(*state){request, attempt(jobs.Running, reports(api.StageCopying, 5, "w"))},
			"run-1 Request of one !w", "none", "run-1"},
		"Done": {"with what it has copied", []func(*state){request, attempt(jobs.Succeeded, reports(api.StageSynced, 100))}, "none",
			"run-1 Request of one Succeeded (100 bytes, 4 files)", "run-1"},
		"Failed": {"with the reason", []func(*state){request, attempt(jobs.Failed)}, "none", "run-1 Request of one Failed: because", ""},
		"Again": {"the last one stays",
			[]func(*state){request, attempt(jobs.Failed), attempt(jobs.Running, reports(api.StageCopying, 5))}, "run-2 Request of one",
			"run-1 Request of one Failed: because", "run-2"},
		"Newest": {"of two that have ended", []func(*state){request, attempt(jobs.Failed), attempt(jobs.Succeeded)}, "none",
			"run-2 Request of one Succeeded", ""},
		"Older": {"a later end is known",
			[]func(*state){known(api.SyncRun{ID: "later", FinishedAt: ago(0)}), request, attempt(jobs.Succeeded)}, "none", "later ", ""},
		"Forgotten": {"whose request an older Job has answered is known of the last run",
			[]func(*state){request, attempt(jobs.Succeeded), known(api.SyncRun{ID: "run-1", Request: "old"}), next}, "none",
			"run-1 Request of old Succeeded", ""},
		"RunsOn": {"and of the current one",
			[]func(*state){request, attempt(jobs.Running), func(s *state) { s.dataSync.Status.Run = &api.SyncRun{ID: "run-1", Request: "old"} },
				next},
			"run-1 Request of old", "none", ""},
		"Unknown": {"it is not known any more", []func(*state){request, attempt(jobs.Running), next}, "run-1 Request", "none", ""},

		"Final": {"it goes on, and is told here", []func(*state){final(aSwitch(nil)), written(report)}, "f Final !own", "none", "f"},
		"FinalDone": {"the switch tells its end, and this one's part is its own",
			[]func(*state){final(aSwitch(ended(time.Minute, "of all"))), written(report)}, "none", "f Final Succeeded (100 bytes, 4 files) !own",
			"f"},
		"FinalMute": {"without a part of its own", []func(*state){final(aSwitch(ended(time.Minute, "of all"))), written(nothing)}, "none",
			"f Final Succeeded (500 bytes, 50 files) !of all", "f"},
		"FinalSeen": {"it is over, and the report of an older one is not shown",
			[]func(*state){final(aSwitch(ended(time.Minute))), written(`{"runID":"g"}`)}, "none", "f Final Succeeded (500 bytes, 50 files)", ""},
		"FinalOlder": {"a run on request has ended later",
			[]func(*state){request, attempt(jobs.Succeeded), final(aSwitch(ended(time.Hour)))}, "none", "run-1 Request of one Succeeded", ""},
		"FinalNewer": {"it has ended later",
			[]func(*state){request, attempt(jobs.Succeeded, reports(api.StageSynced, 100)), final(aSwitch(ended(0)))}, "none",
			"f Final Succeeded (500 bytes, 50 files)", ""},
		"FinalGoesOn": {"the run before it stays the last",
			[]func(*state){request, attempt(jobs.Succeeded), final(aSwitch(&api.SyncRun{ID: "f"})), written(report)}, "f Final !own",
			"run-1 Request of one Succeeded", "f"},
		"FinalAtItsEnd": {"this part has ended, and the switch is not told yet", []func(*state){final(aSwitch(nil)), written(endOfRun)},
			"f Final", "none", "f"},
		"FinalEnded": {"this part has ended, and the switch is told of the run",
			[]func(*state){final(aSwitch(&api.SyncRun{ID: "f"})), written(endOfRun)}, "none", "none", ""},
		"NoSwitch":   {"no switch makes a final run", []func(*state){written(report)}, "none", "none", ""},
		"Unreadable": {"it is no report", []func(*state){final(aSwitch(nil)), written("x")}, "none", "none", ""},
		"Nameless":   {"its run is not known", []func(*state){final(aSwitch(nil)), written(`{"sequence":1}`)}, "none", "none", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(c.given...)
			r := s.runs()
			from := ""
			if r.shown != nil {
				from = r.shown.RunID
			}
			if d := cmp.Diff([]string{c.current, c.last, c.from}, []string{inShort(r.current), inShort(r.last()), from}); d != "" {
				t.Errorf("%s: current, last, whose report is shown: -want +got\n%s", c.reason, d)
			}
		})
	}
}

// A run says when it began and when it ended; what began a final run is kept from when it was seen first.
func TestRunTimes(t *testing.T) {
	r := given(request, attempt(jobs.Succeeded), attempt(jobs.Running)).runs()
	if !r.last().StartedAt.Equal(ago(19*time.Minute)) ||
		!r.last().FinishedAt.Equal(ago(18*time.Minute+30*time.Second)) || !r.current.StartedAt.Equal(ago(18*time.Minute)) {
		t.Errorf("last %v to %v, current since %v", r.last().StartedAt, r.last().FinishedAt, r.current.StartedAt)
	}
	seen := func(id string) func(s *state) {
		return func(s *state) { s.dataSync.Status.Run = &api.SyncRun{ID: id, StartedAt: ago(time.Hour)} }
	}
	if r := given(busy, written(`{"runID":"f"}`), seen("f")).runs(); !r.current.StartedAt.Equal(ago(time.Hour)) {
		t.Errorf("the run that was seen began at %v", r.current.StartedAt)
	}
	if r := given(busy, written(`{"runID":"f"}`), seen("g")).runs(); !r.current.StartedAt.Equal(ago(0)) {
		t.Errorf("a new one began at %v", r.current.StartedAt)
	}
}

// What a status takes has an end.
func TestRunBounds(t *testing.T) {
	long := strings.Repeat("x", 2000)
	var many []string
	for range 20 {
		many = append(many, long)
	}
	r := given(request, attempt(jobs.Failed, reports(api.StageFailed, 0, many...), func(a *jobs.Attempt) { a.Result.Message = long })).runs()
	if len(r.last().Warnings) != 10 || len(r.last().Warnings[0]) != task.MaxMessage || len(r.last().Message) != task.MaxMessage {
		t.Errorf("%d warnings, %d and %d bytes", len(r.last().Warnings), len(r.last().Warnings[0]), len(r.last().Message))
	}
	r = given(final(aSwitch(&api.SyncRun{ID: "f", FinishedAt: ago(0), Message: long}))).runs()
	if len(r.last().Message) != task.MaxMessage {
		t.Errorf("%d bytes", len(r.last().Message))
	}
}

// A report is about the last run when it is of that run, and that one only has ended.
func TestShownEnd(t *testing.T) {
	ended := []api.SyncRun{{ID: "a"}, {ID: "b"}}
	for name, c := range map[string]struct {
		r    runs
		want bool
	}{
		"Its":    {runs{ended: ended, shown: &task.Status{RunID: "a"}}, true},
		"Older":  {runs{ended: ended, shown: &task.Status{RunID: "b"}}, false},
		"Other":  {runs{ended: ended, shown: &task.Status{RunID: "c"}}, false},
		"None":   {runs{ended: ended}, false},
		"NoLast": {runs{shown: &task.Status{RunID: "a"}}, false},
	} {
		if got := c.r.shownEnd(); (got != nil) != c.want || got != nil && got.ID != "a" {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// How long a run has copied is known of those that have succeeded: the others may have ended anywhere.
func TestCopySeconds(t *testing.T) {
	took := func(a *jobs.Attempt) { a.Status.CopySeconds = 7 }
	final := final(aSwitch(&api.SyncRun{ID: "f", FinishedAt: ago(time.Minute), Outcome: "Succeeded", CopySeconds: 7}))
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   int64
	}{
		"Done":   {"it says so", []func(*state){request, attempt(jobs.Succeeded, reports(api.StageSynced, 100), took)}, 7},
		"Failed": {"what it says is of its volumes", []func(*state){request, attempt(jobs.Failed, reports(api.StageSynced, 100), took)}, 0},
		"Final":  {"the switch says so", []func(*state){final}, 7},
	} {
		t.Run(name, func(t *testing.T) {
			if last := given(c.given...).runs().last(); last == nil || last.CopySeconds != c.want {
				t.Errorf("%s: got %+v", c.reason, last)
			}
		})
	}
}
