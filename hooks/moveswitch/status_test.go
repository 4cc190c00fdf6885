package moveswitch

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// decided fails the test when nothing can be decided.
func decided(t *testing.T, s *state) decision {
	t.Helper()
	d, err := s.decide()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The side goes forward with what was done, whatever a later report says, and back with a roll back only.
func TestActive(t *testing.T) {
	failed := cutover(jobs.Failed, stopped)
	before := func(side api.ActiveSide) func(s *state) { return func(s *state) { s.sw.Status.Active = side } }
	says := func(side api.ActiveSide) func(a *jobs.Attempt) {
		return says(task.SwitchProgress{Touched: true, Active: side})
	}
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   api.ActiveSide
	}{
		"Begin":   {"it runs at the source", nil, api.ActiveSource},
		"Begun":   {"the cutover says so", []func(*state){approved, cutover(jobs.Running, says(api.ActiveSource))}, api.ActiveSource},
		"Stopped": {"the cutover says so", []func(*state){approved, failed}, api.ActiveNone},
		"NextReport": {"a later process says less",
			[]func(*state){approved, cutover(jobs.Running, says(api.ActiveSource)), before(api.ActiveNone)}, api.ActiveNone},
		"RollingBack": {"the roll back has found more",
			[]func(*state){approved, cutover(jobs.Failed), rollback(jobs.Running, says(api.ActiveNone))}, api.ActiveNone},
		"RolledBack": {"the source is back", []func(*state){approved, failed, rollback(jobs.Succeeded), before(api.ActiveNone)},
			api.ActiveSource},
		"Reset": {"another try begins", []func(*state){approved, failed, rollback(jobs.Succeeded), before(api.ActiveNone), retry},
			api.ActiveSource},
		"Declined":  {"it has done nothing", []func(*state){approved, cutover(jobs.Declined, untouched)}, api.ActiveSource},
		"Committed": {"it is decided", []func(*state){approved, cutover(jobs.Failed, done)}, api.ActiveTarget},
		"Switched": {"the Job is gone",
			[]func(*state){status(api.ConditionSwitched, "True", "x"), func(s *state) { s.sw.Status.CommittedAt = nil }}, api.ActiveTarget},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(c.given...)
			if got := s.active(decided(t, s)); got != c.want {
				t.Errorf("%s: got %s, want %s", c.reason, got, c.want)
			}
		})
	}
}

func TestSteps(t *testing.T) {
	before := func(s *state) { s.sw.Status.Steps = []api.SwitchStep{{Name: "Lock", State: "Done"}} }
	rollingBack := says(task.SwitchProgress{Steps: []api.SwitchStep{
		{Name: "FinalSync", State: "Failed"}, {Name: "RollBack", State: "Running"}}})
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   string
	}{
		"None":    {"nothing is told", nil, ""},
		"Cutover": {"as it says", []func(*state){before, approved, cutover(jobs.Running, stopped)}, "Quiesce Done, FinalSync Running"},
		"RollBack": {"what the roll back says of a step is newer, and its own follow",
			[]func(*state){approved, cutover(jobs.Failed, stopped), rollback(jobs.Running, rollingBack)},
			"Quiesce Done, FinalSync Failed, RollBack Running"},
		"NoReport":  {"they stay as they were", []func(*state){before, approved, cutover(jobs.Running)}, "Lock Done"},
		"NextRound": {"they are of another try", []func(*state){before, approved, retry}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, x := range given(c.given...).steps() {
				got = append(got, x.Name+" "+x.State)
			}
			if d := cmp.Diff(c.want, strings.Join(got, ", ")); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
	long := make([]api.SwitchStep, 40)
	long[0].Message = strings.Repeat("x", 2000)
	got := given(approved, cutover(jobs.Running, says(task.SwitchProgress{Steps: long}))).steps()
	if len(got) != 32 || len(got[0].Message) != task.MaxMessage {
		t.Errorf("%d steps, the first with %d bytes: more than a status takes", len(got), len(got[0].Message))
	}
}

// The status shows the round that is acted on: an older one is brought to its end first.
func TestObservedRetry(t *testing.T) {
	before := func(s *state) { s.sw.Status.ObservedRetry = "" }
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   string
	}{
		"New": {"nothing is in its way", []func(*state){before, retry}, "1"},
		"RolledBack": {"the one before is over",
			[]func(*state){before, approved, cutover(jobs.Failed, stopped), rollback(jobs.Succeeded), retry}, "1"},
		"RollingBack": {"the one before is rolled back first",
			[]func(*state){before, approved, cutover(jobs.Failed, stopped), rollback(jobs.Running), retry}, ""},
		"RollingBackNow": {"it is the present one that is rolled back",
			[]func(*state){before, approved, retry, cutover(jobs.Failed, stopped), rollback(jobs.Running)}, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(c.given...)
			if got := s.observedRetry(decided(t, s)); got != c.want {
				t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
			}
		})
	}
}

// What was known of a finished switch stays, and a report adds to it.
func TestStatus(t *testing.T) {
	old := &api.SyncRun{ID: "old"}
	s := given(approved, func(s *state) { s.sw.Status.DowntimeSeconds, s.sw.Status.FinalRun = 5, old })
	st, _ := s.status(decided(t, s))
	if st.DowntimeSeconds != 5 || st.FinalRun != old || st.PlanHash != "plan-1" ||
		st.ObservedGeneration != 2 || st.CommittedAt != nil || st.Active != api.ActiveSource {
		t.Errorf("got %+v", st)
	}
	long := &api.SyncRun{ID: "new", Message: strings.Repeat("x", 2000)}
	s = given(approved, cutover(jobs.Running, says(task.SwitchProgress{CommittedAt: &earlier, DowntimeSeconds: 9, FinalRun: long,
		Steps: []api.SwitchStep{{Name: "Open", State: "Running"}}})))
	st, _ = s.status(decided(t, s))
	if st.DowntimeSeconds != 9 || st.FinalRun.ID != "new" || len(st.FinalRun.Message) != task.MaxMessage ||
		st.CommittedAt == nil || len(st.Steps) != 1 {
		t.Errorf("got %+v", st)
	}
	var kinds []string
	for _, c := range st.Conditions {
		kinds = append(kinds, c.Type)
	}
	want := []string{"Accepted", "Approved", "Committed", "Switched", "RolledBack", "SourceFenced", "Stalled"}
	if d := cmp.Diff(want, kinds); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	s = given(approved, func(s *state) { s.sw.Spec.OnFailure = api.FailureHold }, cutover(jobs.Failed, stopped))
	if st, _ = s.status(decided(t, s)); st.Stalled != api.ReasonHeld {
		t.Errorf("the column says %q", st.Stalled)
	}
}

func TestLastFailure(t *testing.T) {
	for name, c := range map[string]struct {
		reason string
		a      *jobs.Attempt
		want   string
	}{
		"None":      {"there is no attempt", nil, ""},
		"Running":   {"it has not ended", &jobs.Attempt{State: jobs.Running, Result: task.Result{Message: "m"}}, ""},
		"Succeeded": {"it is no failure", &jobs.Attempt{State: jobs.Succeeded, Result: task.Result{Message: "m"}}, ""},
		"Message":   {"what it says", &jobs.Attempt{State: jobs.Failed, Result: task.Result{Reason: "r", Message: "m"}}, "m"},
		"Reason":    {"it says no more", &jobs.Attempt{State: jobs.Declined, Result: task.Result{Reason: "r"}}, "r"},
	} {
		if got := lastFailure(c.a); got != c.want {
			t.Errorf("%s: %s: got %q, want %q", name, c.reason, got, c.want)
		}
	}
}
