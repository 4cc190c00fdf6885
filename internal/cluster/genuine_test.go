package cluster

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

// notFound answers everything with 404 and a body.
type notFound struct{ contentType, body string }

func (n notFound) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusNotFound, Request: r, Header: http.Header{"Content-Type": []string{n.contentType}},
		Body: io.NopCloser(strings.NewReader(n.body))}, nil
}

// TestForeignNotFound: what only an API server can know is taken from an API server only.
func TestForeignNotFound(t *testing.T) {
	const status = `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"not found","reason":"NotFound","code":404}`
	read := func(c *Cluster) error {
		_, err := c.ReadRecord(t.Context(), "u", nil)
		return err
	}
	release := func(c *Cluster) error { return c.ReleaseLock(t.Context(), "u") }
	remove := func(c *Cluster) error { return c.DeleteRecord(t.Context(), "u") }
	list := func(c *Cluster) error {
		_, err := c.ListClusterScoped(t.Context(), schema.GroupVersionResource{Version: "v1", Resource: "pods"})
		return err
	}
	budgets := func(c *Cluster) error {
		_, err := c.ListClusterScoped(t.Context(), schema.GroupVersionResource{Group: "policy", Version: "v1", Resource: "poddisruptionbudgets"})
		return err
	}
	engines := func(c *Cluster) error {
		_, err := c.ListClusterScoped(t.Context(),
			schema.GroupVersionResource{Group: "kubemove.io", Version: "v1alpha1", Resource: "moveengines"})
		return err
	}
	for name, c := range map[string]struct {
		reason string
		answer notFound
		do     func(*Cluster) error
		want   Kind
	}{
		"Record":   {"the API server says that there is none", notFound{"application/json", status}, read, ""},
		"Protobuf": {"it says so in its own encoding", notFound{"application/vnd.kubernetes.protobuf", "k8s\x00\n"}, remove, ""},
		"Balancer": {"a balancer without a backend knows nothing of records", notFound{"text/plain", "404 page not found"}, read, Unreachable},
		"Proxy": {"nor does a proxy that has lost the cluster",
			notFound{"application/json", `{"type":"error","status":"404","message":"no such cluster"}`}, read, Unreachable},
		"Empty":    {"no words at all are no answer", notFound{"", ""}, read, Unreachable},
		"Lock":     {"a lock that may be held is not free", notFound{"text/html", "<html>"}, release, Unreachable},
		"Deletion": {"what was not deleted is not gone", notFound{"text/html", "<html>"}, remove, Unreachable},
		"Pods":     {"Pods are served by each API server", notFound{"text/plain", "404 page not found"}, list, Unreachable},
		"NotServed": {"an API server says in these words that it does not serve a group",
			notFound{"text/plain", "404 page not found"}, budgets, NotFound},
		"NotHome": {"KubeMove is installed at home only", notFound{"text/plain", "404 page not found"}, engines, NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			cl, err := New(SideSource, "shop", &rest.Config{Host: "http://example.org/k8s/clusters/a", Transport: c.answer})
			if err != nil {
				t.Fatal(err)
			}
			err = c.do(cl)
			if diff := cmp.Diff(c.want, KindOf(err)); diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", c.reason, err, diff)
			}
		})
	}
}
