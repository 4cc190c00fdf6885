package e2e

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kubemove/kubemove/e2e/lab"
)

// TestMoveDeployment moves one Deployment with one claim by kubectl alone. A Pod that has failed
// long ago does not hold it up.
func TestMoveDeployment(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	s.deploy(s.src, "shop.yaml")
	s.apply(s.src, "failed-pod.yaml")
	s.kubectl(s.src, "wait", "--for=jsonpath={.status.phase}=Failed", "pod/backup", timeout)
	before := s.files(s.src, s.pod(s.src, "app=shop"))

	start := time.Now()
	s.apply(s.src, "moveengine.yaml")
	s.approve("shop-dst")
	t.Logf("planned after %s", since(start))
	approved := time.Now()
	s.kubectl(s.src, "wait", "--for=condition=Switched", "moveengine/shop", timeout)
	t.Logf("switched %s after the approval, downtime %s s", since(approved),
		s.kubectl(s.src, "get", "moveswitch", "shop-dst", "-o", "jsonpath={.status.downtimeSeconds}"))
	t.Log("\n" + s.kubectl(s.src, "get", "kubemove"))

	require.Equal(t, before, s.files(s.dst, s.pod(s.dst, "app=shop")), "the files at the target")
	require.Equal(t, "NodePort",
		s.kubectl(s.src, "get", "movepair", "shop-dst", "-o", "jsonpath={.status.transport}"), "the route of the data")
	require.Equal(t, "0", s.kubectl(s.src, "get", "deployment", "shop", "-o", "jsonpath={.spec.replicas}"))
	require.Empty(t, s.kubectl(s.src, "get", "pods", "-l", "app=shop", "-o", "name"))
	got, err := s.dst.Exec(t.Context(), s.namespace, s.pod(s.dst, "app=shop"), "", "wget", "-qO-", "http://shop")
	require.NoError(t, err)
	require.Equal(t, "hello", strings.TrimSpace(got))
	require.Equal(t, "NodePort", s.kubectl(s.dst, "get", "service", "shop", "-o", "jsonpath={.spec.type}"))
}

// TestMoveReplicaSet moves a ReplicaSet that no Deployment controls.
func TestMoveReplicaSet(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	running := func(c *lab.Cluster) {
		s.kubectl(c, "wait", "replicaset/shop", "--for=jsonpath={.status.readyReplicas}=1", timeout)
	}
	s.apply(s.src, "shop.yaml", "kind: Deployment", "kind: ReplicaSet", "  strategy: {type: Recreate}\n", "")
	running(s.src)
	before := s.files(s.src, s.pod(s.src, "app=shop"))
	s.apply(s.src, "engine-auto.yaml", "KIND", "ReplicaSet")
	s.switched()
	running(s.dst)
	require.Equal(t, before, s.files(s.dst, s.pod(s.dst, "app=shop")))
	require.Equal(t, "0", s.kubectl(s.src, "get", "replicaset", "shop", "-o", "jsonpath={.spec.replicas}"))
	s.noLeftovers()
}

// TestMoveWithoutData moves what has nothing to copy: an application without claims, and one whose
// data stays behind.
func TestMoveWithoutData(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ app, contents string }{
		"stateless": {"stateless.yaml", "All"},
		"objects":   {"shop.yaml", "Objects"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScenario(t)
			s.deploy(s.src, c.app)
			s.apply(s.src, "webhook.yaml")
			t.Cleanup(func() {
				_, _ = s.src.Kubectl(context.Background(), "delete", "validatingwebhookconfigurations,clusterroles,clusterrolebindings", s.namespace)
			})
			s.apply(s.src, "engine-auto.yaml", "KIND", "Deployment", "application:", "application:\n    contents: "+c.contents)
			s.switched()
			require.Contains(t, s.kubectl(s.src, "get", "movepair", "shop-dst", "-o", "jsonpath={.status.plan.warnings}"),
				"Service/shop is called by the API server of the source for ValidatingWebhookConfiguration.admissionregistration.k8s.io/"+s.namespace)
			require.Equal(t, "0", s.kubectl(s.src, "get", "deployment", "shop", "-o", "jsonpath={.spec.replicas}"))
			got, err := s.dst.Exec(t.Context(), s.namespace, s.pod(s.dst, "app=shop"), "", "wget", "-qO-", "http://shop")
			require.NoError(t, err)
			require.Equal(t, "hello", strings.TrimSpace(got))
		})
	}
}

// TestMoveFromRemote moves to home, from a source that is not, what two annotations select.
func TestMoveFromRemote(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	s.apply(s.dst, "shop.yaml")
	s.kubectl(s.dst, "annotate", "deployment", "shop", "kubemove.io/kubemoveapply=true", "kubemove.io/engine=shop")
	s.kubectl(s.dst, "rollout", "status", "deployment/shop", timeout)
	before := s.files(s.dst, s.pod(s.dst, "app=shop"))
	s.apply(s.src, "engine-reverse.yaml")
	s.switched()
	require.Equal(t, before, s.files(s.src, s.pod(s.src, "app=shop")), "the files at home")
	require.Equal(t, "0", s.kubectl(s.dst, "get", "deployment", "shop", "-o", "jsonpath={.spec.replicas}"))
}

