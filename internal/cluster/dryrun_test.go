package cluster

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

// TestDryRunWarnings: each request gets its own warnings, with as many under way as there may be.
func TestDryRunWarnings(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var u unstructured.Unstructured
		if err := json.NewDecoder(r.Body).Decode(&u.Object); err != nil || r.URL.Query().Get("dryRun") != "All" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		for i := range 2 {
			w.Header().Add("Warning", fmt.Sprintf("299 - \"%s %d\"", u.GetName(), i))
		}
		_ = json.NewEncoder(w).Encode(u.Object)
	}))
	defer server.Close()
	c, err := New(SideTarget, "shop", &rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	kind := schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(kind, meta.RESTScopeNamespace)
	c.Mapper = fixedMapper{mapper}
	dry, err := c.DryRun()
	if err != nil {
		t.Fatal(err)
	}
	const n = 200
	got, want := make([][]string, n), make([][]string, n)
	errs := Each(t.Context(), n, func(i int) (err error) {
		u := &unstructured.Unstructured{}
		u.SetGroupVersionKind(kind)
		u.SetName(objectName(i))
		want[i] = []string{objectName(i) + " 0", objectName(i) + " 1"}
		got[i], err = dry.Create(t.Context(), u)
		return err
	})
	if err := First(errs); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("warnings of each request, -want +got:\n%s", diff)
	}
}
