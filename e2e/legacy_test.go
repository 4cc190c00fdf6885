package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// letters makes a folder on the node of src, with files of one user that no other user can read.
func letters(t *testing.T) string {
	t.Helper()
	volumes := filepath.Join(clusters.Dir, clusters.Source().Name, "volumes")
	require.NoError(t, os.MkdirAll(volumes, 0o755))
	dir, err := os.MkdirTemp(volumes, "legacy-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "1998", "drafts"), 0o700))
	for name, text := range map[string]string{"1998/first.txt": "Dear reader,\n",
		"1998/drafts/second.txt": strings.Repeat("draft ", 1<<16), "empty": ""} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	require.NoError(t, os.Symlink("1998/first.txt", filepath.Join(dir, "newest")))
	old := time.Date(1998, 7, 1, 12, 0, 0, 123456789, time.UTC)
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, 1000, 1000)
	}))
	require.NoError(t, os.Chtimes(filepath.Join(dir, "1998", "first.txt"), old, old))
	require.NoError(t, os.Chmod(dir, 0o700))
	return dir
}

// TestLegacyVolume moves a claim that no workload mounts, with files that were made outside of
// Kubernetes, into a provisioned one of another name, size and class, as the example does. The
// target's storage gives a new volume to root and to the group of a Pod.
func TestLegacyVolume(t *testing.T) {
	t.Parallel()
	folder := letters(t)
	before := tree(t, folder)
	s := newScenario(t)
	volume := "legacy-" + s.namespace
	node := s.kubectl(s.src, "get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")
	t.Cleanup(func() {
		// It goes when the claim does, with the namespace.
		_, _ = s.src.Kubectl(context.Background(), "delete", "pv", volume, "--ignore-not-found", "--wait=false")
	})
	s.apply(s.src, "examples/legacy-volume/volume.yaml", "legacy-files", volume, "/srv/letters", folder, "node-1", node,
		"namespace: archive", "namespace: "+s.namespace)
	s.kubectl(s.src, "wait", "pvc/files", "--for=jsonpath={.status.phase}=Bound", timeout)

	// A process looks into the folder: it might write as well.
	create(source, strings.ReplaceAll(peek, "backups", "files"))(s)
	s.kubectl(s.src, "wait", "--for=condition=Ready", "pod/peek", timeout)
	s.apply(s.src, "examples/legacy-volume/moveengine.yaml", "metadata: {name: legacy}", "metadata: {name: shop}",
		"storageClassName: standard", "storageClassName: owned", "namespace: archive", "namespace: "+s.namespace)
	s.t.Log("\n" + s.complaint([]string{"ClaimShared", "end Pod/peek first"}))
	s.kubectl(s.src, "delete", "pod", "peek", timeout)

	s.approve("shop-dst")
	plan := s.kubectl(s.src, "get", "movepair", "shop-dst", "-o",
		"jsonpath={.status.plan.objects} {.status.plan.volumes[*].name} {.status.plan.volumes[*].target} {.status.plan.volumes[*].files}")
	require.Equal(t, "1 files letters 4", plan, "objects, claim, claim at the target and files of the plan")
	s.switched()

	require.Equal(t, "Bound owned 5Gi ReadWriteOnce", s.kubectl(s.dst, "get", "pvc", "letters", "-o",
		"jsonpath={.status.phase} {.spec.storageClassName} {.spec.resources.requests.storage} {.spec.accessModes[*]}"))
	// The root of the volume is the storage's.
	requireSameTree(t, before[1:], tree(t, s.volume(s.dst, "letters"))[1:])
	requireSameTree(t, before, tree(t, folder))
	require.Empty(t, s.kubectl(s.dst, "get", "pods,deployments", "-o", "name"), "nothing is started for a claim")
	require.Equal(t, volume+" Bound", s.kubectl(s.src, "get", "pvc", "files", "-o", "jsonpath={.spec.volumeName} {.status.phase}"))
	require.Equal(t, "Target", s.kubectl(s.src, "get", "moveengine", "shop", "-o", "jsonpath={.status.active.side}"))
}
