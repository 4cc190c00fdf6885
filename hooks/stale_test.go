package hooks_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
	"github.com/kubemove/kubemove/task"
)

// Old views, fed after newer ones, never undo a step and never simulation.Start one twice.
func TestStaleViews(t *testing.T) {
	for seed := range uint64(24) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			f := simulation.NewFlow(t)
			r := rand.New(rand.NewPCG(seed, 7))
			if seed%2 == 1 {
				f.Player.Fail = func(x task.Task, attempt int) *task.Result {
					if attempt == 1 && x.Verb != task.VerbCutover {
						return &task.Result{Outcome: task.OutcomeFailed, Message: "once"}
					}
					return nil
				}
			}
			f.World.Create(simulation.Engine(simulation.Automatic))
			shaken(t, f, r, nil)
			f.Metacontroller.View = nil
			f.Run(6)
			f.Done()
			if n := f.Player.Started[task.VerbCutover]; n != 1 {
				t.Errorf("the cutover was started %d times, want once", n)
			}
			if t.Failed() {
				f.Dump()
			}
		})
	}
}

// shaken plays with old views in between. Without further disturbance what was reached stays;
// a status that an old view has overwritten while the Job behind it was deleted is rebuilt from
// the clusters, by the next attempt.
func shaken(t *testing.T, f *simulation.Flow, r *rand.Rand, disturb func()) {
	t.Helper()
	history := []map[simulation.ID]*unstructured.Unstructured{f.World.Snapshot()}
	var committed, switched bool
	for range 80 {
		f.Metacontroller.View = nil
		if r.IntN(3) == 0 {
			f.Metacontroller.View = history[max(0, len(history)-1-r.IntN(4))]
		}
		if err := f.Metacontroller.Round(); err != nil {
			t.Fatal(err)
		}
		if disturb != nil {
			disturb()
		}
		history = append(history, f.World.Snapshot())
		if r.IntN(2) == 0 {
			f.Player.Tick()
		}
		f.World.Now = f.World.Now.Add(time.Duration(1+r.IntN(20)) * time.Second)
		o := f.World.Get(simulation.SwitchID)
		if o == nil || f.Metacontroller.View != nil || disturb != nil {
			continue
		}
		var m api.MoveSwitch
		f.Read(simulation.SwitchID, &m)
		if committed && m.Status.CommittedAt == nil {
			t.Fatal("committedAt was taken back")
		}
		committed = m.Status.CommittedAt != nil
		now := switches(m.Status.Conditions)
		if switched && !now {
			t.Fatal("Switched was taken back")
		}
		switched = now
	}
}

func switches(list []metav1.Condition) bool {
	return meta.IsStatusConditionTrue(list, api.ConditionSwitched)
}

// A Job that a person deletes at any moment does not change the end.
func TestJobsDeleted(t *testing.T) {
	for seed := range uint64(16) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			f := simulation.NewFlow(t)
			r := rand.New(rand.NewPCG(seed, 11))
			f.World.Create(simulation.Engine(simulation.Automatic))
			deletions := 6
			shaken(t, f, r, func() {
				if list := f.World.List(hooks.KindJob); len(list) > 0 && deletions > 0 && r.IntN(6) == 0 {
					deletions--
					f.World.Delete(simulation.ID{Kind: hooks.KindJob, Name: list[r.IntN(len(list))].GetName()})
				}
			})
			f.Metacontroller.View = nil
			f.Run(6)
			f.Want(simulation.SwitchID, api.ConditionSwitched, "True", api.ReasonSucceeded)
			f.Want(simulation.EngineID, api.ConditionSwitched, "True", api.ReasonSucceeded)
			f.Fixed()
			if t.Failed() {
				f.Dump()
			}
		})
	}
}

// A task that dies without a result is rolled back before the commit and brought to its end
// after it.
func TestLostTasks(t *testing.T) {
	for seed := range uint64(16) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			f := simulation.NewFlow(t)
			r := rand.New(rand.NewPCG(seed, 13))
			left := 4
			f.Player.Lose = func(task.Task, int) bool {
				lose := left > 0 && r.IntN(3) == 0
				if lose {
					left--
				}
				return lose
			}
			f.World.Create(simulation.Engine(simulation.Automatic))
			f.Run(40)
			if f.Condition(simulation.SwitchID, api.ConditionSwitched).Status != "True" {
				f.Want(simulation.SwitchID, api.ConditionRolledBack, "True", api.ReasonRolledBack)
				if f.Cluster.Touched {
					t.Error("the switch says that it is rolled back, but the clusters are touched")
				}
				f.Fixed()
				left = 0
				f.Patch(simulation.SwitchID, map[string]any{"retry": "x"})
				f.Run(10)
			}
			f.Done()
			if t.Failed() {
				f.Dump()
			}
		})
	}
}

// Deleting the engine at any moment leaves nothing touched and nothing behind; what was
// committed stays committed.
func TestDeleteAtEveryPhase(t *testing.T) {
	for round := range 24 {
		for _, id := range []simulation.ID{simulation.EngineID, simulation.SwitchID, simulation.PairID} {
			t.Run(fmt.Sprintf("%s/%d", id.Kind.Kind, round), func(t *testing.T) {
				f := simulation.NewFlow(t)
				f.World.Create(simulation.Engine(simulation.Automatic))
				for range round {
					if err := f.Metacontroller.Round(); err != nil {
						t.Fatal(err)
					}
					if round%3 == 0 {
						f.Player.Tick()
					}
					f.Player.Tick()
					f.World.Now = f.World.Now.Add(time.Second)
				}
				committed := f.Cluster.Committed
				f.World.Delete(id)
				f.Run(4)
				f.World.Delete(simulation.EngineID)
				f.Run(4)
				for _, k := range []hooks.Kind{hooks.KindMoveEngine, hooks.KindMovePair, hooks.KindMoveSwitch, hooks.KindDataSync,
					hooks.KindJob, hooks.KindServiceAccount} {
					if l := f.World.List(k); len(l) > 0 {
						t.Errorf("%d %s are left, the first is %s", len(l), k, l[0].GetName())
					}
				}
				if f.Cluster.Touched && !f.Cluster.Open {
					t.Error("the clusters are left touched")
				}
				if committed && !f.Cluster.Open {
					t.Error("a committed switch was rolled back")
				}
				if f.World.Now.Sub(simulation.Start) > 9*time.Minute {
					t.Errorf("the deletion took until %s: it was given up", f.World.Now)
				}
				if t.Failed() {
					f.Dump()
				}
			})
		}
	}
}
