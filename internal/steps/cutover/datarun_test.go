package cutover

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/workload"
	"github.com/kubemove/kubemove/task"
)

// plainMapper knows the kinds of workloads.
type plainMapper struct{ *meta.DefaultRESTMapper }

func (plainMapper) Reset() {}

func stoppedDeployment(generation int64) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{"name": "web", "namespace": "shop", "uid": "u", "generation": generation},
		"spec":     map[string]any{"replicas": int64(0)},
		"status":   map[string]any{"observedGeneration": generation},
	}}
}

// clusterOf a side.
func clusterOf(e endpoint) *cluster.Cluster { return e.(side).Cluster }

// fakeSwitcher has one workload that is stopped, and nothing to copy.
func fakeSwitcher(t *testing.T) *switcher {
	t.Helper()
	mapper := plainMapper{meta.NewDefaultRESTMapper(nil)}
	mapper.Add(workload.Named("Deployment").GVK(), meta.RESTScopeNamespace)
	at := func(name string, objects ...runtime.Object) *cluster.Cluster {
		return &cluster.Cluster{Side: name, Namespace: "shop", Kube: fake.NewClientset(), Mapper: mapper,
			Dynamic: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
				map[schema.GroupVersionResource]string{workload.GVR(workload.Named("Deployment")): "DeploymentList"}, objects...)}
	}
	source, target := at(cluster.SideSource, stoppedDeployment(1)), at(cluster.SideTarget)
	work := &task.Task{Move: &task.Move{Pair: task.Object{Name: "shop-dst", UID: "pair"}, Switch: &task.Object{Name: "shop-dst", UID: self}}}
	s := &switcher{us: us, source: side{source}, target: side{target}, task: work,
		mover: &pairRuns{task: work, source: source, target: target},
		plan: &application.Plan{Workloads: []application.Workload{{Ref: application.Ref{Group: "apps", Kind: "Deployment", Name: "web"},
			Replicas: 1}}}}
	target.Kube.(*fake.Clientset).PrependReactor("*", "configmaps", func(a clienttesting.Action) (bool, runtime.Object, error) {
		if write, ok := a.(clienttesting.CreateAction); ok {
			write.GetObject().(*corev1.ConfigMap).ResourceVersion = "1" // A server always gives one.
		}
		return false, nil, nil
	})
	if err := s.update(t.Context(), s.target, true, func(r *Record) { r.PlanHash = "h" }); err != nil {
		t.Fatal(err)
	}
	return s
}

// observed reads what finalSync decides by.
func (s *switcher) observed(t *testing.T) *Observed {
	t.Helper()
	o := &Observed{Us: us}
	if err := s.observeRecords(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if err := s.observeSource(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return o
}

// TestFinalSyncOfNothing: without data the final run is the fence alone, and each one is new.
func TestFinalSyncOfNothing(t *testing.T) {
	s := fakeSwitcher(t)
	for epoch := 1; epoch <= 2; epoch++ {
		if o := s.observed(t); o.finalHolds() {
			t.Fatalf("epoch %d: a final run holds that was not made", epoch)
		} else if err := s.finalSync(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		o := s.observed(t)
		if !o.finalHolds() || o.Record.Final.Epoch != epoch || o.Record.Final.ID != s.runID() {
			t.Errorf("epoch %d: the final run does not hold: %+v", epoch, o.Record)
		}
		// Another client touches the source.
		if _, err := clusterOf(s.source).Dynamic.Resource(workload.GVR(workload.Named("Deployment"))).Namespace("shop").
			Update(t.Context(), stoppedDeployment(int64(epoch+1)), metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLostIsTold: workers that cannot be removed do not hide why the run has failed.
func TestLostIsTold(t *testing.T) {
	s := fakeSwitcher(t)
	clusterOf(s.target).Kube.(*fake.Clientset).PrependReactor("list", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, errors.New("the node is down")
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // what is left of the time to close
	var end *ending
	if err := s.lost(ctx, errors.New("disk full")); !errors.As(err, &end) {
		t.Errorf("the cutover does not end: %v", err)
	}
}

// TestMarkEndsTrust: what an application has written is no copy any more, also after it was stopped.
func TestMarkEndsTrust(t *testing.T) {
	for _, set := range []bool{true, false} {
		s := fakeSwitcher(t)
		claims := clusterOf(s.target).Kube.CoreV1().PersistentVolumeClaims("shop")
		mark := map[string]string{api.CopyAnnotation: "whole/a", "team": "blue"}
		c := Claim{Name: "data", Exists: true}
		if !set {
			mark[api.ActiveAnnotation], c.Mark = self, self
		}
		if _, err := claims.Create(t.Context(), &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data", Annotations: mark}},
			metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := s.mark(t.Context(), set, &Observed{Claims: []Claim{c}}); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"team": "blue"}
		if set {
			want[api.ActiveAnnotation] = self
		}
		got, err := claims.Get(t.Context(), "data", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.Annotations); diff != "" {
			t.Errorf("active %t (-want +got):\n%s", set, diff)
		}
	}
}
