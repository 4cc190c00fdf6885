package moveengine

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/config"
)

func TestAccepted(t *testing.T) {
	blocked := func(reasons ...string) func(s *state) {
		return func(s *state) {
			s.pair.Status.Plan = &api.PlanStatus{}
			for _, r := range reasons {
				s.pair.Status.Plan.Blockers = append(s.pair.Status.Plan.Blockers, api.Blocker{Reason: r, Message: "it is so"})
			}
		}
	}
	for name, c := range map[string]struct {
		reason string
		change func(s *state)
		want   string
	}{
		"Fine":    {"nothing is wrong", nil, "True Accepted: the spec can be worked on"},
		"Mistake": {"the hook has seen it", func(s *state) { s.problem = &config.Problem{Reason: "R", Message: "m"} }, "False R: m"},
		"Refused": {"the plan has found that nothing is selected", blocked(api.ReasonNameConflict, api.ReasonNothingSelected),
			"False NothingSelected: it is so"},
		"Blocked": {"what is in the way at the target is no mistake of the spec", blocked(api.ReasonNameConflict),
			"True Accepted: the spec can be worked on"},
		"Switched": {"after the switch the target is active, and should be", func(s *state) {
			blocked(api.ReasonTargetIsActive)(s)
			says(&s.sw.Status.Conditions, api.ConditionSwitched, "True", "x")
		}, "True Accepted: the spec can be worked on"},
		"NoPair": {"there is no plan", func(s *state) { s.pair = nil }, "True Accepted: the spec can be worked on"},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, said(given(c.change).conditions(), api.ConditionAccepted)); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
}

// The engine shows what the pair says, each with its own word while the pair says nothing.
func TestCopyPair(t *testing.T) {
	const kind = api.ConditionReady
	wasTrue := func(s *state) { says(&s.engine.Status.Conditions, kind, "True", "Before") }
	done := func(s *state) { says(&s.engine.Status.Conditions, api.ConditionSwitched, "True", "x") }
	for name, c := range map[string]struct {
		reason string
		change func(s *state)
		want   string
	}{
		"Says":  {"it is copied", func(s *state) { says(&s.pair.Status.Conditions, kind, "False", "Opening") }, "False Opening: Opening!"},
		"Quiet": {"there is nothing to show", nil, "Unknown Pending: the pair says nothing yet"},
		"Gone": {"what was said before is not true for ever", func(s *state) {
			s.pair = nil
			wasTrue(s)
		}, "Unknown Pending: the pair says nothing yet"},
		"GoneAfter": {"after the switch it is", func(s *state) {
			s.pair = nil
			wasTrue(s)
			done(s)
		}, "True Before: Before!"},
		"NeverTrue": {"nothing is made up after the switch", func(s *state) {
			s.pair = nil
			done(s)
		}, "Unknown Pending: the pair says nothing yet"},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, said(given(c.change).conditions(), kind)); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
	if got := said(given(nil).conditions(), api.ConditionPlanned); !strings.HasPrefix(got, "Unknown Planning:") {
		t.Errorf("Planned before the pair says anything: %s", got)
	}
}

func TestSwitchedCondition(t *testing.T) {
	for name, c := range map[string]struct {
		reason string
		change func(s *state)
		want   string
	}{
		"NotBegun": {"the switch is not there", func(s *state) { s.sw = nil }, "False Pending: the switch has not begun"},
		"Quiet":    {"it says nothing yet", nil, "False Pending: the switch has not begun"},
		"Running": {"what it says", func(s *state) { says(&s.sw.Status.Conditions, api.ConditionSwitched, "False", "Running") },
			"False Running: Running!"},
		"Unsure": {"it is switched or not", func(s *state) { says(&s.sw.Status.Conditions, api.ConditionSwitched, "Unknown", "X") },
			"False X: X!"},
		"Done": {"where it runs", func(s *state) {
			says(&s.sw.Status.Conditions, api.ConditionSwitched, "True", "x")
			s.sw.Status.Active, s.sw.Spec.PairRef.Name = api.ActiveTarget, "shop-b"
		}, "True Succeeded: the application runs at target b"},
		"Deleted": {"it stays so, and where it runs is what is known", func(s *state) {
			says(&s.engine.Status.Conditions, api.ConditionSwitched, "True", "x")
			s.sw = nil
		}, "True Succeeded: the application runs at target a"},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, said(given(c.change).conditions(), api.ConditionSwitched)); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
}

func TestStall(t *testing.T) {
	stalled := func(reason string, of func(s *state) *api.MovePair) func(s *state) {
		return func(s *state) { says(&of(s).Status.Conditions, api.ConditionStalled, "True", reason) }
	}
	pair := func(s *state) *api.MovePair { return s.pair }
	switchStalled := func(s *state) { says(&s.sw.Status.Conditions, api.ConditionStalled, "True", "OfSwitch") }
	for name, c := range map[string]struct {
		reason string
		change func(s *state)
		want   string
	}{
		"None": {"nothing is stalled", nil, "False Progressing: nothing waits for a person"},
		"Mistake": {"with the command to fix it", func(s *state) {
			s.problem = &config.Problem{Reason: "R", Message: "m"}
			switchStalled(s)
		}, "True R: m: kubectl -n home edit moveengine shop"},
		"Pair": {"what the pair says", stalled("OfPair", pair), "True OfPair: OfPair!"},
		"Other": {"the pair of the other target is not waited for", stalled("OfPair", func(s *state) *api.MovePair { return s.pairs[1] }),
			"False Progressing: nothing waits for a person"},
		"Both": {"the switch is later in the move", func(s *state) {
			stalled("OfPair", pair)(s)
			switchStalled(s)
		}, "True OfSwitch: OfSwitch!"},
		"Switched": {"nothing is planned any more", func(s *state) {
			stalled("OfPair", pair)(s)
			says(&s.sw.Status.Conditions, api.ConditionSwitched, "True", "x")
		}, "False Progressing: nothing waits for a person"},
		"NotTrue": {"it is being waited for", func(s *state) { says(&s.pair.Status.Conditions, api.ConditionStalled, "Unknown", "X") },
			"False Progressing: nothing waits for a person"},
	} {
		t.Run(name, func(t *testing.T) {
			got := given(c.change).stall()
			if d := cmp.Diff(c.want, string(got.Status)+" "+got.Reason+": "+got.Message); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
}
