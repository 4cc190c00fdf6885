package moveengine

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
)

func TestActive(t *testing.T) {
	at := metav1.NewTime(now.Add(-time.Hour))
	before := &api.EngineActive{Side: api.ActiveTarget, Target: "b"}
	for name, c := range map[string]struct {
		reason string
		change func(s *state)
		want   api.EngineActive
	}{
		"Begin":      {"it runs at the source", func(s *state) { s.sw = nil }, api.EngineActive{Side: api.ActiveSource}},
		"SwitchGone": {"what was known stays", func(s *state) { s.sw, s.engine.Status.Active = nil, before }, *before},
		"SwitchQuiet": {"the switch says nothing yet", func(s *state) { s.engine.Status.Active = before },
			api.EngineActive{Side: api.ActiveSource}},
		"Stopped": {"it runs nowhere", func(s *state) { s.sw.Status.Active = api.ActiveNone }, api.EngineActive{Side: api.ActiveNone}},
		"Target": {"which one, and since when", func(s *state) {
			s.sw.Status.Active, s.sw.Status.CommittedAt, s.sw.Spec.PairRef.Name = api.ActiveTarget, &at, "shop-b"
		}, api.EngineActive{Side: api.ActiveTarget, Target: "b", Since: &at}},
		"PairGone": {"the engine has known which one", func(s *state) {
			s.sw.Status.Active, s.pairs, s.engine.Status.Active = api.ActiveTarget, nil, before
		}, api.EngineActive{Side: api.ActiveTarget, Target: "b"}},
		"TargetUnknown": {"the engine has not known which one", func(s *state) {
			s.sw.Status.Active, s.pairs, s.engine.Status.Active = api.ActiveTarget, nil, &api.EngineActive{Side: api.ActiveNone}
		}, api.EngineActive{Side: api.ActiveTarget, Target: "a"}},
		"NeverKnown": {"it is the one to switch to", func(s *state) { s.sw.Status.Active, s.pairs = api.ActiveTarget, nil },
			api.EngineActive{Side: api.ActiveTarget, Target: "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, *given(c.change).active()); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
}

func TestTargets(t *testing.T) {
	s := given(func(s *state) {
		s.pairs[1].Status.Channel, s.pairs[1].Status.Plan = api.ChannelActive, &api.PlanStatus{Hash: "plan-1"}
		s.pairs[1].Status.PredictedDowntimeSeconds = 14
		s.engine.Spec.Targets = append(s.engine.Spec.Targets, api.Target{Name: "new"})
	})
	want := []api.EngineTargetStatus{
		{Name: "a", Pair: "shop-a", Channel: api.ChannelInit},
		{Name: "b", Pair: "shop-b", Channel: api.ChannelActive, PlanHash: "plan-1", PredictedDowntimeSeconds: 14},
		{Name: "new", Pair: "shop-new", Channel: api.ChannelInit},
	}
	if d := cmp.Diff(want, s.targets()); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

// The status has the plan of the pair to switch to, and why a person is needed.
func TestStatus(t *testing.T) {
	blockers := []api.Blocker{{Reason: api.ReasonNameConflict}}
	s := given(func(s *state) {
		s.pairs[1].Status.Plan = &api.PlanStatus{SecretName: "of-b"}
		s.pair.Status.Plan = &api.PlanStatus{SecretName: "of-a", Blockers: blockers}
		s.pair.Status.PredictedDowntimeSeconds, s.pairs[1].Status.PredictedDowntimeSeconds = 12, 14
	})
	c := s.conditions()
	c.True(api.ConditionStalled, api.ReasonBlocked, "")
	got := s.status(c)
	if got.ObservedGeneration != 3 || got.Stalled != api.ReasonBlocked || len(got.Conditions) != len(c.List()) {
		t.Errorf("got %+v", got)
	}
	if got.Active == nil || len(got.Targets) != 2 || got.Step != "Planning" {
		t.Errorf("active %v, targets %v, step %q", got.Active, got.Targets, got.Step)
	}
	if got.PlanRef == nil || got.PlanRef.Name != "of-a" || !cmp.Equal(got.Blockers, blockers) {
		t.Errorf("planRef %v, blockers %v", got.PlanRef, got.Blockers)
	}
	if got.PredictedDowntimeSeconds != 12 {
		t.Errorf("predicted are %d s, want those of the target to switch to", got.PredictedDowntimeSeconds)
	}
	s.pair.Status.Plan.SecretName = ""
	if got := s.status(c); got.PlanRef != nil {
		t.Errorf("a plan without a Secret is no reference: %v", got.PlanRef)
	}
}

func TestStep(t *testing.T) {
	switchSays := func(status, reason string) func(s *state) {
		return func(s *state) { says(&s.sw.Status.Conditions, api.ConditionSwitched, status, reason) }
	}
	pairSays := func(status, reason string) func(s *state) {
		return func(s *state) { says(&s.pair.Status.Conditions, api.ConditionReady, status, reason) }
	}
	both := func(list ...func(s *state)) func(s *state) {
		return func(s *state) {
			for _, f := range list {
				f(s)
			}
		}
	}
	ready := pairSays("True", api.ReasonActive)
	steps := func(s *state) {
		s.sw.Status.Steps = []api.SwitchStep{{Name: "Quiesce", State: "Done"}, {Name: "FinalSync", State: "Running"},
			{Name: "Start", State: "Done"}}
	}
	mistake := func(s *state) { s.problem = &config.Problem{Reason: api.ReasonInvalidSpec} }
	deleting := func(s *state) { s.view = hooks.View{Finalizing: true} }
	switched := switchSays("True", api.ReasonSucceeded)
	for name, c := range map[string]struct {
		reason string
		change func(s *state)
		want   string
	}{
		"Deleting":     {"before all else", both(switched, mistake, deleting), "Deleting"},
		"Switched":     {"before a mistake made later", both(switched, mistake), "Switched to a"},
		"Refused":      {"before what the children say", both(mistake, ready), "Refused: InvalidSpec"},
		"Cutover":      {"with the step that is not done", both(ready, switchSays("False", api.ReasonRunning), steps), "Cutover: FinalSync"},
		"CutoverQuiet": {"no step is told yet", switchSays("False", api.ReasonRunning), "Cutover"},
		"RollingBack":  {"", switchSays("False", api.ReasonRollingBack), "Rolling back"},
		"Held":         {"", switchSays("False", api.ReasonHeld), "Held"},
		"RolledBack":   {"its steps are over", both(switchSays("False", api.ReasonRolledBack), steps), "Rolled back"},
		"Cancelled":    {"", switchSays("False", api.ReasonCancelled), "Cancelled"},
		"Starting":     {"the pair is not there", func(s *state) { s.pair = nil }, "Starting"},
		"PairQuiet":    {"the pair says nothing yet", nil, "Planning"},
		"Blocked": {"how many there are", both(pairSays("False", api.ReasonBlocked), func(s *state) {
			s.pair.Status.Plan = &api.PlanStatus{Blockers: make([]api.Blocker, 2)}
		}), "Blocked: 2 blockers"},
		"BlockedOnce": {"one is said as one", both(pairSays("False", api.ReasonBlocked), func(s *state) {
			s.pair.Status.Plan = &api.PlanStatus{Blockers: make([]api.Blocker, 1)}
		}), "Blocked: 1 blocker"},
		"BlockedQuiet":  {"how many is not known", pairSays("False", api.ReasonBlocked), "Planning: Blocked"},
		"Opening":       {"", pairSays("False", api.ReasonOpening), "Opening the channel"},
		"PairSuspended": {"", pairSays("False", api.ReasonSuspended), "Suspended"},
		"Planning":      {"", pairSays("False", api.ReasonPlanning), "Planning"},
		"PlanFails":     {"with the reason of the pair", pairSays("False", api.ReasonFailed), "Planning: Failed"},
		"NoSwitch":      {"only the switch is missing", both(ready, func(s *state) { s.sw = nil }), "Ready"},
		"SwitchQuiet":   {"the switch says nothing yet", ready, "Ready"},
		"Waiting": {"for whom; the steps are of a cutover that was declined",
			both(ready, steps, switchSays("False", api.ReasonWaiting), func(s *state) { s.sw.Status.PlanHash = "plan-1" }),
			"Waiting for the approval of plan plan-1"},
		"PlanChanged": {"the new one",
			both(ready, switchSays("False", api.ReasonPlanChanged), func(s *state) { s.sw.Status.PlanHash = "plan-2" }),
			"Waiting for the approval of plan plan-2"},
		"SwitchSuspended": {"", both(ready, switchSays("False", api.ReasonSuspended)), "Suspended"},
		"Declined":        {"", both(ready, switchSays("False", api.ReasonDeclined)), "Cutover declined"},
		"NotReadyYet": {"the pair comes before what the switch waits for",
			both(pairSays("False", api.ReasonOpening), switchSays("False", api.ReasonWaiting)), "Opening the channel"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := given(c.change).step(); got != c.want {
				t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
			}
		})
	}
}

// TestActiveFollowsTheLineage: the engine says where its application is, also after ways back and forward again.
func TestActiveFollowsTheLineage(t *testing.T) {
	at := func(minutes int) *metav1.Time {
		return new(metav1.NewTime(now.Add(time.Duration(minutes) * time.Minute)))
	}
	way := func(name, sw string, active api.ActiveSide, since *metav1.Time) *api.MoveReverse {
		r := &api.MoveReverse{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "home"}}
		r.Spec.SwitchRef.Name, r.Status.Active, r.Status.Since = sw, active, since
		return r
	}
	back, again := way("back", "shop-a", api.ActiveTarget, at(2)), way("again", "back", api.ActiveTarget, at(3))
	moved := func(s *state) {
		s.sw.Status.Active, s.sw.Status.CommittedAt = api.ActiveTarget, at(1)
	}
	target := api.EngineActive{Side: api.ActiveTarget, Target: "a", Since: at(1)}
	for name, c := range map[string]struct {
		reason   string
		reverses []*api.MoveReverse
		was      *api.EngineActive
		want     api.EngineActive
	}{
		"Moved":   {"there is no way back", nil, nil, target},
		"Planned": {"the way back has not stopped anything", []*api.MoveReverse{way("back", "shop-a", api.ActiveSource, nil)}, nil, target},
		"Cutover": {"it has", []*api.MoveReverse{way("back", "shop-a", api.ActiveNone, nil)}, nil, api.EngineActive{Side: api.ActiveNone}},
		"Back":    {"it has led back", []*api.MoveReverse{back}, nil, api.EngineActive{Side: api.ActiveSource, Since: at(2)}},
		"Again": {"and there again, in any order", []*api.MoveReverse{again, back}, nil,
			api.EngineActive{Side: api.ActiveTarget, Target: "a", Since: at(3)}},
		"Other": {"that of another engine", []*api.MoveReverse{way("x", "other", api.ActiveTarget, at(2))}, nil, target},
		"Deleted": {"the way back was deleted since", nil, &api.EngineActive{Side: api.ActiveSource, Since: at(2)},
			api.EngineActive{Side: api.ActiveSource, Since: at(2)}},
		"Circle": {"names that lead to each other end somewhere",
			[]*api.MoveReverse{way("shop-a", "back", api.ActiveTarget, at(4)), back}, nil,
			api.EngineActive{Side: api.ActiveTarget, Target: "a", Since: at(4)}},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(moved)
			s.reverses, s.engine.Status.Active = c.reverses, c.was
			if diff := cmp.Diff(c.want, *s.active()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.reason, diff)
			}
		})
	}
}
