package cutover

import (
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/task"
)

// TestSameClusters: what was begun in one cluster is not gone on with in another.
func TestSameClusters(t *testing.T) {
	at := func(name, uid string) side {
		return side{&cluster.Cluster{Side: name, Namespace: "shop", Kube: fake.NewClientset(
			&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: metav1.NamespaceSystem, UID: types.UID(uid)}})}}
	}
	for name, tc := range map[string]struct {
		reason         string
		plan           *application.Plan
		source, target string
		refused        bool
	}{
		"Same":    {"the usual", &application.Plan{SourceCluster: "a", TargetCluster: "b"}, "a", "b", false},
		"Target":  {"the Secret was made anew from another context", &application.Plan{SourceCluster: "a", TargetCluster: "b"}, "a", "c", true},
		"Source":  {"a source can be remote as well", &application.Plan{SourceCluster: "a", TargetCluster: "b"}, "c", "b", true},
		"Unknown": {"where the account could not read it, it cannot be compared", &application.Plan{}, "a", "b", false},
		"NoPlan":  {"nothing is pinned", nil, "a", "b", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := &switcher{plan: tc.plan, source: at(cluster.SideSource, tc.source), target: at(cluster.SideTarget, tc.target)}
			err := s.sameClusters(t.Context(), &Observed{HasRecord: true})
			var stop *ending
			if errors.As(err, &stop) != tc.refused || err != nil && !tc.refused {
				t.Fatalf("%s: got %v", tc.reason, err)
			}
			if tc.refused && (stop.result.Reason != api.ReasonInvalidKubeconfig || stop.result.Retry != task.RetryLater || s.plan != nil) {
				t.Errorf("%s: got %+v with the plan %v", tc.reason, stop.result, s.plan)
			}
		})
	}
}

// TestFollowsEngine: what the engine does not say any more is not begun.
func TestFollowsEngine(t *testing.T) {
	engine := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": api.GroupVersion.String(), "kind": "MoveEngine",
		"metadata": map[string]any{"name": "shop", "namespace": "home", "generation": int64(3)},
	}}
	resource := api.GroupVersion.WithResource("moveengines")
	for name, tc := range map[string]struct {
		reason  string
		engine  string
		made    int64
		refused bool
	}{
		"Same":    {"the pair follows", "shop", 3, false},
		"Behind":  {"the pair is behind", "shop", 2, true},
		"ByHand":  {"the pair was not made from an engine", "shop", 0, false},
		"Deleted": {"there is nothing that could say something else", "gone", 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			client := dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
				map[schema.GroupVersionResource]string{resource: "MoveEngineList"}, engine)
			s := &switcher{home: homeCluster{&cluster.Cluster{Namespace: "home", Dynamic: client}},
				task: &task.Task{Move: &task.Move{Engine: tc.engine, EngineGeneration: tc.made}}}
			err := s.followsEngine(t.Context())
			var stop *ending
			if errors.As(err, &stop) != tc.refused || err != nil && !tc.refused {
				t.Fatalf("%s: got %v", tc.reason, err)
			}
			if tc.refused && (stop.result.Reason != api.ReasonPlanUnsure || stop.result.Retry != task.RetrySoon) {
				t.Errorf("%s: got %+v", tc.reason, stop.result)
			}
		})
	}
}

// TestLoadPlan: what is not the plan of the record is no plan, whatever was killed between the two.
func TestLoadPlan(t *testing.T) {
	const hash = "fedcba9876543210"
	plan := pinnedPlan{hash, &application.Plan{Engine: "shop", SourceNamespace: "a", TargetNamespace: "b",
		Workloads: []application.Workload{{Ref: application.Ref{Group: "apps", Kind: "Deployment", Name: "web"}}}}}
	for name, tc := range map[string]struct {
		reason   string
		stored   bool
		recorded string
		want     bool
	}{
		"None":    {"nothing was pinned", false, "", false},
		"Before":  {"killed before the record was written", true, "", true},
		"Same":    {"the usual", true, hash, true},
		"Another": {"pinned again, and killed before the record followed", true, "0123456789abcdef", false},
		"Lost":    {"another client has deleted it", false, hash, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := &switcher{us: lineage.Actor{Pair: "pair", Switch: "switch"}, task: &task.Task{Move: &task.Move{}},
				home: homeCluster{&cluster.Cluster{Namespace: "home", Kube: fake.NewClientset()}}}
			if tc.stored {
				if err := s.home.StoreBundle(t.Context(), cluster.Bundle{Name: s.planName()}, plan); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.loadPlan(t.Context(), tc.recorded); err != nil {
				t.Fatal(err)
			}
			if got := s.plan != nil; got != tc.want {
				t.Errorf("%s: there is a plan: %t, want %t", tc.reason, got, tc.want)
			}
			if s.plan != nil && (s.plan.Engine != "shop" || len(s.plan.Workloads) != 1) {
				t.Errorf("the plan that was read is %+v", s.plan)
			}
		})
	}
}
