package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kubemove/kubemove/e2e/lab"
)

// TestReapply changes an application where a move has brought it, and brings it back with these changes: first to where it does not
// become healthy, so that all is there as it was; then to where it does.
func TestReapply(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	s.deploy(s.src, "shop.yaml")
	s.apply(s.src, "engine-auto.yaml", "KIND", "Deployment")
	s.switched()
	s.change(s.dst)
	left := s.contents(s.src)

	pod := s.pod(s.dst, "app=shop")
	_, err := s.dst.Exec(t.Context(), s.namespace, pod, "", "touch", "/data/unhealthy-at-src")
	require.NoError(t, err)
	s.apply(s.src, "reverse.yaml", "NAME", "back", "switchRef: {name: SWITCH}", "switchRef: {name: shop-dst}\n  objects: Reapply",
		"quiesce: {timeout: 120s}", "quiesce: {timeout: 120s}\n    healthTimeout: 40s")
	require.Equal(t, "Reapply", s.kubectl(s.src, "get", "movereverse", "back", "-o", "jsonpath={.spec.objects}"))
	s.kubectl(s.src, "wait", "--for=create", "moveswitch/back", timeout)
	s.kubectl(s.src, "wait", "--for=condition=RolledBack", "moveswitch/back", timeout)
	t.Log("\n" + s.kubectl(s.src, "get", "moveswitch", "back", "-o", "jsonpath={.status.conditions}"))
	require.Equal(t, left, s.contents(s.src), "what was left is as it was")
	require.Empty(t, s.kubectl(s.src, "get", "configmap", "more", "--ignore-not-found", "-o", "name"), "it was created by the switch")
	require.Equal(t, "1", s.kubectl(s.dst, "get", "deployment", "shop", "-o", "jsonpath={.spec.replicas}"))

	s.kubectl(s.dst, "rollout", "status", "deployment/shop", timeout)
	_, err = s.dst.Exec(t.Context(), s.namespace, s.pod(s.dst, "app=shop"), "", "rm", "/data/unhealthy-at-src")
	require.NoError(t, err)
	const addresses = "jsonpath={.spec.ports[?(@.port==80)].nodePort} {.spec.clusterIP}"
	port := s.kubectl(s.src, "get", "service", "shop", "-o", addresses)
	s.kubectl(s.src, "patch", "moveswitch", "back", "--type=merge", "-p", `{"spec":{"retry":"once-more"}}`)
	s.kubectl(s.src, "wait", "--for=condition=Switched", "movereverse/back", timeout)
	s.changed(s.src, "canary-of-the-application")
	require.Equal(t, port, s.kubectl(s.src, "get", "service", "shop", "-o", addresses), "addresses are those of the server")
	marks := s.kubectl(s.src, "get", "deployments,configmaps,services,secrets", "-l", "app.kubernetes.io/managed-by!=kubemove,"+notOfTarget,
		"-o", `jsonpath={.items[*].metadata.annotations}`)
	for _, mark := range []string{"reapplied-by", "held-by", "ledger"} {
		require.NotContains(t, marks, "kubemove.io/"+mark, "it stays on an object after the switch")
	}
	s.reapplyThere()
}

// reapplyThere: what the way back had left as it was is changed at home, and goes there again.
func (s *scenario) reapplyThere() {
	s.t.Helper()
	s.kubectl(s.src, "patch", "secret", "token", "--type=merge", "-p", `{"stringData":{"token":"another-canary"}}`)
	s.apply(s.src, "reverse.yaml", "NAME", "again", "switchRef: {name: SWITCH}", "switchRef: {name: back}\n  objects: Reapply")
	s.kubectl(s.src, "wait", "--for=condition=Switched", "movereverse/again", timeout)
	s.changed(s.dst, "another-canary")
}

// change the application in every way that goes back.
func (s *scenario) change(c *lab.Cluster) {
	s.t.Helper()
	s.kubectl(c, "create", "configmap", "more", "--from-literal=MORE=of-it")
	s.kubectl(c, "patch", "configmap", "settings", "--type=merge", "-p", `{"data":{"greeting":"moin","added":"key"}}`)
	s.kubectl(c, "patch", "service", "shop", "-p",
		`{"spec":{"ports":[{"name":"second","port":81,"targetPort":8080},{"name":"first","port":80}]}}`)
	s.kubectl(c, "patch", "deployment", "shop", "-p", `{"metadata":{"annotations":{"example.com/note":"changed"}},"spec":{"template":{"spec":
		{"containers":[{"name":"shop","envFrom":[{"configMapRef":{"name":"more"}}],"env":[{"name":"NEW","value":"yes"}]}]}}}}`)
	s.kubectl(c, "rollout", "status", "deployment/shop", timeout)
}

// changed holds that the application of a cluster runs as change has made it elsewhere, with that token.
func (s *scenario) changed(c *lab.Cluster, token string) {
	s.t.Helper()
	pod := s.pod(c, "app=shop")
	out, err := c.Exec(s.t.Context(), s.namespace, pod, "", "sh", "-c", `echo "$MORE $NEW $TOKEN $(cat /config/greeting /config/added)"`)
	require.NoError(s.t, err)
	require.Equal(s.t, "of-it yes "+token+" moinkey", strings.TrimSpace(out))
	ports := strings.Fields(s.kubectl(c, "get", "service", "shop", "-o", "jsonpath={.spec.ports[*].port}"))
	require.ElementsMatch(s.t, []string{"80", "81"}, ports)
	require.Equal(s.t, "changed", s.kubectl(c, "get", "deployment", "shop", "-o", `jsonpath={.metadata.annotations.example\.com/note}`))
}

// contents of what the application consists of, without what servers and controllers write at each change.
func (s *scenario) contents(c *lab.Cluster) string {
	s.t.Helper()
	var list struct{ Items []map[string]any }
	require.NoError(s.t, json.Unmarshal([]byte(s.kubectl(c, "get", "deployment/shop", "service/shop", "configmap/settings", "secret/token",
		"-o", "json")), &list))
	for _, o := range list.Items {
		delete(o, "status")
		m := o["metadata"].(map[string]any)
		for _, field := range []string{"resourceVersion", "generation", "managedFields"} {
			delete(m, field)
		}
		if a, ok := m["annotations"].(map[string]any); ok {
			delete(a, "deployment.kubernetes.io/revision")
		}
	}
	text, err := json.MarshalIndent(list.Items, "", " ")
	require.NoError(s.t, err)
	return string(text)
}
