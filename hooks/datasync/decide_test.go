package datasync

import (
	"testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/jobs"
)

// A request is answered once.
func TestAnswered(t *testing.T) {
	last := func(request, outcome string) func(s *state) {
		return func(s *state) { s.dataSync.Status.LastRun = &api.SyncRun{Request: request, Outcome: outcome} }
	}
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   bool
	}{
		"None":       {"nothing is asked", nil, true},
		"New":        {"there was no run yet", []func(*state){request}, false},
		"Runs":       {"it is not at its end", []func(*state){request, attempt(jobs.Running)}, false},
		"Failed":     {"it is tried again", []func(*state){request, attempt(jobs.Failed)}, false},
		"Done":       {"it was run", []func(*state){request, attempt(jobs.Succeeded)}, true},
		"Gone":       {"it was run, and the Job is gone", []func(*state){request, last("one", "Succeeded")}, true},
		"GoneFailed": {"the run has failed", []func(*state){request, last("one", "Failed")}, false},
		"Other":      {"another one was run", []func(*state){request, last("zero", "Succeeded")}, false},
		"Failing": {"a Job that is there knows better than the status",
			[]func(*state){request, last("one", "Succeeded"), attempt(jobs.Failed)}, false},
		"Next": {"it is another token",
			[]func(*state){request, attempt(jobs.Succeeded), func(s *state) { s.dataSync.Spec.Request = "two" }}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := given(c.given...).answered; got != c.want {
				t.Errorf("%s: got %t", c.reason, got)
			}
		})
	}
}

func TestRetired(t *testing.T) {
	said := func(is string) func(s *state) {
		return func(s *state) {
			s.dataSync.Status.Conditions = append(s.dataSync.Status.Conditions, condition("Other", "True"), condition(api.ConditionRetired, is))
		}
	}
	for name, c := range map[string]struct {
		reason string
		given  func(s *state)
		want   bool
	}{
		"Not":       {"no switch is committed", busy, false},
		"Committed": {"one is", committed, true},
		"Before":    {"it was retired for good", said("True"), true},
		"Never":     {"it says that it is not", said("False"), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := given(c.given).retired(); got != c.want {
				t.Errorf("%s: got %t", c.reason, got)
			}
		})
	}
}

func TestHindrance(t *testing.T) {
	deleting := func(s *state) { s.pair.DeletionTimestamp = ago(0) }
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   string
	}{
		"None": {"a run may begin", nil, ": "},
		"Mistake": {"before all else", []func(*state){mistaken, committed},
			api.ReasonUnknownMobilizer + ": " + given(mistaken).problem.Message},
		"Retired":   {"for good", []func(*state){committed, suspended}, "Retired: a switch is committed: no run is started any more"},
		"Suspended": {"the user wants it", []func(*state){suspended, busy}, "Suspended: spec.suspend is set"},
		"Busy":      {"the switch copies", []func(*state){busy, noPair}, "Locked: MoveSwitch m has begun: it makes the final run"},
		"NoPair":    {"the clusters are not known", []func(*state){noPair}, "NotReady: MovePair shop-a is not there"},
		"PairGoes":  {"its accounts go too", []func(*state){deleting}, "NotReady: MovePair shop-a is being deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			if reason, message := given(c.given...).hindrance(); reason+": "+message != c.want {
				t.Errorf("%s: got %s: %s, want %s", c.reason, reason, message, c.want)
			}
		})
	}
}
