package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDeletionPolicy removes a live move with its copy at the target, and leaves one that another client mounts.
func TestDeletionPolicy(t *testing.T) {
	t.Parallel()
	for name, left := range map[string]string{"unused": "", "mounted": "data"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScenario(t)
			s.deploy(s.src, "shop.yaml")
			s.apply(s.src, "live.yaml", "  application: {selector: {matchLabels: {app.kubernetes.io/part-of: demo}}}\n",
				"  application: {workloads: [{kind: Deployment, name: shop}]}\n  deletionPolicy: Delete\n")
			s.kubectl(s.src, "wait", "movepair/shop-dst", "--for=create", timeout)
			s.kubectl(s.src, "wait", "movepair/shop-dst", "--for=jsonpath={.status.lastSuccessTime}", timeout)
			require.Equal(t, "data", s.kubectl(s.dst, "get", "pvc", "-l", "!kubemove.io/repository", "-o", "jsonpath={.items[*].metadata.name}"))
			if left != "" {
				s.apply(s.dst, "reader.yaml")
			}
			s.kubectl(s.src, "delete", "moveengine", "shop", timeout)
			require.Equal(t, left, s.kubectl(s.dst, "get", "pvc", "-o", "jsonpath={.items[*].metadata.name}"))
			require.Equal(t, "data", s.kubectl(s.src, "get", "pvc", "-o", "jsonpath={.items[*].metadata.name}"), "the source's is its own")
		})
	}
}
