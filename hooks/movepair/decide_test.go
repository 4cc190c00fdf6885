package movepair

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

func TestNext(t *testing.T) {
	day := func(s *state) { s.pair.Spec.PlanInterval = "24h" }
	renewable := func(s *state) { s.pair.Spec.PlanInterval = "1m" }
	changedSince := func(found string, at time.Duration) func(s *state) {
		return func(s *state) {
			m := &api.MoveSwitch{}
			m.Status.PlanHash = found
			m.Status.Conditions = []metav1.Condition{{Type: api.ConditionApproved, Status: "False", Reason: api.ReasonPlanChanged,
				LastTransitionTime: metav1.NewTime(now.Add(at))}}
			s.switches.All = []*api.MoveSwitch{m}
		}
	}
	running := func(step task.Verb) func(s *state) { return attempt(step, jobs.Running) }
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   task.Verb
	}{
		"First":      {"the plan comes first", nil, task.VerbPlan},
		"Planning":   {"one at a time", []func(*state){running(task.VerbPlan)}, ""},
		"PlanFailed": {"it waits before the next try", []func(*state){failed(task.VerbPlan, "x", time.Second)}, ""},
		"PlanAgain":  {"it has waited", []func(*state){failed(task.VerbPlan, "x", time.Hour)}, task.VerbPlan},
		"Planned":    {"then the channel", []func(*state){planned}, task.VerbOpen},
		"Opening":    {"one at a time", []func(*state){planned, running(task.VerbOpen)}, ""},
		"OpenFailed": {"it waits before the next try", []func(*state){planned, failed(task.VerbOpen, "x", time.Second)}, ""},
		"Blocked": {"nothing is opened over a blocker",
			[]func(*state){attempt(task.VerbPlan, jobs.Succeeded, with(blockedPlan), justNow)}, ""},
		"Replanning":  {"nothing is opened while a plan may find a blocker", []func(*state){planned, running(task.VerbPlan)}, ""},
		"BlockedLong": {"the plan is made again by itself", []func(*state){blockedBy}, task.VerbPlan},
		"Open":        {"all is done", []func(*state){day, planned, opened}, ""},
		"Old":         {"a plan that has grown old is made anew", []func(*state){renewable, planned, opened}, task.VerbPlan},
		"OldBefore":   {"also before the channel is open", []func(*state){renewable, planned}, task.VerbPlan},
		"OldOpening":  {"not while the channel opens", []func(*state){renewable, planned, running(task.VerbOpen)}, ""},
		"Mistake":     {"nothing is begun with a mistake in the spec", []func(*state){mistaken}, ""},
		"Suspended":   {"nothing is begun", []func(*state){suspended}, ""},
		"Busy":        {"a switch uses the channel", []func(*state){busy}, ""},
		"Committed":   {"only the source is looked at", []func(*state){committed}, task.VerbWatch},
		"GoneJobs": {"what was done stays done without its Jobs, and when the endpoints have answered is not known",
			[]func(*state){was(api.ConditionPlanned), was(api.ConditionReady)}, task.VerbWatch},
		"GoneForOld": {"but not for another generation of the spec",
			[]func(*state){was(api.ConditionPlanned), func(s *state) { s.pair.Generation++ }},
			task.VerbPlan},
		"FailedSince": {"what was done has failed since", []func(*state){was(api.ConditionPlanned), failed(task.VerbPlan, "x", time.Second)}, ""},
		"Requested": {"a request makes the plan anew", []func(*state){day, planned, opened, func(s *state) { s.pair.Spec.PlanRequest = "again" }},
			task.VerbPlan},
		"Outdated":      {"a cutover has found another plan", []func(*state){day, planned, opened, changedSince("plan-2", 0)}, task.VerbPlan},
		"FoundThis":     {"the plan that it has found is there", []func(*state){day, planned, opened, changedSince("plan-1", 0)}, ""},
		"FoundBefore":   {"the plan was made after that", []func(*state){day, planned, opened, changedSince("plan-2", -time.Hour)}, ""},
		"FoundPlanning": {"it is being made", []func(*state){day, planned, opened, changedSince("plan-2", 0), running(task.VerbPlan)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got task.Verb
			if st := given(c.given...).next(); st != nil {
				got = st.want.Step
			}
			if got != c.want {
				t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
			}
		})
	}
}

