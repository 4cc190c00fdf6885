package hooks_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
	"github.com/kubemove/kubemove/task"
)

// A move with manual approval goes from the engine to the target, and each Job runs once.
func TestFlowManual(t *testing.T) {
	f := newFlow(t)
	f.world.Create(engine(nil))
	f.run(0)
	f.want(pairID, api.ConditionReady, "True", api.ReasonActive)
	f.want(switchID, api.ConditionApproved, "False", api.ReasonWaiting)
	f.want(engineID, api.ConditionSwitched, "False", api.ReasonWaiting)
	command := `kubectl -n shop patch moveswitch shop-cloud --type=merge -p '{"spec":{"approvedPlan":"plan-1"}}'`
	if m := f.condition(switchID, api.ConditionApproved).Message; !strings.HasSuffix(m, command) {
		t.Errorf("the message %q does not end with %s", m, command)
	}
	f.patch(switchID, map[string]any{"approvedPlan": "plan-1"})
	f.run(3)
	f.done()
	f.started(map[task.Verb]int{task.VerbPlan: 1, task.VerbOpen: 1, task.VerbCutover: 1})
}

// A request runs once, and again for another token.
func TestFlowRequest(t *testing.T) {
	f := newFlow(t)
	f.world.Create(engine(nil))
	f.run(0)
	f.patch(syncID, map[string]any{"request": "one"})
	f.run(0)
	f.want(syncID, api.ConditionSynced, "True", api.ReasonSucceeded)
	var d api.DataSync
	decode(t, f.world.Get(syncID), &d)
	if d.Status.LastRun == nil || d.Status.LastRun.Request != "one" || d.Status.LastRun.Outcome != "Succeeded" {
		t.Errorf("lastRun = %+v, want the request one, Succeeded", d.Status.LastRun)
	}
	f.fixed()
	f.patch(syncID, map[string]any{"request": "two"})
	f.run(0)
	f.started(map[task.Verb]int{task.VerbPlan: 1, task.VerbOpen: 1, task.VerbSync: 2})
	f.patch(switchID, map[string]any{"approvedPlan": "plan-1"})
	f.run(0)
	f.patch(syncID, map[string]any{"request": "three"})
	f.run(2)
	f.started(map[task.Verb]int{task.VerbPlan: 1, task.VerbOpen: 1, task.VerbSync: 2, task.VerbCutover: 1})
	f.done()
}

// A plan that has grown old is made anew, until a switch has used it.
func TestFlowPlanInterval(t *testing.T) {
	f := newFlow(t)
	f.world.Create(engine(func(e *api.MoveEngine) { e.Spec.PlanInterval = "" }))
	f.run(3)
	plans := f.player.Started[task.VerbPlan]
	if plans < 3 {
		t.Errorf("plan was started %d times, want one every hour", plans)
	}
	f.want(engineID, api.ConditionReady, "True", api.ReasonActive)
	f.patch(switchID, map[string]any{"approvedPlan": "plan-1"})
	f.run(1)
	f.done()
	plans = f.player.Started[task.VerbPlan]
	f.fixed()
	if got := f.player.Started[task.VerbPlan]; got != plans {
		t.Errorf("after the switch plan was started %d times more", got-plans)
	}
}

