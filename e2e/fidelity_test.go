package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/kubemove/kubemove/e2e/lab"
)

// volume is the folder on this machine that holds a claim.
func (s *scenario) volume(c *lab.Cluster, claim string) string {
	s.t.Helper()
	name := s.kubectl(c, "get", "pvc", claim, "-o", "jsonpath={.spec.volumeName}")
	path := s.kubectl(c, "get", "pv", name, "-o", "jsonpath={.spec.hostPath.path}{.spec.local.path}")
	require.DirExists(s.t, path)
	return path
}

// TestFidelity moves files of every kind, and compares them with nothing of KubeMove's own.
func TestFidelity(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	s.deploy(s.src, "vault.yaml")
	source := s.volume(s.src, "data")
	fillTree(t, source)
	before := tree(t, source)

	s.apply(s.src, "engine-checksum.yaml")
	s.approve("shop-dst")
	readOnly := s.watchMounts()
	s.switched()
	target := s.volume(s.dst, "data")
	requireSameTree(t, before, tree(t, target))
	requireSameTree(t, before, tree(t, source))
	require.Equal(t, "true", readOnly(), "the source worker's mount, as the kubelet reports it")
	require.Len(t, tree(t, s.volume(s.dst, "nothing")), 1, "the empty volume")

	sparse, err := os.Stat(target + "/sparse")
	require.NoError(t, err)
	require.Less(t, sparse.Sys().(*syscall.Stat_t).Blocks*512, int64(16<<20), "the sparse file takes room at the target")
	warnings := s.kubectl(s.src, "get", "movepair", "shop-dst", "-o", "jsonpath={.status.plan.warnings}")
	require.Contains(t, warnings, "2 sockets or device nodes")
	t.Log(s.kubectl(s.src, "get", "movepair", "shop-dst", "-o", "jsonpath={.status.plan}"))
}

// watchMounts looks for the source's worker while the move runs. The function that it returns
// waits until it was seen and says whether its volume was mounted read-only.
func (s *scenario) watchMounts() func() string {
	seen := make(chan string, 1)
	go func() {
		ctx := s.t.Context()
		for {
			out, err := s.src.Kubectl(ctx, "-n", s.namespace, "get", "pods", "-l", "kubemove.io/role=source", "-o", "json")
			if mode := mountMode(out); err == nil && mode != "" {
				seen <- mode
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	return func() string {
		select {
		case mode := <-seen:
			return mode
		case <-time.After(10 * time.Second):
			return "never seen"
		}
	}
}

// mountMode is the readOnly of the volume in the status of a worker's container; empty: no
// container has started.
func mountMode(podList string) string {
	var pods corev1.PodList
	if json.Unmarshal([]byte(podList), &pods) != nil {
		return ""
	}
	for _, pod := range pods.Items {
		for _, c := range pod.Status.ContainerStatuses {
			for _, m := range c.VolumeMounts {
				if c.Name == "worker" && strings.HasPrefix(m.MountPath, "/kubemove/volumes/") {
					return fmt.Sprint(m.ReadOnly)
				}
			}
		}
	}
	return ""
}

// TestBadInputNeedsPrivilegedMover: files that the workload's own user cannot copy are a blocker with
// their names, and an administrator's word is enough to go on.
func TestBadInputNeedsPrivilegedMover(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	s.deploy(s.src, "shop.yaml")
	source := s.volume(s.src, "data")
	require.NoError(t, os.WriteFile(source+"/of-root", []byte("secret"), 0o600))
	require.NoError(t, os.WriteFile(source+"/readable", []byte("of root, too"), 0o644))
	before := tree(t, source)

	s.apply(s.src, "moveengine.yaml")
	var blockers string
	s.await(patience, "the blockers", func() error {
		blockers = s.kubectl(s.src, "get", "moveengine", "shop", "-o", `jsonpath={range .status.blockers[*]}{.reason}: {.message}{"\n"}{end}`)
		if !strings.Contains(blockers, "NeedsPrivilegedMover") {
			return fmt.Errorf("the blockers are %q", blockers)
		}
		return nil
	})
	t.Log("\n" + blockers)
	require.Contains(t, blockers, `cannot read 1 of its files: "of-root"`)
	require.Contains(t, blockers, `cannot give 1 files their owner, group or capabilities: "readable"`)
	for _, c := range []*lab.Cluster{s.src, s.dst} {
		s.kubectl(c, "annotate", "namespace", s.namespace, "kubemove.io/privileged-movers=true")
	}
	s.approve("shop-dst")
	s.switched()
	requireSameTree(t, before, tree(t, s.volume(s.dst, "data")))
}
