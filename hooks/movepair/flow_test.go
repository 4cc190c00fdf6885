package movepair_test

import (
	"strings"
	"testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
	"github.com/kubemove/kubemove/task"
)

// A plan that has grown old is made anew, until a switch has used it.
func TestFlowPlanInterval(t *testing.T) {
	f := simulation.NewFlow(t)
	f.World.Create(simulation.Engine(func(e *api.MoveEngine) { e.Spec.PlanInterval = "" }))
	f.Run(21) // Six looks at the endpoints an hour.
	plans := f.Player.Started[task.VerbPlan]
	if plans < 3 {
		t.Errorf("plan was started %d times, want one every hour", plans)
	}
	f.Want(simulation.EngineID, api.ConditionReady, "True", api.ReasonActive)
	f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-1"})
	f.Run(1)
	f.Done()
	plans = f.Player.Started[task.VerbPlan]
	f.Fixed()
	if got := f.Player.Started[task.VerbPlan]; got != plans {
		t.Errorf("after the switch plan was started %d times more", got-plans)
	}
}

// A cutover that was declined, or was rolled back and is to be tried again, has done nothing that
// is not rolled back: the pair plans what was changed since.
func TestFlowEditAfterCutover(t *testing.T) {
	edit := map[string]any{"planInterval": "2h"}
	for name, c := range map[string]struct {
		reason string
		first  func(f *simulation.Flow)
	}{
		"Declined": {"the plan had changed", func(f *simulation.Flow) {
			f.Cluster.PlanHash = "plan-2"
			f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-1"})
			f.Run(2)
			f.Want(simulation.SwitchID, api.ConditionApproved, "False", api.ReasonPlanChanged)
		}},
		"RolledBack": {"the target was not healthy, and the next try waits for an approval", func(f *simulation.Flow) {
			f.Player.Fail = func(x task.Task, _ int) *task.Result {
				if x.Verb == task.VerbCutover && f.Cluster.PlanHash == "plan-1" {
					return &task.Result{Outcome: task.OutcomeFailed, Message: "not healthy"}
				}
				return nil
			}
			f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-1"})
			f.Run(2)
			f.Want(simulation.SwitchID, api.ConditionRolledBack, "True", api.ReasonRolledBack)
			f.Cluster.PlanHash = "plan-2"
			f.Patch(simulation.SwitchID, map[string]any{"retry": "1", "approvedPlan": ""})
			f.Run(2)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f := simulation.NewFlow(t)
			f.World.Create(simulation.Engine(nil))
			f.Run(0)
			c.first(f)
			f.Cluster.PlanHash = "plan-3"
			f.Patch(simulation.EngineID, edit)
			f.Patch(simulation.PairID, map[string]any{"planRequest": "after the edit"})
			f.Run(2)
			if h := f.SwitchStatus().PlanHash; h != "plan-3" {
				t.Fatalf("%s: the plan to approve is %s, want plan-3; pair Ready: %v", c.reason, h, f.Condition(simulation.PairID, api.ConditionReady))
			}
			f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-3", "retry": "2"})
			f.Run(2)
			f.Done()
		})
	}
}

// Blockers keep the channel from Active, are shown on the engine and planned again by
// themselves.
func TestFlowBlocked(t *testing.T) {
	f := simulation.NewFlow(t)
	f.Cluster.Blockers = []api.Blocker{{Reason: api.ReasonTargetIsActive, Message: "claim data is in use"}}
	f.World.Create(simulation.Engine(simulation.Automatic))
	f.Run(3)
	f.Want(simulation.EngineID, api.ConditionAccepted, "False", api.ReasonTargetIsActive)
	f.Want(simulation.PairID, api.ConditionPlanned, "False", api.ReasonBlocked)
	f.Want(simulation.PairID, api.ConditionStalled, "True", api.ReasonBlocked)
	f.Want(simulation.EngineID, api.ConditionStalled, "True", api.ReasonBlocked)
	if n := f.Player.Started[task.VerbCutover] + f.Player.Started[task.VerbOpen]; n > 0 {
		t.Errorf("%d Jobs were started over a blocker", n)
	}
	f.Cluster.Blockers = nil
	f.Run(3)
	f.Done()
}

// Jobs whose creation is refused are reported after a minute, and the end of that is enough.
func TestJobsRefused(t *testing.T) {
	f := simulation.NewFlow(t)
	f.World.Refuse = func(id simulation.ID) bool { return id.Kind == hooks.KindJob }
	f.World.Create(simulation.Engine(simulation.Automatic))
	f.Run(8)
	f.Want(simulation.PairID, api.ConditionStalled, "True", api.ReasonChildMissing)
	f.Want(simulation.EngineID, api.ConditionStalled, "True", api.ReasonChildMissing)
	if m := f.Condition(simulation.PairID, api.ConditionStalled).Message; !strings.Contains(m, ": kubectl -n shop ") {
		t.Errorf("%q ends with no command", m)
	}
	f.World.Refuse = nil
	f.Run(8)
	f.Done()
}
