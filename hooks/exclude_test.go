package hooks_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// What an engine excludes reaches the pair as it is, though Metacontroller would merge entries of
// one name.
func TestFlowExclude(t *testing.T) {
	f := newFlow(t)
	lists := [][]api.ExcludedObject{
		{{Kind: "Secret", Name: "web"}},
		{{Kind: "Secret", Name: "web"}, {Group: "networking.k8s.io", Kind: "Ingress", Name: "web"}},
		{{Kind: "ConfigMap", Name: "web"}},
		{{Kind: "ConfigMap"}, {Kind: "Secret", Name: "web"}},
		nil,
	}
	f.world.Create(engine(func(e *api.MoveEngine) { e.Spec.Application.Exclude = lists[0] }))
	for _, want := range lists {
		f.world.Update(engineID, func(o *unstructured.Unstructured) {
			data, _ := json.Marshal(map[string]any{"exclude": want})
			var content map[string]any
			_ = json.Unmarshal(data, &content)
			_ = unstructured.SetNestedField(o.Object, content["exclude"], "spec", "application", "exclude")
		})
		f.run(0)
		var pair api.MovePair
		decode(t, f.world.Get(pairID), &pair)
		got := slices.DeleteFunc(pair.Spec.Application.Exclude, func(e api.ExcludedObject) bool { return e.Group == api.GroupVersion.Group })
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("the pair excludes something else than the engine (-want +got):\n%s", diff)
		}
		f.fixed()
	}
}