// justNow the attempt has ended.
func justNow(a *jobs.Attempt) { a.Finished = now.Add(-time.Second) }

// A request opens the channel once more, too: that makes what was deleted.
func TestIntents(t *testing.T) {
	before := given()
	for name, c := range map[string]struct {
		reason     string
		change     func(s *state)
		plan, open bool
	}{
		"Nothing": {"an upgrade or a view does not do anything again", func(s *state) { s.config.TaskImage = "task:2" }, false, false},
		"Request": {"both", func(s *state) { s.pair.Spec.PlanRequest = "again" }, true, true},
		"Application": {"the channel has nothing to do with it", func(s *state) { s.pair.Spec.Application.Contents = api.ContentsData }, true,
			false},
		"Target": {"another place", func(s *state) { s.pair.Spec.Target.Namespace = "else" }, true, true},
		"Classes": {"the channel has nothing to do with them", func(s *state) {
			s.pair.Spec.Target.StorageClasses = []api.StorageClassMapping{{From: "a", To: "b"}}
		}, true, false},
		"Source":     {"another place", func(s *state) { s.pair.Spec.Source = &api.Endpoint{Namespace: "else"} }, true, true},
		"Mobilizers": {"the channel is theirs", func(s *state) { s.pair.Spec.Data.Mobilizers = []api.Mobilizer{{Name: "x"}} }, true, true},
		"Claims": {"the channel has nothing to do with them", func(s *state) { s.pair.Spec.Data.Claims = []api.ClaimData{{Name: "x"}} },
			true, false},
		"Limits": {"how fast it is copied is no part of what", func(s *state) { s.pair.Spec.Data.Limits.BytesPerSecond = 1 << 20 },
			false, false},
		"Schedule": {"nor is when", func(s *state) { s.pair.Spec.Sync = &api.SyncPolicy{Interval: "1m"} }, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(c.change)
			plan, open := s.plan.want.Intent != before.plan.want.Intent, s.open.want.Intent != before.open.want.Intent
			if plan != c.plan || open != c.open {
				t.Errorf("%s: plan anew: %t, open anew: %t", c.reason, plan, open)
			}
		})
	}
	if before.plan.want.Intent == before.open.want.Intent {
		t.Error("plan and open have one intent")
	}
}

// The plan that is shown is the newest one that was made, be it of an older spec.
func TestNewestPlan(t *testing.T) {
	old := &api.PlanStatus{Hash: "old"}
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   *api.PlanStatus
	}{
		"None":    {"there is none", nil, nil},
		"Status":  {"its Job is gone", []func(*state){func(s *state) { s.pair.Status.Plan = old }}, old},
		"Job":     {"the Job is newer", []func(*state){func(s *state) { s.pair.Status.Plan = old }, planned}, aPlan},
		"Blocked": {"one with blockers is one", []func(*state){blockedBy}, blockedPlan},
		"Failed":  {"a failure has no plan to be trusted", []func(*state){planned, attempt(task.VerbPlan, jobs.Failed, with(old))}, aPlan},
		"Running": {"nor has one that is not at its end", []func(*state){planned, attempt(task.VerbPlan, jobs.Running, with(old))}, aPlan},
		"NoPlan":  {"nor one that says nothing of a plan", []func(*state){planned, attempt(task.VerbPlan, jobs.Succeeded)}, aPlan},
	} {
		t.Run(name, func(t *testing.T) {
			if got := given(c.given...).newest; got != c.want {
				t.Errorf("%s: got %+v", c.reason, got)
			}
		})
	}
}

func TestComplete(t *testing.T) {
	channel := func(s *state) { s.pair.Status.Channel = api.ChannelComplete }
	other := func(s *state) { s.switches.All = []*api.MoveSwitch{{}} }
	for name, c := range map[string]struct {
		reason           string
		given            []func(s *state)
		complete, frozen bool
	}{
		"Not":       {"no switch has begun", nil, false, false},
		"Busy":      {"a switch is at it", []func(*state){busy}, false, true},
		"Committed": {"a switch has used it", []func(*state){committed}, true, true},
		"Gone":      {"it stays so without the switch", []func(*state){channel}, true, true},
		"New":       {"another switch begins anew", []func(*state){channel, other}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(c.given...)
			if s.complete() != c.complete || s.frozen() != c.frozen {
				t.Errorf("%s: complete %t, frozen %t", c.reason, s.complete(), s.frozen())
			}
		})
	}
}