// A failed cutover is rolled back once; a retry token tries again.
func TestFlowRollBackAndRetry(t *testing.T) {
	f := newFlow(t)
	failing := true
	f.player.Fail = func(x task.Task, _ int) *task.Result {
		if failing && x.Verb == task.VerbCutover {
			return &task.Result{Outcome: task.OutcomeFailed, Reason: api.ReasonHealthTimeout, Message: "the target is not healthy"}
		}
		return nil
	}
	f.world.Create(engine(automatic))
	f.run(3)
	f.want(switchID, api.ConditionRolledBack, "True", api.ReasonRolledBack)
	f.want(switchID, api.ConditionSwitched, "False", api.ReasonRolledBack)
	f.want(switchID, api.ConditionStalled, "True", api.ReasonRolledBack)
	f.want(engineID, api.ConditionStalled, "True", api.ReasonRolledBack)
	f.started(map[task.Verb]int{task.VerbPlan: 1, task.VerbOpen: 1, task.VerbCutover: 1, task.VerbRollback: 1})
	f.fixed()
	if a := f.switchStatus().Active; a != api.ActiveSource {
		t.Errorf("active = %s, want Source", a)
	}
	failing = false
	f.patch(switchID, map[string]any{"retry": "1"})
	f.run(3)
	f.done()
	f.started(map[task.Verb]int{task.VerbPlan: 1, task.VerbOpen: 1, task.VerbCutover: 2, task.VerbRollback: 1})
}

// With Hold nothing is undone until somebody asks for it.
func TestFlowHold(t *testing.T) {
	for name, c := range map[string]struct {
		reason string
		patch  map[string]any
		check  func(f *flow)
	}{
		"RolledBack": {
			reason: "desired RolledBack undoes a held switch",
			patch:  map[string]any{"desired": "RolledBack"},
			check: func(f *flow) {
				f.want(switchID, api.ConditionRolledBack, "True", api.ReasonRolledBack)
				f.want(switchID, api.ConditionStalled, "False", api.ReasonNotStalled)
				f.started(map[task.Verb]int{task.VerbPlan: 1, task.VerbOpen: 1, task.VerbCutover: 1, task.VerbRollback: 1})
			},
		},
		"Retry": {
			reason: "a retry token goes on from where it was held",
			patch:  map[string]any{"retry": "again"},
			check: func(f *flow) {
				f.done()
				f.started(map[task.Verb]int{task.VerbPlan: 1, task.VerbOpen: 1, task.VerbCutover: 2})
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFlow(t)
			first := true
			f.player.Fail = func(x task.Task, _ int) *task.Result {
				if first && x.Verb == task.VerbCutover {
					first = false
					return &task.Result{Outcome: task.OutcomeFailed, Message: "no"}
				}
				return nil
			}
			f.world.Create(engine(func(e *api.MoveEngine) {
				automatic(e)
				e.Spec.Switch.OnFailure = api.FailureHold
			}))
			f.run(3)
			f.want(switchID, api.ConditionSwitched, "False", api.ReasonHeld)
			f.fixed()
			f.patch(switchID, c.patch)
			f.run(3)
			c.check(f)
			if t.Failed() {
				t.Log(c.reason)
			}
		})
	}
}

// A plan that has changed since it was approved is declined, shown and can be approved.
func TestFlowPlanChanged(t *testing.T) {
	f := newFlow(t)
	f.world.Create(engine(nil))
	f.run(0)
	f.cluster.PlanHash = "plan-2"
	f.patch(switchID, map[string]any{"approvedPlan": "plan-1"})
	f.run(2)
	f.want(switchID, api.ConditionApproved, "False", api.ReasonPlanChanged)
	command := `kubectl -n shop patch moveswitch shop-cloud --type=merge -p '{"spec":{"approvedPlan":"plan-2"}}'`
	if m := f.condition(switchID, api.ConditionApproved).Message; !strings.Contains(m, simulation.Changed) || !strings.HasSuffix(m, command) {
		t.Errorf("the message %q does not say what has changed, and end with %s", m, command)
	}
	if h := f.switchStatus().PlanHash; h != "plan-2" {
		t.Errorf("planHash = %s, want plan-2", h)
	}
	// The plan that there is to approve now is there to be read.
	f.started(map[task.Verb]int{task.VerbPlan: 2, task.VerbOpen: 1, task.VerbCutover: 1})
	if h := f.pairStatus().Plan.Hash; h != "plan-2" {
		t.Errorf("the pair's plan is %s, want plan-2", h)
	}
	f.fixed()
	f.patch(switchID, map[string]any{"approvedPlan": "plan-2", "retry": "1"})
	f.run(2)
	f.done()
	f.started(map[task.Verb]int{task.VerbPlan: 2, task.VerbOpen: 1, task.VerbCutover: 2})
}

