package cluster

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

func TestOtherKinds(t *testing.T) {
	all := metav1.Verbs{"create", "get", "list"}
	lists := []*metav1.APIResourceList{
		{GroupVersion: "v1", APIResources: []metav1.APIResource{
			{Name: "secrets", Kind: "Secret", Verbs: all}, {Name: "endpoints", Kind: "Endpoints", Verbs: all},
			{Name: "events", Kind: "Event", Verbs: all}, {Name: "pods/log", Kind: "Pod", Verbs: all},
			{Name: "bindings", Kind: "Binding", Verbs: metav1.Verbs{"create"}}}},
		{GroupVersion: "metrics.k8s.io/v1beta1",
			APIResources: []metav1.APIResource{{Name: "pods", Kind: "PodMetrics", Verbs: metav1.Verbs{"get", "list"}}}},
		{GroupVersion: "kubemove.io/v1alpha1", APIResources: []metav1.APIResource{{Name: "movepairs", Kind: "MovePair", Verbs: all}}},
		{GroupVersion: "metacontroller.k8s.io/v1alpha1",
			APIResources: []metav1.APIResource{{Name: "controllerrevisions", Kind: "ControllerRevision", Verbs: all}}},
		{GroupVersion: "autoscaling/v9",
			APIResources: []metav1.APIResource{{Name: "horizontalpodautoscalers", Kind: "HorizontalPodAutoscaler", Verbs: all}}},
		{GroupVersion: "example.com/v2", APIResources: []metav1.APIResource{{Name: "events", Kind: "Event", Verbs: all}}},
		{GroupVersion: "a/b/c", APIResources: []metav1.APIResource{{Name: "odd", Kind: "Odd", Verbs: all}}},
	}
	known := []schema.GroupVersionResource{{Version: "v1", Resource: "secrets"},
		{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"}}
	var got []string
	for _, k := range otherKinds(lists, known) {
		got = append(got, k.resource.GroupResource().String()+" "+k.kind)
	}
	want := []string{"endpoints Endpoints", "events.example.com Event"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("only what a client can create, and what is not read otherwise, in whatever version (-want +got):\n%s", diff)
	}
}

// TestSilentGroups: of a group whose server does not answer it is not known what there is, and all
// others are looked through.
func TestSilentGroups(t *testing.T) {
	served := map[string]any{
		"/api": map[string]any{"kind": "APIVersions", "versions": []string{"v1"}},
		"/apis": map[string]any{"kind": "APIGroupList", "groups": []any{
			servedGroup("example.com"), servedGroup("b.example.com"), servedGroup("a.example.com"), servedGroup("metrics.k8s.io")}},
		"/api/v1": map[string]any{"kind": "APIResourceList", "groupVersion": "v1", "resources": []any{}},
		"/apis/example.com/v1": map[string]any{"kind": "APIResourceList", "groupVersion": "example.com/v1", "resources": []any{
			map[string]any{"name": "widgets", "kind": "Widget", "namespaced": true, "verbs": []string{"create", "list"}}}},
		"/apis/example.com/v1/namespaces/shop/widgets": map[string]any{"apiVersion": "v1", "kind": "List",
			"metadata": map[string]any{}, "items": []any{
				map[string]any{"apiVersion": "example.com/v1", "kind": "Widget", "metadata": map[string]any{"name": "w", "namespace": "shop"}}}},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answer := served[r.URL.Path]
		if answer == nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			answer = map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": http.StatusServiceUnavailable,
				"reason": "ServiceUnavailable"}
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	c, err := New(SideSource, "shop", &rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Others(t.Context(), nil, func(_ schema.GroupKind, preferred string) string { return preferred })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a.example.com/v1", "b.example.com/v1"}, got.Silent); diff != "" {
		t.Errorf("the groups that do not answer, but for those of which nothing can be created (-want +got):\n%s", diff)
	}
	if len(got.Objects) != 1 || len(got.Unseen) > 0 {
		t.Errorf("got the objects %v, unseen %v, want the Widget and nothing unseen", got.Objects, got.Unseen)
	}
}

func servedGroup(name string) map[string]any {
	version := map[string]any{"groupVersion": name + "/v1", "version": "v1"}
	return map[string]any{"name": name, "versions": []any{version}, "preferredVersion": version}
}
