package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

func TestWithTimeouts(t *testing.T) {
	of := func(kind, name, created, spec string) string {
		return `{apiVersion: kubemove.io/v1alpha1, kind: ` + kind + `, metadata: {name: ` + name +
			`, namespace: home, creationTimestamp: "` + created + `"}, spec: {` + spec + `}}`
	}
	const early, late = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
	engine := of("MoveEngine", "shop", early, `switch: {quiesce: {timeout: 60s}, healthTimeout: 2m}`)
	cases := map[string]struct {
		reason  string
		objects []string
		move    task.Move
		want    [2]int64
		at      string
	}{
		"Switch": {reason: "The pair's switch says it.",
			objects: []string{engine, of("MoveSwitch", "s", early,
				`pairRef: {name: shop-dst}, quiesce: {timeout: 10m}, healthTimeout: 1h, at: "`+late+`"`)},
			want: [2]int64{600, 3600}, at: late},
		"Newest": {reason: "Of several the newest counts.",
			objects: []string{of("MoveSwitch", "a", late, `pairRef: {name: shop-dst}, healthTimeout: 7s`),
				of("MoveSwitch", "b", early, `pairRef: {name: shop-dst}`)}, want: [2]int64{300, 7}},
		"Engine": {reason: "Before there is one, the engine does.",
			objects: []string{engine, of("MoveSwitch", "other", early, `pairRef: {name: other}`)}, want: [2]int64{60, 120}},
		"Default": {reason: "An engine that says nothing means the defaults.",
			objects: []string{of("MoveEngine", "shop", early, "")}, want: [2]int64{300, 300}},
		"Unknown": {reason: "A pair that was made by hand has no switch yet.", want: [2]int64{0, 0}},
		"Own": {reason: "A switch plans with its own times.",
			objects: []string{engine}, move: task.Move{QuiesceSeconds: 5, HealthSeconds: 6}, want: [2]int64{5, 6}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			switches, engines := api.GroupVersion.WithResource("moveswitches"), api.GroupVersion.WithResource("moveengines")
			client := dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
				map[schema.GroupVersionResource]string{switches: "MoveSwitchList", engines: "MoveEngineList"})
			for _, text := range tc.objects {
				o, resource := object(t, text), switches
				if o.Kind == "MoveEngine" {
					resource = engines
				}
				if _, err := client.Resource(resource).Namespace("home").Create(t.Context(), &o.Object, metav1.CreateOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			home := &cluster.Cluster{Namespace: "home", Dynamic: client}
			tc.move.Engine, tc.move.Pair = "shop", task.Object{Name: "shop-dst"}
			in := &task.Task{Move: &tc.move}
			before := tc.move
			got, at, err := withTimeouts(t.Context(), home, in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, [2]int64{got.Move.QuiesceSeconds, got.Move.HealthSeconds}); diff != "" {
				t.Errorf("%s -want +got:\n%s", tc.reason, diff)
			}
			if at != tc.at {
				t.Errorf("%s the switch begins at %q, want %q", tc.reason, at, tc.at)
			}
			if diff := cmp.Diff(before, *in.Move); diff != "" {
				t.Errorf("%s the task itself was changed:\n%s", tc.reason, diff)
			}
		})
	}
}
