package cutover

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/workload"
)

// TestMade: what controllers have made at the target of the plan's custom resources is stopped
// before anything is deleted, and gone before the source comes back.
func TestMade(t *testing.T) {
	cr := Object{Ref: application.Ref{Group: "example.com", Kind: "Widget", Name: "a"}, Phase: application.PhaseStart, Workload: true,
		Runs: true, Exists: true, Mine: true, Stopped: true}
	made := Object{Ref: application.Ref{Group: "apps", Kind: "Deployment", Name: "widget-a"}, Phase: application.PhaseStart, Workload: true,
		Exists: true, Mine: true}
	role := Object{Ref: application.Ref{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "shop"},
		Phase: application.PhaseStart, Cluster: true, Exists: true, Mine: true}
	crd := Object{Ref: application.Ref{Group: "apiextensions.k8s.io", Kind: definitionKind, Name: "widgets.example.com"},
		Phase: application.PhaseStart, Cluster: true, Exists: true, Mine: true}
	stopped := made
	stopped.Stopped = true
	cases := map[string]struct {
		reason string
		change func(*Observed)
		want   Kind
	}{
		"Running": {"its Pods may write", func(o *Observed) { o.Made = []Object{made} }, StopTarget},
		"Stopping": {"Pods are seen gone before the source starts",
			func(o *Observed) { o.Made, o.TargetPods = []Object{stopped}, []string{"Pod/x"} }, Wait},
		"Stopped": {"with the custom resource goes what was made of it", func(o *Observed) { o.Made = []Object{stopped} }, DeleteObjects},
		"Shared": {"the account at the target may not delete what belongs to the whole cluster",
			func(o *Observed) { o.Objects = []Object{role} }, Forget},
		"Kept": {"a definition stays, since all objects of its kind would go with it", func(o *Observed) { o.Objects = []Object{crd} }, Forget},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			o := Observed{Now: time.Now(), Began: time.Now(), HasRecord: true, Record: Record{RollbackAt: new(time.Now())},
				SourceLock: LockMine, TargetLock: LockMine, Objects: []Object{cr}}
			tc.change(&o)
			if diff := cmp.Diff(tc.want, NextRollback(o).Kind); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// TestObserveMadeOfReplaced: a roll back sees what runs at the target under the name of a workload that
// was made of a custom resource, also when this is another client's by now.
func TestObserveMadeOfReplaced(t *testing.T) {
	widget := application.Ref{Group: "example.com", Kind: "Widget", Name: "a"}
	web := application.Ref{Group: "apps", Kind: "Deployment", Name: "web"}
	yes := true
	u := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{"name": "web", "namespace": "shop", "uid": "d"}}}
	u.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "example.com/v1", Kind: "Widget", Name: "a", UID: "new", Controller: &yes}})
	lists := map[schema.GroupVersionResource]string{}
	for _, k := range workload.All() {
		lists[workload.GVR(k)] = k.GVK().Kind + "List"
	}
	for name, c := range map[string]struct {
		reason   string
		rollback bool
		want     int
	}{
		"RollBack": {"the source may not come back beside it", true, 1},
		"Cutover":  {"the conflict of the custom resource itself ends it", false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := &switcher{us: us, rollback: c.rollback, target: side{&cluster.Cluster{Side: cluster.SideTarget, Namespace: "shop",
				Dynamic: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists, u)}}}
			o := &Observed{Objects: []Object{{Ref: widget, Workload: true, Runs: true, Exists: true}},
				Workloads: []Workload{{Workload: application.Workload{Ref: web, MadeBy: &widget}}}}
			if err := s.observeMade(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			if len(o.Made) != c.want || c.want > 0 && o.Made[0].Mine {
				t.Errorf("%s: got %+v", c.reason, o.Made)
			}
		})
	}
}
