package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/planfile"
	"github.com/kubemove/kubemove/task"
)

func TestCheckNeighbours(t *testing.T) {
	to := func(engine, place, namespace string) *application.Plan {
		return &application.Plan{Engine: engine, TargetCluster: place, TargetNamespace: namespace}
	}
	first := task.Object{Name: "shop-a", UID: "uid-a"}
	second := task.Object{Name: "shop-b", UID: "uid-b"}
	cases := map[string]struct {
		reason string
		pair   task.Object
		plan   *application.Plan
		want   []string
	}{
		"Same":      {"another Secret that leads to the same cluster", second, to("shop", "c1", "shop"), []string{"MovePair/shop-a"}},
		"Itself":    {"the next plan of the same pair", first, to("shop", "c1", "shop"), nil},
		"Namespace": {"another place", second, to("shop", "c1", "shop-2"), nil},
		"Cluster":   {"another place", second, to("shop", "c2", "shop"), nil},
		"Engine":    {"another application may move there too", second, to("mail", "c1", "shop"), nil},
		"Unknown":   {"what cannot be told is not said", second, to("shop", "", "shop"), nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			home := &cluster.Cluster{Side: cluster.SideHome, Namespace: "shop", Kube: fake.NewClientset()}
			made := planfile.New(to("shop", "c1", "shop"))
			if _, err := store(t.Context(), home, &task.Task{Move: &task.Move{Pair: first}}, made); err != nil {
				t.Fatal(err)
			}
			if err := checkNeighbours(t.Context(), home, tc.pair, tc.plan); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, b := range tc.plan.Blockers {
				got = append(got, b.Object)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}
