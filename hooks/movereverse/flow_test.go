package movereverse_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
	"github.com/kubemove/kubemove/task"
)

// way is a MoveReverse with its children.
type way struct{ reverse, pair, sw simulation.ID }

func named(name string) way {
	return way{
		simulation.ID{Kind: hooks.KindMoveReverse, Name: name},
		simulation.ID{Kind: hooks.KindMovePair, Name: name},
		simulation.ID{Kind: hooks.KindMoveSwitch, Name: name},
	}
}

// reversing makes one of that name for a switch.
func reversing(name, sw string, change func(*api.MoveReverse)) *unstructured.Unstructured {
	r := &api.MoveReverse{
		TypeMeta: hooks.KindMoveReverse.TypeMeta(), ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: api.MoveReverseSpec{SwitchRef: api.LocalReference{Name: sw}, Switch: &api.SwitchPolicy{Approval: api.ApprovalAutomatic}},
	}
	if change != nil {
		change(r)
	}
	return simulation.Unstructured(r)
}

// moved is an application that a first move has brought to its target.
func moved(t *testing.T) *simulation.Flow {
	t.Helper()
	f := simulation.NewFlow(t)
	f.World.Create(simulation.Engine(simulation.Automatic))
	f.Run(2)
	f.Done()
	return f
}

func uid(f *simulation.Flow, id simulation.ID) string { return string(f.World.Get(id).GetUID()) }

// taskOf the newest Job of that verb for the pair.
func taskOf(t *testing.T, f *simulation.Flow, pair string, verb task.Verb) task.Task {
	t.Helper()
	var out task.Task
	for _, j := range f.World.List(hooks.KindJob) {
		text, _, _ := unstructured.NestedString(j.Object, "spec", "template", "metadata", "annotations", task.TaskAnnotation)
		var one task.Task
		if json.Unmarshal([]byte(text), &one) == nil && one.Move != nil && one.Move.Pair.Name == pair && one.Verb == verb {
			out = one
		}
	}
	if out.Move == nil {
		t.Fatalf("no Job %s of MovePair %s", verb, pair)
	}
	return out
}

// There, back, and there again: each way has the endpoints of the one before swapped, belongs to the lineage of the first, and
// leaves the state of the mobilizers where it is.
func TestFlowThereAndBack(t *testing.T) {
	f := moved(t)
	back, again := named("shop-back"), named("shop-again")
	f.World.Create(reversing("shop-back", "shop-cloud", nil))
	f.Run(2)
	f.Want(back.reverse, api.ConditionSwitched, "True", api.ReasonSucceeded)
	f.Want(back.sw, api.ConditionSwitched, "True", api.ReasonSucceeded)
	f.Fixed()
	var pair api.MovePair
	f.Read(back.pair, &pair)
	first := api.ObjectIdentity{Name: simulation.PairID.Name, UID: uid(f, simulation.PairID)}
	want := api.Reversal{
		Switch: api.ObjectIdentity{Name: "shop-cloud", UID: uid(f, simulation.SwitchID)}, FirstPair: first,
		Earlier: []string{uid(f, simulation.SwitchID)}, StateSide: api.StateAtSource,
	}
	if diff := cmp.Diff(&want, pair.Spec.Reverses); diff != "" {
		t.Errorf("reverses (-want +got):\n%s", diff)
	}
	if s := pair.Spec.Source; s == nil || s.Namespace != "shop" || s.Cluster == nil || pair.Spec.Target.Cluster != nil {
		t.Errorf("the way back goes from %+v to %+v, want from the cloud to home", s, pair.Spec.Target)
	}
	work := taskOf(t, f, "shop-back", task.VerbCutover)
	if work.StateSide != task.RoleSource || work.Move.FirstPair().UID != first.UID || work.Move.Reverses == nil ||
		work.Move.Reverses.Switch.UID != uid(f, simulation.SwitchID) {
		t.Errorf("the task has the state at the side %q, the first pair %+v and reverses %+v",
			work.StateSide, work.Move.Lineage, work.Move.Reverses)
	}

	f.World.Create(reversing("shop-again", "shop-back", nil))
	f.Run(2)
	f.Want(again.reverse, api.ConditionSwitched, "True", api.ReasonSucceeded)
	pair = api.MovePair{}
	f.Read(again.pair, &pair)
	want = api.Reversal{
		Switch: api.ObjectIdentity{Name: "shop-back", UID: uid(f, back.sw)}, FirstPair: first,
		Earlier: []string{uid(f, simulation.SwitchID), uid(f, back.sw)}, StateSide: api.StateAtTarget,
	}
	if diff := cmp.Diff(&want, pair.Spec.Reverses); diff != "" {
		t.Errorf("reverses (-want +got):\n%s", diff)
	}
	if s := pair.Spec.Source; s != nil || pair.Spec.Target.Cluster == nil || pair.Spec.Target.Namespace != "shop" {
		t.Errorf("the way there again goes from %+v to %+v, want from home to the cloud", s, pair.Spec.Target)
	}
}

