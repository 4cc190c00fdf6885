package cli

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/kubemove/kubemove/internal/cli/kit"
)

// TestWarnOfVersion: a program of another minor version than the hooks says so after a change, wherever they are installed.
func TestWarnOfVersion(t *testing.T) {
	t.Parallel()
	const own, shared = "kubemove", "kubemove-hooks"
	for name, c := range map[string]struct {
		reason, client, deployment, image string
		warns                             bool
	}{
		"Same":      {"a patch is no difference", "v0.1.3", own, "ghcr.io/kubemove/hooks:v0.1.0", false},
		"Older":     {"another minor version", "v0.1.3", own, "ghcr.io/kubemove/hooks:v0.2.0", true},
		"Shared":    {"a shared Metacontroller", "v0.1.3", shared, "registry:5000/hooks:v0.3.0@sha256:00", true},
		"Digest":    {"an image without a version", "v0.1.3", own, "registry:5000/hooks@sha256:00", false},
		"Built":     {"a program that is no release", "devel 123", own, "ghcr.io/kubemove/hooks:v0.2.0", false},
		"Forbidden": {"a user who may not read it", "v0.1.3", "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				switch r.URL.Path {
				case "/apis/apps/v1/namespaces/kubemove-system/deployments/" + c.deployment:
					var d appsv1.Deployment
					d.APIVersion, d.Kind, d.Name = "apps/v1", "Deployment", c.deployment
					d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "metacontroller", Image: "m:v4.0.0"}, {Name: "hooks", Image: c.image}}
					_ = json.NewEncoder(w).Encode(d)
				default:
					code, reason := http.StatusNotFound, "NotFound"
					if c.deployment == "" {
						code, reason = http.StatusForbidden, "Forbidden"
					}
					w.WriteHeader(code)
					_ = json.NewEncoder(w).Encode(map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason,
						"code": code})
				}
			}))
			t.Cleanup(server.Close)
			var said bytes.Buffer
			flags := genericclioptions.NewConfigFlags(true)
			flags.APIServer = &server.URL
			warnOfVersion(t.Context(), &kit.Kit{Out: &said, ErrOut: &said, Flags: flags}, c.client)
			if warns := strings.Contains(said.String(), "Warning: this program is "+c.client); warns != c.warns {
				t.Errorf("%s: it says %q", c.reason, said.String())
			}
		})
	}
}
