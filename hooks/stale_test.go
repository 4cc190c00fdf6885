package hooks_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
	"github.com/kubemove/kubemove/task"
)

// Old views, fed after newer ones, never undo a step and never start one twice.
func TestStaleViews(t *testing.T) {
	for seed := range uint64(24) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			f := newFlow(t)
			r := rand.New(rand.NewPCG(seed, 7))
			if seed%2 == 1 {
				f.player.Fail = func(x task.Task, attempt int) *task.Result {
					if attempt == 1 && x.Verb != task.VerbCutover {
						return &task.Result{Outcome: task.OutcomeFailed, Message: "once"}
					}
					return nil
				}
			}
			f.world.Create(engine(automatic))
			f.shaken(r, nil)
			f.mc.View = nil
			f.run(6)
			f.done()
			if n := f.player.Started[task.VerbCutover]; n != 1 {
				t.Errorf("the cutover was started %d times, want once", n)
			}
			if t.Failed() {
				f.dump()
			}
		})
	}
}

// shaken plays with old views in between. Without further disturbance what was reached stays;
// a status that an old view has overwritten while the Job behind it was deleted is rebuilt from
// the clusters, by the next attempt.
func (f *flow) shaken(r *rand.Rand, disturb func()) {
	f.t.Helper()
	history := []map[simulation.ID]*unstructured.Unstructured{f.world.Snapshot()}
	var committed, switched bool
	for range 80 {
		f.mc.View = nil
		if r.IntN(3) == 0 {
			f.mc.View = history[max(0, len(history)-1-r.IntN(4))]
		}
		if err := f.mc.Round(); err != nil {
			f.t.Fatal(err)
		}
		if disturb != nil {
			disturb()
		}
		history = append(history, f.world.Snapshot())
		if r.IntN(2) == 0 {
			f.player.Tick()
		}
		f.world.Now = f.world.Now.Add(time.Duration(1+r.IntN(20)) * time.Second)
		o := f.world.Get(switchID)
		if o == nil || f.mc.View != nil || disturb != nil {
			continue
		}
		var m api.MoveSwitch
		decode(f.t, o, &m)
		if committed && m.Status.CommittedAt == nil {
			f.t.Fatal("committedAt was taken back")
		}
		committed = m.Status.CommittedAt != nil
		now := switches(m.Status.Conditions)
		if switched && !now {
			f.t.Fatal("Switched was taken back")
		}
		switched = now
	}
}

func (f *flow) dump() {
	for _, l := range f.world.Log {
		f.t.Log(l)
	}
}

// A Job that somebody deletes at any moment does not change the end.
func TestJobsDeleted(t *testing.T) {
	for seed := range uint64(16) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			f := newFlow(t)
			r := rand.New(rand.NewPCG(seed, 11))
			f.world.Create(engine(automatic))
			deletions := 6
			f.shaken(r, func() {
				if list := f.world.List(hooks.KindJob); len(list) > 0 && deletions > 0 && r.IntN(6) == 0 {
					deletions--
					f.world.Delete(simulation.ID{Kind: hooks.KindJob, Name: list[r.IntN(len(list))].GetName()})
				}
			})
			f.mc.View = nil
			f.run(6)
			f.want(switchID, api.ConditionSwitched, "True", api.ReasonSucceeded)
			f.want(engineID, api.ConditionSwitched, "True", api.ReasonSucceeded)
			f.fixed()
			if t.Failed() {
				f.dump()
			}
		})
	}
}

// A task that dies without a result is rolled back before the commit and brought to its end
// after it.
func TestLostTasks(t *testing.T) {
	for seed := range uint64(16) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			f := newFlow(t)
			r := rand.New(rand.NewPCG(seed, 13))
			left := 4
			f.player.Lose = func(task.Task, int) bool {
				lose := left > 0 && r.IntN(3) == 0
				if lose {
					left--
				}
				return lose
			}
			f.world.Create(engine(automatic))
			f.run(40)
			if f.condition(switchID, api.ConditionSwitched).Status != "True" {
				f.want(switchID, api.ConditionRolledBack, "True", api.ReasonRolledBack)
				if f.cluster.Touched {
					t.Error("the switch says that it is rolled back, but the clusters are touched")
				}
				f.fixed()
				left = 0
				f.patch(switchID, map[string]any{"retry": "x"})
				f.run(10)
			}
			f.done()
			if t.Failed() {
				f.dump()
			}
		})
	}
}

// Deleting the engine at any moment leaves nothing touched and nothing behind; what was
// committed stays committed.
func TestDeleteAtEveryPhase(t *testing.T) {
	for round := range 24 {
		for _, id := range []simulation.ID{engineID, switchID, pairID} {
			t.Run(fmt.Sprintf("%s/%d", id.Kind.Kind, round), func(t *testing.T) {
				f := newFlow(t)
				f.world.Create(engine(automatic))
				for range round {
					if err := f.mc.Round(); err != nil {
						t.Fatal(err)
					}
					if round%3 == 0 {
						f.player.Tick()
					}
					f.player.Tick()
					f.world.Now = f.world.Now.Add(time.Second)
				}
				committed := f.cluster.Committed
				f.world.Delete(id)
				f.run(4)
				f.world.Delete(engineID)
				f.run(4)
				for _, k := range []hooks.Kind{hooks.KindMoveEngine, hooks.KindMovePair, hooks.KindMoveSwitch, hooks.KindDataSync,
					hooks.KindJob, hooks.KindServiceAccount} {
					if l := f.world.List(k); len(l) > 0 {
						t.Errorf("%d %s are left, the first is %s", len(l), k, l[0].GetName())
					}
				}
				if f.cluster.Touched && !f.cluster.Open {
					t.Error("the clusters are left touched")
				}
				if committed && !f.cluster.Open {
					t.Error("a committed switch was undone")
				}
				if f.world.Now.Sub(start) > 9*time.Minute {
					t.Errorf("the deletion took until %s: it was given up", f.world.Now)
				}
				if t.Failed() {
					f.dump()
				}
			})
		}
	}
}