// A way back waits for its switch to be complete, and goes on by itself.
func TestFlowWaitsForTheSwitch(t *testing.T) {
	f := simulation.NewFlow(t)
	back := named("shop-back")
	f.World.Create(reversing("shop-back", "shop-cloud", nil))
	f.Run(0)
	f.Want(back.reverse, api.ConditionAccepted, "False", api.ReasonSwitchNotFound)
	f.Want(back.reverse, api.ConditionStalled, "True", api.ReasonSwitchNotFound)
	f.World.Create(simulation.Engine(simulation.Automatic))
	f.Until(task.VerbCutover)
	f.Settle()
	f.World.Now = f.World.Now.Add(time.Minute)
	f.Settle()
	f.Want(back.reverse, api.ConditionAccepted, "False", api.ReasonNotReady)
	f.Want(back.reverse, api.ConditionStalled, "False", api.ReasonNotStalled)
	if f.World.Get(back.pair) != nil {
		t.Error("the way back has begun before the switch was complete")
	}
	f.Run(5)
	f.Want(back.reverse, api.ConditionSwitched, "True", api.ReasonSucceeded)
}

// The forward move may be deleted when the way back has begun; what is needed of it is in the pair.
func TestFlowForwardDeleted(t *testing.T) {
	f := moved(t)
	back := named("shop-back")
	f.World.Create(reversing("shop-back", "shop-cloud", func(r *api.MoveReverse) { r.Spec.Switch = nil }))
	f.Run(1)
	f.Want(back.pair, api.ConditionReady, "True", api.ReasonActive)
	before := f.World.Get(back.pair).Object["spec"]
	f.World.Delete(simulation.EngineID)
	f.Run(2)
	if f.World.Get(simulation.EngineID) != nil {
		t.Fatal("the engine stays")
	}
	if diff := cmp.Diff(before, f.World.Get(back.pair).Object["spec"]); diff != "" {
		t.Errorf("the pair has changed:\n%s", diff)
	}
	f.Want(back.reverse, api.ConditionAccepted, "True", api.ReasonAccepted)
	f.Patch(back.sw, map[string]any{"approvedPlan": f.Cluster.PlanHash})
	f.Run(2)
	f.Want(back.reverse, api.ConditionSwitched, "True", api.ReasonSucceeded)
}

// A way back that is deleted before its commit rolls back, and leaves nothing.
func TestFlowDeleted(t *testing.T) {
	f := moved(t)
	back := named("shop-back")
	f.World.Create(reversing("shop-back", "shop-cloud", nil))
	for f.Player.Started[task.VerbCutover] < 2 {
		f.Settle()
		f.Player.Tick()
		f.World.Now = f.World.Now.Add(time.Second)
	}
	f.Settle()
	f.World.Delete(back.reverse)
	f.Run(5)
	for _, id := range []simulation.ID{back.reverse, back.pair, back.sw} {
		if f.World.Get(id) != nil {
			t.Errorf("%s is left", id)
		}
	}
	if f.Player.Started[task.VerbRollback] == 0 {
		t.Error("what had begun was not rolled back")
	}
	f.Done()
}

// A live way back copies before its switch.
func TestFlowLive(t *testing.T) {
	f := moved(t)
	back := named("shop-back")
	f.World.Create(reversing("shop-back", "shop-cloud", func(r *api.MoveReverse) {
		r.Spec.Sync, r.Spec.Switch = &api.SyncPolicy{}, nil
	}))
	f.Run(1)
	var pair api.MovePair
	f.Read(back.pair, &pair)
	if pair.Spec.Sync == nil || pair.Spec.Sync.Interval == "" || pair.Status.LastSuccessTime == nil {
		t.Errorf("sync is %+v, and the last success %v", pair.Spec.Sync, pair.Status.LastSuccessTime)
	}
}

// Who has read of changes in a plan asks for them: a plan that brings them follows, and the default is not written on the pair.
func TestFlowReapply(t *testing.T) {
	f := moved(t)
	back := named("shop-back")
	f.World.Create(reversing("shop-back", "shop-cloud", func(r *api.MoveReverse) {
		r.Spec.Objects, r.Spec.Switch = api.ObjectsRestore, nil
	}))
	f.Run(1)
	var pair api.MovePair
	f.Read(back.pair, &pair)
	if first := taskOf(t, f, "shop-back", task.VerbPlan); pair.Spec.Objects != "" || first.Move.Reverses.Objects != "" {
		t.Errorf("objects is %q, and of the plan %q", pair.Spec.Objects, first.Move.Reverses.Objects)
	}
	f.Patch(back.reverse, map[string]any{"objects": "Reapply"})
	f.Run(1)
	if again := taskOf(t, f, "shop-back", task.VerbPlan); again.Move.Reverses.Objects != api.ObjectsReapply {
		t.Errorf("the newest plan is made with objects %q", again.Move.Reverses.Objects)
	}
	f.Patch(back.reverse, map[string]any{"objects": "Restore"})
	f.Run(1)
	pair = api.MovePair{}
	f.Read(back.pair, &pair)
	if pair.Spec.Objects != "" {
		t.Errorf("objects is %q after it was taken back", pair.Spec.Objects)
	}
}

// A name that another pair has is refused, and that pair left alone.
func TestFlowNameTaken(t *testing.T) {
	f := moved(t)
	f.World.Create(simulation.Unstructured(&api.MovePair{
		TypeMeta: hooks.KindMovePair.TypeMeta(), ObjectMeta: metav1.ObjectMeta{Name: "shop-back"},
		Spec: api.MovePairSpec{Engine: "other", Target: api.Target{Name: "x"}},
	}))
	back := named("shop-back")
	f.World.Create(reversing("shop-back", "shop-cloud", nil))
	f.Run(1)
	f.Want(back.reverse, api.ConditionAccepted, "False", api.ReasonNameConflict)
}
