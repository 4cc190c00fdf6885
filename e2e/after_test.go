package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kubemove/kubemove/e2e/lab"
)

// versions are the resourceVersions of everything in the scenario's namespace.
func (s *scenario) versions(c *lab.Cluster) string {
	s.t.Helper()
	kinds := "deployments,replicasets,pods,services,configmaps,secrets,serviceaccounts,persistentvolumeclaims,leases,jobs,roles,rolebindings"
	if c == s.src {
		kinds += ",moveengines,movepairs,datasyncs,moveswitches"
	}
	return s.kubectl(c, "get", kinds, "-o", `jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{"\n"}{end}`)
}

// TestAfterTheMove: what was moved stays as it is, whatever is applied or deleted again.
func TestAfterTheMove(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	s.deploy(s.src, "shop.yaml")
	s.apply(s.src, "engine-auto.yaml", "KIND", "Deployment")
	s.switched()
	s.await(patience, "everything to be quiet", s.quiet(5*time.Second))

	t.Run("applied again nothing changes", func(*testing.T) {
		src, dst := s.versions(s.src), s.versions(s.dst)
		s.apply(s.src, "engine-auto.yaml", "KIND", "Deployment")
		s.stays(60*time.Second, func() error {
			if now := s.versions(s.src) + s.versions(s.dst); now != src+dst {
				return fmt.Errorf("changed:\n%s\nto:\n%s", src+dst, now)
			}
			return nil
		})
	})
	t.Run("the switch deleted no run starts", func(*testing.T) {
		s.kubectl(s.src, "delete", "moveswitch", "--all", timeout)
		s.kubectl(s.src, "patch", "datasync", "shop-dst-restic", "--type=merge", "-p", `{"spec":{"request":"again"}}`)
		s.stays(20*time.Second, func() error {
			if pods := s.kubectl(s.dst, "get", "pods", "-l", "kubemove.io/run", "-o", "name"); pods != "" {
				return fmt.Errorf("a run has started: %s", pods)
			}
			return nil
		})
	})
	t.Run("the engine deleted and applied again leaves the files", func(t *testing.T) {
		s.kubectl(s.src, "delete", "moveengine", "shop", timeout)
		pod := s.pod(s.dst, "app=shop")
		_, err := s.dst.Exec(t.Context(), s.namespace, pod, "", "sh", "-c", "echo new > /data/new")
		require.NoError(t, err)
		before := s.files(s.dst, pod)
		s.apply(s.src, "engine-auto.yaml", "KIND", "Deployment")
		s.await(patience, "the engine to be refused", func() error {
			got := s.kubectl(s.src, "get", "moveengine", "shop", "-o",
				`jsonpath={.status.conditions[?(@.type=="Accepted")].status}/{.status.conditions[?(@.type=="Accepted")].reason}`)
			if got != "False/TargetIsActive" {
				return fmt.Errorf("Accepted is %s", got)
			}
			return nil
		})
		t.Log(s.kubectl(s.src, "get", "moveengine", "shop", "-o", `jsonpath={.status.conditions[?(@.type=="Accepted")].message}`))
		require.Equal(t, pod, s.pod(s.dst, "app=shop"), "the target was restarted")
		require.Equal(t, before, s.files(s.dst, pod))
	})
}

// quiet returns a check that nothing changes for a while.
func (s *scenario) quiet(d time.Duration) func() error {
	return func() error {
		before := s.versions(s.src) + s.versions(s.dst)
		var changed error
		s.watch(d, func() bool {
			if now := s.versions(s.src) + s.versions(s.dst); now != before {
				changed = errors.New("it still changes")
			}
			return changed == nil
		})
		return changed
	}
}

// stays holds that a check succeeds all the time.
func (s *scenario) stays(d time.Duration, check func() error) {
	s.t.Helper()
	s.watch(d, func() bool {
		require.NoError(s.t, check())
		return true
	})
}

// watch repeats f for a while, every second, until it returns false.
func (s *scenario) watch(d time.Duration, f func() bool) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for end := time.Now().Add(d); time.Now().Before(end); <-tick.C {
		if !f() {
			return
		}
	}
}

// TestTenant: who may write KubeMove's kinds but not read a Secret cannot use it through them.
func TestTenant(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	s.kubectl(s.src, "create", "serviceaccount", "tenant")
	s.kubectl(s.src, "create", "serviceaccount", "admin")
	kinds := "moveengines.kubemove.io,movepairs.kubemove.io,datasyncs.kubemove.io,moveswitches.kubemove.io"
	s.kubectl(s.src, "create", "role", "movers", "--verb=*", "--resource="+kinds)
	s.kubectl(s.src, "create", "rolebinding", "tenant", "--role=movers", "--serviceaccount="+s.namespace+":tenant")
	s.kubectl(s.src, "create", "rolebinding", "admin", "--clusterrole=admin", "--serviceaccount="+s.namespace+":admin")
	file := t.TempDir() + "/engine.yaml"
	s.write(file, "engine-auto.yaml", "KIND", "Deployment")
	as := func(who string) (string, error) {
		return s.src.Kubectl(t.Context(), "-n", s.namespace, "apply", "--server-side", "--dry-run=server",
			"--as=system:serviceaccount:"+s.namespace+":"+who, "-f", file)
	}
	out, err := as("tenant")
	require.Error(t, err, "a tenant with no rights but on our kinds creates an engine: %s", out)
	t.Log(err)
	// With every right that a move uses but this Secret's it is the Secret that is refused.
	s.kubectl(s.src, "create", "role", "all-but-secrets", "--verb=*", "--resource=pods,pods/exec,rolebindings.rbac.authorization.k8s.io")
	s.kubectl(s.src, "create", "rolebinding", "tenant-more", "--role=all-but-secrets", "--serviceaccount="+s.namespace+":tenant")
	out, err = as("tenant")
	require.Error(t, err, "a tenant names a Secret that he may not read: %s", out)
	t.Log(err)
	require.Contains(t, err.Error(), "dst")
	require.Contains(t, strings.ToLower(err.Error()), "secret", "the refusal names the Secret")
	out, err = as("admin")
	require.NoError(t, err, "the namespace's admin passes: %s", out)
}
