package cluster

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
)

// TestDeniedSecret: a webhook or a policy may quote the object that it refuses.
func TestDeniedSecret(t *testing.T) {
	const plain, encoded = "hunter2-of-the-shop", "aHVudGVyMi1vZi10aGUtc2hvcA=="
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		text := `admission webhook "scan.example.org" denied the request: the password ` + plain + ` (` + encoded + `) is weak`
		status := apierrors.NewForbidden(corev1.Resource("secrets"), "db", errors.New(text)).Status()
		status.Kind, status.APIVersion = "Status", "v1"
		status.Details.Causes = []metav1.StatusCause{{Field: "data", Message: text}}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Warning", `299 - "the password `+plain+` is weak"`)
		w.WriteHeader(int(status.Code))
		_ = json.NewEncoder(w).Encode(status)
	}))
	defer server.Close()
	c, err := New(SideTarget, "shop", &rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(corev1.SchemeGroupVersion.WithKind("Secret"), meta.RESTScopeNamespace)
	c.Mapper = fixedMapper{mapper}
	dry, err := c.DryRun()
	if err != nil {
		t.Fatal(err)
	}
	secret := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Secret",
		"metadata": map[string]any{"name": "db", "resourceVersion": "1"}, "data": map[string]any{"password": encoded}}}
	for name, do := range map[string]func() ([]string, error){
		"Create":       func() ([]string, error) { _, err := c.Create(t.Context(), secret); return nil, err },
		"Update":       func() ([]string, error) { _, err := c.Update(t.Context(), secret); return nil, err },
		"DryRunCreate": func() ([]string, error) { return dry.Create(t.Context(), secret) },
		"DryRunUpdate": func() ([]string, error) { _, err := dry.Update(t.Context(), secret); return nil, err },
	} {
		t.Run(name, func(t *testing.T) {
			warnings, err := do()
			var status apierrors.APIStatus
			if !Denied(err) || !errors.As(err, &status) {
				t.Fatalf("got %v", err)
			}
			said, err := json.Marshal([]any{warnings, err.Error(), status.Status()})
			if err != nil {
				t.Fatal(err)
			}
			if text := string(said); strings.Contains(text, plain) || strings.Contains(text, encoded) || !strings.Contains(text, "is weak") {
				t.Errorf("it says %s", text)
			}
		})
	}
}
