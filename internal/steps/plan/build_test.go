package plan

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

// TestCaptureOfASilentGroup: a plan does not pass over a group whose server is down for a moment
// only, be it in the first discovery or in the second.
func TestCaptureOfASilentGroup(t *testing.T) {
	cases := map[string]struct {
		reason string
		// down says in which of the readings of the group its server does not answer. A client that has
		// not heard of all groups asks twice.
		down   func(reading int) bool
		unsure bool
	}{
		"Up":     {"it answers", func(int) bool { return false }, false},
		"Down":   {"it never answers", func(int) bool { return true }, true},
		"First":  {"the version to read its objects in is not known", func(reading int) bool { return reading < 2 }, true},
		"Second": {"its kinds are not known", func(reading int) bool { return reading > 0 }, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			readings := 0
			source := discovered(t, cluster.SideSource, func() bool { readings++; return tc.down(readings - 1) })
			target := discovered(t, cluster.SideTarget, func() bool { return false })
			p, err := Capture(t.Context(), source, target,
				&task.Task{Move: &task.Move{Application: api.Application{Selector: &metav1.LabelSelector{}}}}, "")
			if err != nil {
				t.Fatal(err)
			}
			if unsure := strings.Contains(strings.Join(p.Unsure, "\n"), "example.com/v1"); unsure != tc.unsure {
				t.Errorf("%s: got %q", tc.reason, p.Unsure)
			}
		})
	}
}

// discovered is a cluster with empty namespaces that serves one group with a server of its own.
func discovered(t *testing.T, side string, down func() bool) *cluster.Cluster {
	t.Helper()
	version := map[string]any{"groupVersion": "example.com/v1", "version": "v1"}
	answers := map[string]any{
		"/api":    map[string]any{"kind": "APIVersions", "versions": []string{"v1"}},
		"/api/v1": map[string]any{"kind": "APIResourceList", "groupVersion": "v1", "resources": []any{}},
		"/apis": map[string]any{"kind": "APIGroupList",
			"groups": []any{map[string]any{"name": "example.com", "versions": []any{version}, "preferredVersion": version}}},
		"/apis/example.com/v1": map[string]any{"kind": "APIResourceList", "groupVersion": "example.com/v1", "resources": []any{
			map[string]any{"name": "widgets", "kind": "Widget", "namespaced": true, "verbs": []string{"create", "list"}}}},
		"/api/v1/namespaces/shop": map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "shop"}},
		"/api/v1/namespaces/kube-system": map[string]any{"apiVersion": "v1", "kind": "Namespace",
			"metadata": map[string]any{"name": "kube-system", "uid": side}},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answer := answers[r.URL.Path]
		switch {
		case r.URL.Path == "/apis/example.com/v1" && down():
			w.WriteHeader(http.StatusServiceUnavailable)
		case answer == nil:
			answer = map[string]any{"apiVersion": "v1", "kind": "List", "metadata": map[string]any{}, "items": []any{}}
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	c, err := cluster.New(side, "shop", &rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
