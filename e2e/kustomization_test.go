package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestKustomization moves the example whose objects are changed on the way, with another name
// for each of them, too. An entry that matches nothing is found first.
func TestKustomization(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	// The clusters hold one image; it has two names.
	s.apply(s.src, "examples/kustomization/app.yaml", "docker.io/library/busybox:1.36", "busybox:1.36")
	s.kubectl(s.src, "rollout", "status", "deployment/web", timeout)
	s.kubectl(s.src, "rollout", "status", "deployment/worker", timeout)
	before := s.files(s.src, s.pod(s.src, "part=web"))

	const engine = "examples/kustomization/moveengine.yaml"
	change := []string{"namespace: notes", "namespace: " + s.namespace, "name: docker.io/library/busybox", "name: busybox",
		"newName: mirror.example.com/library/busybox", "newName: docker.io/library/busybox", "kustomization:\n",
		"kustomization:\n        namePrefix: new-\n"}
	s.apply(s.src, engine, append([]string{"- name: worker", "- name: wroker"}, change...)...)
	s.await(patience, "a blocker for the entry that matches nothing", func() error {
		got := s.kubectl(s.src, "get", "moveengine", "notes", "-o", "jsonpath={.status.blockers}")
		if !strings.Contains(got, "PatchMatchesNothing") || !strings.Contains(got, "Deployment.apps/worker") {
			return fmt.Errorf("the blockers are %q", got)
		}
		return nil
	})

	s.apply(s.src, engine, change...)
	s.approve("notes-dst")
	s.kubectl(s.src, "wait", "--for=condition=Switched", "moveengine/notes", timeout)

	require.Equal(t, before, s.files(s.dst, s.pod(s.dst, "part=web")), "the files at the target")
	get := func(what, path string) string {
		return s.kubectl(s.dst, "get", what, "-o", "jsonpath={"+path+"}")
	}
	require.Equal(t, "docker.io/library/busybox:1.36", get("deployment/new-web", ".spec.template.spec.containers[0].image"))
	require.Equal(t, "new", get("deployment/new-web", ".spec.template.spec.containers[0].env[0].value"))
	require.Equal(t, "new-notes", get("deployment/new-web", ".spec.template.spec.volumes[0].persistentVolumeClaim.claimName"))
	require.Equal(t, "1", get("deployment/new-worker", ".spec.replicas"))
	require.Equal(t, "notes.new.example.com new-web",
		get("ingress/new-web", ".spec.rules[0].host} {.spec.rules[0].http.paths[0].backend.service.name"))
	require.Equal(t, "new", get("persistentvolumeclaim/new-notes", ".metadata.labels.site"))
	got, err := s.dst.Exec(t.Context(), s.namespace, s.pod(s.dst, "part=web"), "", "wget", "-qO-", "http://new-web")
	require.NoError(t, err)
	require.Equal(t, "a note", strings.TrimSpace(got))

	// The source is as it was, but stopped.
	require.Equal(t, "0 busybox:1.36",
		s.kubectl(s.src, "get", "deployment", "web", "-o", "jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image}"))
	require.Equal(t, "notes.old.example.com", s.kubectl(s.src, "get", "ingress", "web", "-o", "jsonpath={.spec.rules[0].host}"))
}
