package moveengine_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
	"github.com/kubemove/kubemove/task"
)

// Mistakes are refused before anything is done, and fixing them is enough.
func TestFlowRefused(t *testing.T) {
	f := simulation.NewFlow(t)
	f.World.Create(simulation.Engine(func(e *api.MoveEngine) {
		simulation.Automatic(e)
		e.Spec.Data.Mobilizers = []api.Mobilizer{{Name: "rsync"}}
	}))
	f.Run(3)
	f.Want(simulation.EngineID, api.ConditionAccepted, "False", api.ReasonUnknownMobilizer)
	f.Want(simulation.EngineID, api.ConditionStalled, "True", api.ReasonUnknownMobilizer)
	if n := len(f.World.List(hooks.KindMovePair)); n > 0 {
		t.Errorf("%d pairs were created for a refused engine", n)
	}
	f.Patch(simulation.EngineID, map[string]any{"data": map[string]any{"mobilizers": []any{map[string]any{"name": "restic"}}}})
	f.Run(3)
	f.Done()
	f.Patch(simulation.EngineID, map[string]any{"data": map[string]any{"mobilizers": []any{map[string]any{"name": "rsync"}}}})
	f.Run(3)
	f.Want(simulation.EngineID, api.ConditionAccepted, "False", api.ReasonUnknownMobilizer)
	f.Want(simulation.SwitchID, api.ConditionSwitched, "True", api.ReasonSucceeded)
}

// The order of the mobilizers reaches the pair, though children are merged by name.
func TestFlowMobilizerOrder(t *testing.T) {
	f := simulation.NewFlow(t)
	order := func(names ...string) []any {
		var l []any
		for _, n := range names {
			l = append(l, map[string]any{"name": n})
		}
		return l
	}
	f.World.Create(simulation.Engine(func(e *api.MoveEngine) {
		e.Spec.Data.Mobilizers = []api.Mobilizer{{Name: "restic"}, {Name: "custom"}}
		e.Spec.Data.Verification = api.VerificationChecksum
	}))
	f.Run(0)
	f.Patch(simulation.EngineID, map[string]any{"data": map[string]any{"mobilizers": order("custom", "restic")}})
	f.Run(0)
	got, _, _ := unstructured.NestedSlice(f.World.Get(simulation.PairID).Object, "spec", "data", "mobilizers")
	if len(got) != 2 || got[0].(map[string]any)["name"] != "custom" {
		t.Errorf("the pair has the mobilizers %v, want custom first", got)
	}
	f.Want(simulation.PairID, api.ConditionReady, "True", api.ReasonActive)
	f.Fixed()
}

// Two targets in one place are refused, with the fix, and nothing is planned.
func TestFlowSamePlace(t *testing.T) {
	f := simulation.NewFlow(t)
	f.World.Create(simulation.Engine(func(e *api.MoveEngine) {
		simulation.Automatic(e)
		other := e.Spec.Targets[0]
		other.Name = "other"
		e.Spec.Targets = append(e.Spec.Targets, other)
		e.Spec.Switch.Target = "cloud"
	}))
	f.Run(1)
	f.Want(simulation.EngineID, api.ConditionAccepted, "False", api.ReasonInvalidSpec)
	f.WantStarted(nil)
}

// After the switch no plan is made any more: neither for the other targets, nor when the switch
// is deleted.
func TestFlowNoPlanAfterTheSwitch(t *testing.T) {
	f := simulation.NewFlow(t)
	f.World.Create(simulation.Engine(func(e *api.MoveEngine) {
		simulation.Automatic(e)
		other := *e.Spec.Targets[0].DeepCopy()
		other.Name, other.Namespace = "other", "other"
		e.Spec.Targets = append(e.Spec.Targets, other)
		e.Spec.Switch.Target = e.Spec.Targets[0].Name
	}))
	f.Run(1)
	f.Done()
	f.Cluster.Blockers = []api.Blocker{{Reason: api.ReasonSourceHeld, Message: "the source is held"}}
	f.World.Delete(simulation.SwitchID)
	f.Run(1)
	plans := f.Player.Started[task.VerbPlan]
	f.Run(5)
	if n := f.Player.Started[task.VerbPlan]; n != plans {
		t.Errorf("%d plans were made after the switch", n-plans)
	}
}

