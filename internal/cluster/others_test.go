package cluster

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestOtherKinds(t *testing.T) {
	all := metav1.Verbs{"create", "get", "list"}
	lists := []*metav1.APIResourceList{
		{GroupVersion: "v1", APIResources: []metav1.APIResource{
			{Name: "secrets", Kind: "Secret", Verbs: all}, {Name: "endpoints", Kind: "Endpoints", Verbs: all},
			{Name: "events", Kind: "Event", Verbs: all}, {Name: "pods/log", Kind: "Pod", Verbs: all}, {Name: "bindings", Kind: "Binding", Verbs: metav1.Verbs{"create"}}}},
		{GroupVersion: "metrics.k8s.io/v1beta1", APIResources: []metav1.APIResource{{Name: "pods", Kind: "PodMetrics", Verbs: metav1.Verbs{"get", "list"}}}},
		{GroupVersion: "kubemove.io/v1alpha1", APIResources: []metav1.APIResource{{Name: "movepairs", Kind: "MovePair", Verbs: all}}},
		{GroupVersion: "metacontroller.k8s.io/v1alpha1", APIResources: []metav1.APIResource{{Name: "controllerrevisions", Kind: "ControllerRevision", Verbs: all}}},
		{GroupVersion: "autoscaling/v9", APIResources: []metav1.APIResource{{Name: "horizontalpodautoscalers", Kind: "HorizontalPodAutoscaler", Verbs: all}}},
		{GroupVersion: "example.com/v2", APIResources: []metav1.APIResource{{Name: "events", Kind: "Event", Verbs: all}}},
		{GroupVersion: "a/b/c", APIResources: []metav1.APIResource{{Name: "odd", Kind: "Odd", Verbs: all}}},
	}
	known := []schema.GroupVersionResource{{Version: "v1", Resource: "secrets"}, {Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"}}
	var got []string
	for _, k := range otherKinds(lists, known) {
		got = append(got, k.resource.GroupResource().String()+" "+k.kind)
	}
	want := []string{"endpoints Endpoints", "events.example.com Event"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("only what somebody can create, and nobody reads otherwise, in whatever version (-want +got):\n%s", diff)
	}
}