// TestTwoEnginesOfOneName moves two applications of the same name at the same time.
func TestTwoEnginesOfOneName(t *testing.T) {
	t.Parallel()
	both := []*scenario{newScenario(t), newScenario(t)}
	var before []string
	for _, s := range both {
		s.apply(s.src, "shop.yaml")
	}
	for _, s := range both {
		s.kubectl(s.src, "rollout", "status", "deployment/shop", timeout)
		before = append(before, s.files(s.src, s.pod(s.src, "app=shop")))
	}
	require.NotEqual(t, before[0], before[1], "the two hold different data")
	for _, s := range both {
		s.apply(s.src, "engine-auto.yaml", "KIND", "Deployment")
	}
	for i, s := range both {
		s.switched()
		require.Equal(t, before[i], s.files(s.dst, s.pod(s.dst, "app=shop")))
	}
}

// TestStatefulSetKeepsItsClaim: stopping the source must not delete the data, though the
// StatefulSet asks for it.
func TestStatefulSetKeepsItsClaim(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	s.apply(s.src, "database.yaml")
	s.kubectl(s.src, "rollout", "status", "statefulset/shop", timeout)
	volume := s.kubectl(s.src, "get", "pvc", "data-shop-0", "-o", "jsonpath={.spec.volumeName}")
	before := s.files(s.src, "shop-0")
	s.apply(s.src, "engine-auto.yaml", "KIND", "StatefulSet")
	s.switched()
	require.Equal(t, before, s.files(s.dst, "shop-0"))
	require.Equal(t, "0", s.kubectl(s.src, "get", "statefulset", "shop", "-o", "jsonpath={.spec.replicas}"))
	require.Equal(t, volume+" Bound", s.kubectl(s.src, "get", "pvc", "data-shop-0", "-o", "jsonpath={.spec.volumeName} {.status.phase}"))
	require.Equal(t, "Delete Delete", s.kubectl(s.dst, "get", "statefulset", "shop", "-o",
		"jsonpath={.spec.persistentVolumeClaimRetentionPolicy.whenScaled} {.spec.persistentVolumeClaimRetentionPolicy.whenDeleted}"))
}

// TestUnhealthyTargetRollsBack: an application that does not become healthy at the target runs
// at the source again, by itself.
func TestUnhealthyTargetRollsBack(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	s.deploy(s.src, "shop.yaml")
	_, err := s.src.Exec(t.Context(), s.namespace, s.pod(s.src, "app=shop"), "", "touch", "/data/unhealthy-at-dst")
	require.NoError(t, err)
	s.apply(s.src, "engine-auto.yaml", "KIND", "Deployment", "healthTimeout: 3m", "healthTimeout: 40s")
	s.kubectl(s.src, "wait", "--for=create", "moveswitch/shop-dst", timeout)
	s.kubectl(s.src, "wait", "--for=condition=RolledBack", "moveswitch/shop-dst", timeout)
	s.kubectl(s.src, "rollout", "status", "deployment/shop", timeout)
	require.Equal(t, "1", s.kubectl(s.src, "get", "deployment", "shop", "-o", "jsonpath={.spec.replicas}"))
	require.Empty(t, s.kubectl(s.dst, "get", "deployments,configmaps,secrets,leases", "-o", "name", "-l", notOfTarget,
		"--field-selector=metadata.name!=kube-root-ca.crt"))
	require.Empty(t, s.kubectl(s.src, "get", "leases", "-o", "name"), "a lock is left")
	t.Log("\n" + s.kubectl(s.src, "get", "moveswitch", "shop-dst", "-o", "jsonpath={.status.conditions}"))
}

// TestShellMobilizer moves with a mobilizer that is a shell script in an image of its own.
func TestShellMobilizer(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	s.deploy(s.src, "shop.yaml")
	before := s.files(s.src, s.pod(s.src, "app=shop"))
	s.apply(s.src, "engine-shell.yaml")
	s.switched()
	// BusyBox's tar does not keep the times of symbolic links and directories.
	timeless := func(files string) string {
		return regexp.MustCompile(`(?m)^(.* (?:symbolic link|directory) .*) \d+$`).ReplaceAllString(files, "$1")
	}
	require.Equal(t, timeless(before), timeless(s.files(s.dst, s.pod(s.dst, "app=shop"))))
	require.Equal(t, "Synced", s.kubectl(s.src, "get", "datasync", "shop-dst-shell-tar", "-o", "jsonpath={.status.volumes[0].stage}"))
}

// TestRequestedRun copies while the application runs, because it was asked for; the final
// run then has little left to do.
func TestRequestedRun(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	s.deploy(s.src, "shop.yaml")
	s.apply(s.src, "moveengine.yaml")
	s.kubectl(s.src, "wait", "--for=create", "datasync/shop-dst-restic", timeout)
	s.kubectl(s.src, "patch", "datasync", "shop-dst-restic", "--type=merge", "-p", `{"spec":{"request":"first"}}`)
	s.await(patience, "the run", func() error {
		got := s.kubectl(s.src, "get", "datasync", "shop-dst-restic", "-o", "jsonpath={.status.lastRun.request}/{.status.lastRun.outcome}")
		if got != "first/Succeeded" {
			return fmt.Errorf("the last run is %s", got)
		}
		return nil
	})
	pod := s.pod(s.src, "app=shop")
	_, err := s.src.Exec(t.Context(), s.namespace, pod, "", "sh", "-c", "echo more > /data/more; rm /data/link")
	require.NoError(t, err)
	before := s.files(s.src, pod)
	s.approve("shop-dst")
	s.switched()
	require.Equal(t, before, s.files(s.dst, s.pod(s.dst, "app=shop")))
}