// What an engine excludes reaches the pair as it is, though Metacontroller would merge entries of
// one name.
func TestFlowExclude(t *testing.T) {
	f := simulation.NewFlow(t)
	lists := [][]api.ExcludedObject{
		{{Kind: "Secret", Name: "web"}},
		{{Kind: "Secret", Name: "web"}, {Group: "networking.k8s.io", Kind: "Ingress", Name: "web"}},
		{{Kind: "ConfigMap", Name: "web"}},
		{{Kind: "ConfigMap"}, {Kind: "Secret", Name: "web"}},
		nil,
	}
	f.World.Create(simulation.Engine(func(e *api.MoveEngine) { e.Spec.Application.Exclude = lists[0] }))
	for _, want := range lists {
		f.World.Update(simulation.EngineID, func(o *unstructured.Unstructured) {
			data, _ := json.Marshal(map[string]any{"exclude": want})
			var content map[string]any
			_ = json.Unmarshal(data, &content)
			_ = unstructured.SetNestedField(o.Object, content["exclude"], "spec", "application", "exclude")
		})
		f.Run(0)
		var pair api.MovePair
		f.Read(simulation.PairID, &pair)
		got := slices.DeleteFunc(pair.Spec.Application.Exclude, func(e api.ExcludedObject) bool { return e.Group == api.GroupVersion.Group })
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("the pair excludes something else than the engine (-want +got):\n%s", diff)
		}
		f.Fixed()
	}
}

// A second engine's pair of the same name does not disturb the first; the collision is told.
func TestNameCollision(t *testing.T) {
	f := simulation.NewFlow(t)
	f.World.Create(simulation.Unstructured(&api.MovePair{
		TypeMeta: hooks.KindMovePair.TypeMeta(), ObjectMeta: metav1.ObjectMeta{Name: "shop-cloud"},
		Spec: api.MovePairSpec{Engine: "other", Target: api.Target{Name: "x"}},
	}))
	f.World.Create(simulation.Engine(simulation.Automatic))
	f.Run(8)
	f.Want(simulation.EngineID, api.ConditionStalled, "True", api.ReasonChildMissing)
}

// An edit of the policy that comes together with the deletion reaches the clean-up of the pair.
func TestFlowLastPolicy(t *testing.T) {
	for _, c := range []struct {
		reason        string
		before, after api.DeletionPolicy
		want          []bool
	}{
		{"the copies were to go at last", api.DeletionRetain, api.DeletionDelete, []bool{true}},
		{"the copies were to stay at last", api.DeletionDelete, api.DeletionRetain, []bool{false}},
	} {
		f := simulation.NewFlow(t)
		var asked []bool
		f.Player.Fail = func(x task.Task, _ int) *task.Result {
			if x.Verb == task.VerbCleanup && x.Move.Switch == nil {
				asked = append(asked, x.Move.DeleteCopies)
			}
			return nil
		}
		f.World.Create(simulation.Engine(func(e *api.MoveEngine) { e.Spec.DeletionPolicy = c.before }))
		f.Run(0)
		f.Patch(simulation.EngineID, map[string]any{"deletionPolicy": string(c.after)})
		f.World.Delete(simulation.EngineID)
		f.Run(2)
		if diff := cmp.Diff(c.want, asked); diff != "" {
			t.Errorf("%s: asked to delete the copies (-want +got):\n%s", c.reason, diff)
		}
		if f.World.Get(simulation.EngineID) != nil {
			t.Errorf("%s: the engine is not gone", c.reason)
		}
	}
}