// An application that is as it was again needs no approval of a plan that it has no more.
func TestFlowPlanChangedBack(t *testing.T) {
	f := newFlow(t)
	f.world.Create(engine(nil))
	f.run(0)
	f.cluster.PlanHash = "plan-2"
	f.patch(switchID, map[string]any{"approvedPlan": "plan-1"})
	f.run(2)
	f.cluster.PlanHash = "plan-1"
	f.patch(pairID, map[string]any{"planRequest": "again"})
	f.run(2)
	f.done()
}

// A cutover that was declined, or was rolled back and is to be tried again, has done nothing that
// is not undone: the pair plans what was changed since.
func TestFlowEditAfterCutover(t *testing.T) {
	edit := map[string]any{"planInterval": "2h"}
	for name, c := range map[string]struct {
		reason string
		first  func(f *flow)
	}{
		"Declined": {"the plan had changed", func(f *flow) {
			f.cluster.PlanHash = "plan-2"
			f.patch(switchID, map[string]any{"approvedPlan": "plan-1"})
			f.run(2)
			f.want(switchID, api.ConditionApproved, "False", api.ReasonPlanChanged)
		}},
		"RolledBack": {"the target was not healthy, and the next try waits for an approval", func(f *flow) {
			f.player.Fail = func(x task.Task, _ int) *task.Result {
				if x.Verb == task.VerbCutover && f.cluster.PlanHash == "plan-1" {
					return &task.Result{Outcome: task.OutcomeFailed, Message: "not healthy"}
				}
				return nil
			}
			f.patch(switchID, map[string]any{"approvedPlan": "plan-1"})
			f.run(2)
			f.want(switchID, api.ConditionRolledBack, "True", api.ReasonRolledBack)
			f.cluster.PlanHash = "plan-2"
			f.patch(switchID, map[string]any{"retry": "1", "approvedPlan": ""})
			f.run(2)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFlow(t)
			f.world.Create(engine(nil))
			f.run(0)
			c.first(f)
			f.cluster.PlanHash = "plan-3"
			f.patch(engineID, edit)
			f.patch(pairID, map[string]any{"planRequest": "after the edit"})
			f.run(2)
			if h := f.switchStatus().PlanHash; h != "plan-3" {
				t.Fatalf("%s: the plan to approve is %s, want plan-3; pair Ready: %v", c.reason, h, f.condition(pairID, api.ConditionReady))
			}
			f.patch(switchID, map[string]any{"approvedPlan": "plan-3", "retry": "2"})
			f.run(2)
			f.done()
		})
	}
}

// After the switch no plan is made any more: neither for the other targets, nor when the switch
// is deleted.
func TestFlowNoPlanAfterTheSwitch(t *testing.T) {
	f := newFlow(t)
	f.world.Create(engine(func(e *api.MoveEngine) {
		automatic(e)
		other := *e.Spec.Targets[0].DeepCopy()
		other.Name, other.Namespace = "other", "other"
		e.Spec.Targets = append(e.Spec.Targets, other)
		e.Spec.Switch.Target = e.Spec.Targets[0].Name
	}))
	f.run(1)
	f.done()
	f.cluster.Blockers = []api.Blocker{{Reason: api.ReasonSourceHeld, Message: "the source is held"}}
	f.world.Delete(switchID)
	f.run(1)
	plans := f.player.Started[task.VerbPlan]
	f.run(5)
	if n := f.player.Started[task.VerbPlan]; n != plans {
		t.Errorf("%d plans were made after the switch", n-plans)
	}
}

