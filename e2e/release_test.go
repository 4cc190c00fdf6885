package e2e

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubemove/kubemove/e2e/lab"
)

// releaser is a tool that applies releases: each returns the arguments of a kubectl that does the same.
type releaser struct {
	// first and next apply a file with a release.
	first, next func(file string) []string
	// patches are the next release of a tool that sends only what differs from its last one.
	patches map[string]string
}

func apply(flags ...string) func(file string) []string {
	return func(file string) []string { return append([]string{"apply", "-f", file}, flags...) }
}

func releasers() map[string]releaser {
	same := func(do func(string) []string) releaser { return releaser{first: do, next: do} }
	return map[string]releaser{
		"kubectl":     same(apply()),
		"server-side": same(apply("--server-side", "--field-manager=pipeline")),
		"argo":        same(apply("--server-side", "--force-conflicts", "--field-manager=argocd-controller")),
		"helm": {
			first: func(file string) []string { return []string{"create", "-f", file, "--field-manager=Helm"} },
			patches: map[string]string{
				"configmap": `{"data":{"colour":"green","size":null}}`,
				"deployment": `{"spec":{"replicas":2,"template":{"spec":{"containers":[{"name":"site","env":[
					{"name":"RELEASE","value":"2"},{"name":"OLD_SWITCH","$patch":"delete"}]}]}}}}`,
			},
		},
	}
}

// TestNextRelease: after a move the next release is applied as if there had been none: without a
// conflict, and what the release no longer has is gone.
func TestNextRelease(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	file := func(site, release string) string {
		path := filepath.Join(t.TempDir(), site+release+".yaml")
		s.write(path, "foresight/next-release/"+release+".yaml", "SITE", site)
		return path
	}
	for site, r := range releasers() {
		s.kubectl(s.src, r.first(file(site, "first"))...)
	}
	for site := range releasers() {
		s.kubectl(s.src, "rollout", "status", "deployment/"+site, timeout)
	}
	s.apply(s.src, "foresight/engine.yaml")
	s.approve("shop-dst")
	require.Equal(t, "Switched", s.ended())
	for site, r := range releasers() {
		t.Run(site, func(t *testing.T) {
			s := s.within(t)
			for _, object := range []string{"configmap/" + site, "deployment/" + site} {
				require.NotContains(t, s.writers(s.dst, object), "kubemove", "who has written %s", object)
			}
			if r.next != nil {
				s.kubectl(s.dst, r.next(file(site, "next"))...)
			}
			for kind, patch := range r.patches {
				s.kubectl(s.dst, "patch", kind, site, "--field-manager=Helm", "-p", patch)
			}
			require.Equal(t, `{"colour":"green"}`, s.kubectl(s.dst, "get", "configmap", site, "-o", "jsonpath={.data}"))
			require.Equal(t, `2 [{"name":"RELEASE","value":"2"}]`, s.kubectl(s.dst, "get", "deployment", site, "-o",
				"jsonpath={.spec.replicas} {.spec.template.spec.containers[0].env}"))
			s.kubectl(s.dst, "rollout", "status", "deployment/"+site, timeout)
		})
	}
}

// within is the scenario in a test of its own.
func (s *scenario) within(t *testing.T) *scenario {
	own := *s
	own.t = t
	return &own
}

// writers are the field managers of what a release says in an object.
func (s *scenario) writers(c *lab.Cluster, object string) string {
	s.t.Helper()
	var o metav1.PartialObjectMetadata
	require.NoError(s.t, json.Unmarshal([]byte(s.kubectl(c, "get", object, "--show-managed-fields", "-o", "json")), &o))
	var names []string
	for _, m := range o.ManagedFields {
		if fields := m.FieldsV1.GetRawString(); strings.Contains(fields, `"f:spec"`) || strings.Contains(fields, `"f:data"`) {
			names = append(names, m.Manager)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}
