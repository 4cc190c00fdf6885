package cutover

import (
	"errors"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

// TestLabelled: a switch that its pair does not see is not begun.
func TestLabelled(t *testing.T) {
	resource := api.GroupVersion.WithResource("moveswitches")
	for name, tc := range map[string]struct {
		reason  string
		label   string
		subject *task.Object
		refused bool
	}{
		"Labelled":  {"the usual", api.PairNameHash("shop-dst"), &task.Object{Name: "shop-dst"}, false},
		"None":      {"it was removed since the Job was made", "", &task.Object{Name: "shop-dst"}, true},
		"Another":   {"so another pair sees the switch", api.PairNameHash("shop-a"), &task.Object{Name: "shop-dst"}, true},
		"Gone":      {"the hook drops its Job", "", &task.Object{Name: "gone"}, false},
		"NoSubject": {"a plan has no switch", "", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := &unstructured.Unstructured{Object: map[string]any{"apiVersion": api.GroupVersion.String(), "kind": "MoveSwitch",
				"metadata": map[string]any{"name": "shop-dst", "namespace": "home"}}}
			if tc.label != "" {
				m.SetLabels(map[string]string{api.PairNameLabel: tc.label})
			}
			client := dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
				map[schema.GroupVersionResource]string{resource: "MoveSwitchList"})
			if _, err := client.Resource(resource).Namespace("home").Create(t.Context(), m, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			s := &switcher{home: homeCluster{&cluster.Cluster{Namespace: "home", Dynamic: client}},
				task: &task.Task{Move: &task.Move{Home: "home", Switch: tc.subject, Pair: task.Object{Name: "shop-dst"}}}}
			err := s.labelled(t.Context())
			var stop *ending
			if errors.As(err, &stop) != tc.refused || err != nil && !tc.refused {
				t.Fatalf("%s: got %v", tc.reason, err)
			}
			command := ": kubectl -n home label moveswitch shop-dst --overwrite kubemove.io/pair-name=76b0c234ce44234e"
			if tc.refused && (stop.result.Reason != api.ReasonLabelMissing || stop.result.Outcome != task.OutcomeDeclined ||
				!strings.HasSuffix(stop.result.Message, command)) {
				t.Errorf("%s: got %+v", tc.reason, stop.result)
			}
		})
	}
}