// Blockers keep the channel from Active, are shown on the engine and planned again by
// themselves.
func TestFlowBlocked(t *testing.T) {
	f := newFlow(t)
	f.cluster.Blockers = []api.Blocker{{Reason: api.ReasonTargetIsActive, Message: "claim data is in use"}}
	f.world.Create(engine(automatic))
	f.run(3)
	f.want(engineID, api.ConditionAccepted, "False", api.ReasonTargetIsActive)
	f.want(pairID, api.ConditionPlanned, "False", api.ReasonBlocked)
	f.want(pairID, api.ConditionStalled, "True", api.ReasonBlocked)
	f.want(engineID, api.ConditionStalled, "True", api.ReasonBlocked)
	if n := f.player.Started[task.VerbCutover] + f.player.Started[task.VerbOpen]; n > 0 {
		t.Errorf("%d Jobs were started over a blocker", n)
	}
	f.cluster.Blockers = nil
	f.run(3)
	f.done()
}

// Mistakes are refused before anything is done, and mending them is enough.
func TestFlowRefused(t *testing.T) {
	f := newFlow(t)
	f.world.Create(engine(func(e *api.MoveEngine) {
		automatic(e)
		e.Spec.Data.Mobilizers = []api.Mobilizer{{Name: "rsync"}}
	}))
	f.run(3)
	f.want(engineID, api.ConditionAccepted, "False", api.ReasonUnknownMobilizer)
	f.want(engineID, api.ConditionStalled, "True", api.ReasonUnknownMobilizer)
	if n := len(f.world.List(hooks.KindMovePair)); n > 0 {
		t.Errorf("%d pairs were created for a refused engine", n)
	}
	f.patch(engineID, map[string]any{"data": map[string]any{"mobilizers": []any{map[string]any{"name": "restic"}}}})
	f.run(3)
	f.done()
	f.patch(engineID, map[string]any{"data": map[string]any{"mobilizers": []any{map[string]any{"name": "rsync"}}}})
	f.run(3)
	f.want(engineID, api.ConditionAccepted, "False", api.ReasonUnknownMobilizer)
	f.want(switchID, api.ConditionSwitched, "True", api.ReasonSucceeded)
}

// The order of the mobilizers reaches the pair, though children are merged by name.
func TestFlowMobilizerOrder(t *testing.T) {
	f := newFlow(t)
	order := func(names ...string) []any {
		var l []any
		for _, n := range names {
			l = append(l, map[string]any{"name": n})
		}
		return l
	}
	f.world.Create(engine(func(e *api.MoveEngine) {
		e.Spec.Data.Mobilizers = []api.Mobilizer{{Name: "restic"}, {Name: "custom"}}
		e.Spec.Data.Verification = api.VerificationChecksum
	}))
	f.run(0)
	f.patch(engineID, map[string]any{"data": map[string]any{"mobilizers": order("custom", "restic")}})
	f.run(0)
	got, _, _ := unstructured.NestedSlice(f.world.Get(pairID).Object, "spec", "data", "mobilizers")
	if len(got) != 2 || got[0].(map[string]any)["name"] != "custom" {
		t.Errorf("the pair has the mobilizers %v, want custom first", got)
	}
	f.want(pairID, api.ConditionReady, "True", api.ReasonActive)
	f.fixed()
}

// Suspended, nothing new is started; resumed, it goes on.
func TestFlowSuspend(t *testing.T) {
	f := newFlow(t)
	f.world.Create(engine(func(e *api.MoveEngine) { automatic(e); e.Spec.Suspend = true }))
	f.run(3)
	f.started(nil)
	f.patch(engineID, map[string]any{"suspend": false})
	f.run(3)
	f.done()
}

// Two targets in one place are refused, with the fix, and nothing is planned.
func TestFlowSamePlace(t *testing.T) {
	f := newFlow(t)
	f.world.Create(engine(func(e *api.MoveEngine) {
		automatic(e)
		other := e.Spec.Targets[0]
		other.Name = "other"
		e.Spec.Targets = append(e.Spec.Targets, other)
		e.Spec.Switch.Target = "cloud"
	}))
	f.run(1)
	f.want(engineID, api.ConditionAccepted, "False", api.ReasonInvalidSpec)
	f.started(nil)
}
