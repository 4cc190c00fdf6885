package moveswitch_test

import (
	"strings"
	"testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
	"github.com/kubemove/kubemove/task"
)

// A failed cutover is rolled back once; a retry token tries again.
func TestFlowRollBackAndRetry(t *testing.T) {
	f := simulation.NewFlow(t)
	failing := true
	f.Player.Fail = func(x task.Task, _ int) *task.Result {
		if failing && x.Verb == task.VerbCutover {
			return &task.Result{Outcome: task.OutcomeFailed, Reason: api.ReasonHealthTimeout, Message: "the target is not healthy"}
		}
		return nil
	}
	f.World.Create(simulation.Engine(simulation.Automatic))
	f.Run(3)
	f.Want(simulation.SwitchID, api.ConditionRolledBack, "True", api.ReasonRolledBack)
	f.Want(simulation.SwitchID, api.ConditionSwitched, "False", api.ReasonRolledBack)
	f.Want(simulation.SwitchID, api.ConditionStalled, "True", api.ReasonRolledBack)
	f.Want(simulation.EngineID, api.ConditionStalled, "True", api.ReasonRolledBack)
	f.WantStarted(map[task.Verb]int{task.VerbPlan: 1, task.VerbOpen: 1, task.VerbCutover: 1, task.VerbRollback: 1})
	f.Fixed()
	if a := f.SwitchStatus().Active; a != api.ActiveSource {
		t.Errorf("active = %s, want Source", a)
	}
	failing = false
	f.Patch(simulation.SwitchID, map[string]any{"retry": "1"})
	f.Run(3)
	f.Done()
	f.WantStarted(map[task.Verb]int{task.VerbPlan: 1, task.VerbOpen: 1, task.VerbCutover: 2, task.VerbRollback: 1})
}

// With Hold nothing is rolled back until it is asked for.
func TestFlowHold(t *testing.T) {
	for name, c := range map[string]struct {
		reason string
		patch  map[string]any
		check  func(f *simulation.Flow)
	}{
		"RolledBack": {
			reason: "desired RolledBack undoes a held switch",
			patch:  map[string]any{"desired": "RolledBack"},
			check: func(f *simulation.Flow) {
				f.Want(simulation.SwitchID, api.ConditionRolledBack, "True", api.ReasonRolledBack)
				f.Want(simulation.SwitchID, api.ConditionStalled, "False", api.ReasonNotStalled)
				f.WantStarted(map[task.Verb]int{task.VerbPlan: 1, task.VerbOpen: 1, task.VerbCutover: 1, task.VerbRollback: 1})
			},
		},
		"Retry": {
			reason: "a retry token goes on from where it was held",
			patch:  map[string]any{"retry": "again"},
			check: func(f *simulation.Flow) {
				f.Done()
				f.WantStarted(map[task.Verb]int{task.VerbPlan: 1, task.VerbOpen: 1, task.VerbCutover: 2})
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := simulation.NewFlow(t)
			first := true
			f.Player.Fail = func(x task.Task, _ int) *task.Result {
				if first && x.Verb == task.VerbCutover {
					first = false
					return &task.Result{Outcome: task.OutcomeFailed, Message: "no"}
				}
				return nil
			}
			f.World.Create(simulation.Engine(func(e *api.MoveEngine) {
				simulation.Automatic(e)
				e.Spec.Switch.OnFailure = api.FailureHold
			}))
			f.Run(3)
			f.Want(simulation.SwitchID, api.ConditionSwitched, "False", api.ReasonHeld)
			f.Fixed()
			f.Patch(simulation.SwitchID, c.patch)
			f.Run(3)
			c.check(f)
			if t.Failed() {
				t.Log(c.reason)
			}
		})
	}
}

// A plan that has changed since it was approved is declined, shown and can be approved.
func TestFlowPlanChanged(t *testing.T) {
	f := simulation.NewFlow(t)
	f.World.Create(simulation.Engine(nil))
	f.Run(0)
	f.Cluster.PlanHash = "plan-2"
	f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-1"})
	f.Run(2)
	f.Want(simulation.SwitchID, api.ConditionApproved, "False", api.ReasonPlanChanged)
	command := `kubectl -n shop patch moveswitch shop-cloud --type=merge -p '{"spec":{"approvedPlan":"plan-2"}}'`
	if m := f.Condition(simulation.SwitchID, api.ConditionApproved).Message; !strings.Contains(m,
		simulation.Changed) || !strings.HasSuffix(m, command) {
		t.Errorf("the message %q does not say what has changed, and end with %s", m, command)
	}
	if h := f.SwitchStatus().PlanHash; h != "plan-2" {
		t.Errorf("planHash = %s, want plan-2", h)
	}
	// The plan that there is to approve now is there to be read.
	f.WantStarted(map[task.Verb]int{task.VerbPlan: 2, task.VerbOpen: 1, task.VerbCutover: 1})
	if h := f.PairStatus().Plan.Hash; h != "plan-2" {
		t.Errorf("the pair's plan is %s, want plan-2", h)
	}
	f.Fixed()
	f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-2", "retry": "1"})
	f.Run(2)
	f.Done()
	f.WantStarted(map[task.Verb]int{task.VerbPlan: 2, task.VerbOpen: 1, task.VerbCutover: 2})
}

// An application that is as it was again needs no approval of a plan that it has no more.
func TestFlowPlanChangedBack(t *testing.T) {
	f := simulation.NewFlow(t)
	f.World.Create(simulation.Engine(nil))
	f.Run(0)
	f.Cluster.PlanHash = "plan-2"
	f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-1"})
	f.Run(2)
	f.Cluster.PlanHash = "plan-1"
	f.Patch(simulation.PairID, map[string]any{"planRequest": "again"})
	f.Run(2)
	f.Done()
}

// A plan that was made anew before the former one was approved says what has changed.
func TestFlowPlannedAgainBeforeApproval(t *testing.T) {
	f := simulation.NewFlow(t)
	f.World.Create(simulation.Engine(nil))
	f.Run(0)
	f.Cluster.PlanHash, f.Cluster.PlanWarnings = "plan-2", []string{"something else", api.ChangedSince + "plan-1: " + simulation.Changed}
	f.Patch(simulation.PairID, map[string]any{"planRequest": "again"})
	f.Run(2)
	f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-1"})
	f.Run(2)
	f.Want(simulation.SwitchID, api.ConditionApproved, "False", api.ReasonPlanChanged)
	if m := f.Condition(simulation.SwitchID, api.ConditionApproved).Message; !strings.Contains(m, "("+simulation.Changed+")") {
		t.Errorf("the message %q does not say what has changed", m)
	}
	f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-0"})
	f.Run(2)
	if m := f.Condition(simulation.SwitchID, api.ConditionApproved).Message; strings.Contains(m, simulation.Changed) {
		t.Errorf("the message %q says of plan-0 what has changed since plan-1", m)
	}
}