func TestRenewal(t *testing.T) {
	other := func(s *state) { s.pair.UID = "another" }
	for name, c := range map[string]struct {
		reason   string
		interval string
		given    []func(s *state)
		want     time.Duration
	}{
		"Usual":     {"once an hour, at a time of its own", "", []func(*state){planned, opened}, 26*time.Minute + 3*time.Second},
		"Another":   {"another pair at another time", "", []func(*state){other, planned, opened}, 53*time.Minute + 21*time.Second},
		"Set":       {"as the user says", "10m", []func(*state){planned, opened}, 6*time.Minute + 3*time.Second},
		"Never":     {"0 is never", "0s", []func(*state){planned, opened}, 0},
		"NoPlan":    {"there is nothing to make anew", "", nil, 0},
		"Mistake":   {"nothing is begun", "", []func(*state){planned, opened, mistaken}, 0},
		"Suspended": {"nothing is begun", "", []func(*state){planned, opened, suspended}, 0},
		"Busy":      {"nothing is begun", "", []func(*state){planned, opened, busy}, 0},
		"Opening":   {"the end of that comes first", "", []func(*state){planned, attempt(task.VerbOpen, jobs.Running)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(append([]func(*state){func(s *state) { s.pair.Spec.PlanInterval = c.interval }}, c.given...)...)
			if got := s.renewal(); got != c.want {
				t.Errorf("%s: got %s, want %s", c.reason, got, c.want)
			}
		})
	}
}

func TestReady(t *testing.T) {
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   bool
	}{
		"Ready":  {"planned and open", []func(*state){planned, opened}, true},
		"NoPlan": {"there is no plan", []func(*state){opened}, false},
		"Closed": {"the channel is not open", []func(*state){planned}, false},
		"Runs": {"what was done is being done anew, and nothing is known of the time before",
			[]func(*state){was(api.ConditionPlanned), was(api.ConditionReady), attempt(task.VerbPlan, jobs.Running)}, false},
		"Mistake": {"the spec has changed for the worse", []func(*state){planned, opened, mistaken}, false},
		"Blocked": {"the plan was made anew, and has a blocker", []func(*state){was(api.ConditionPlanned), was(api.ConditionReady),
			func(s *state) { s.pair.Status.Plan = blockedPlan }}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := given(c.given...).ready(); got != c.want {
				t.Errorf("%s: got %t", c.reason, got)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   string
	}{
		"Not": {"nothing has failed", []func(*state){planned, opened}, ""},
		"Plan": {"the plan has failed for that", []func(*state){failed(task.VerbPlan, api.ReasonEndpointUnreachable, time.Second)},
			"because"},
		"Kubeconfig": {"so it is with a kubeconfig that cannot be used",
			[]func(*state){failed(task.VerbPlan, api.ReasonInvalidKubeconfig, time.Second)}, "because"},
		"Open": {"the channel has failed for that",
			[]func(*state){planned, failed(task.VerbOpen, api.ReasonEndpointUnreachable, time.Second)}, "because"},
		"Other":   {"it has failed for something else", []func(*state){failed(task.VerbPlan, api.ReasonFailed, time.Second)}, ""},
		"Blocker": {"a plan that was made says so", []func(*state){blockedBy}, "no answer"},
		"Watch":   {"a look has failed for that", []func(*state){planned, opened, lost(time.Second)}, "no answer"},
		"Planned": {"a plan has reached it since", []func(*state){lost(time.Minute), attempt(task.VerbPlan, jobs.Succeeded, with(aPlan), justNow),
			opened}, ""},
		"Seen": {"a look has reached it since",
			[]func(*state){planned, opened, lost(time.Minute), attempt(task.VerbWatch, jobs.Succeeded)}, ""},
		"Killed": {"a Job that has failed for something else says nothing of it",
			[]func(*state){planned, opened, failed(task.VerbWatch, "x", 0)}, ""},
		"Looking": {"the next look has not ended", []func(*state){planned, opened, lost(time.Minute), attempt(task.VerbWatch, jobs.Running)},
			"no answer"},
		"Fixed": {"it was reached since", []func(*state){failed(task.VerbPlan, api.ReasonEndpointUnreachable, time.Minute), planned}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if r := given(c.given...).unreachable(); r != nil {
				got = r.Message
			}
			if got != c.want {
				t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
			}
		})
	}
}
