package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/e2e/lab"
)

// TestFaultLiveKilled kills each part in the first run of a live move, in a session, and in the copy before the stop: the runs go on,
// and the switch moves all of it.
func TestFaultLiveKilled(t *testing.T) {
	for name, kill := range killers("sync") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScenario(t)
			s.deploy(s.src, "shop.yaml", "64Mi", "2Gi")
			s.fill(fillMiB)
			s.apply(s.src, "engine-auto.yaml", "KIND", "Deployment", "mode: Offline", "mode: Live\n  sync: {interval: 15s}",
				"approval: Automatic", "approval: Manual")
			s.fault("%s killed at %.2f of the bytes of the first run", name, s.flowing(0.2))
			kill(s)
			s.passes("two of a session", 2, nil)
			s.fault("%s killed in a session", name)
			kill(s)
			killed := time.Now()
			s.passes("one after that", 1, func(r api.SyncRun) bool { return r.StartedAt.After(killed) })
			_, err := s.src.Exec(t.Context(), s.namespace, s.pod(s.src, "app=shop"), "", "sh", "-c",
				"dd if=/dev/urandom of=/data/last bs=1M count=256 2>/dev/null")
			require.NoError(t, err)
			before := s.files(s.src, s.pod(s.src, "app=shop"))
			s.approve("shop-dst")
			s.kubectl(s.src, "wait", "--for=create", "pods", "-l", "kubemove.io/step=cutover", timeout)
			s.fault("%s killed when the cutover has begun", name)
			killers("cutover")[name](s)
			s.switched()
			require.Equal(t, before, s.files(s.dst, s.pod(s.dst, "app=shop")))
			s.noLeftovers()
		})
	}
}

// TestFaultCredentialsRotated replaces the kubeconfig of the target while a session is open, and takes the old one its rights: the
// runs go on with the new one, and so does the switch.
func TestFaultCredentialsRotated(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	s.deploy(s.src, "shop.yaml")
	before := s.files(s.src, s.pod(s.src, "app=shop"))
	s.kubectl(s.dst, "create", "serviceaccount", "mover")
	s.kubectl(s.dst, "create", "clusterrolebinding", s.namespace, "--clusterrole=cluster-admin", "--serviceaccount="+s.namespace+":mover")
	t.Cleanup(func() { _, _ = s.dst.Kubectl(context.Background(), "delete", "clusterrolebinding", s.namespace) })
	s.useToken("first")
	s.apply(s.src, "engine-auto.yaml", "KIND", "Deployment", "mode: Offline", "mode: Live\n  sync: {interval: 15s}",
		"approval: Automatic", "approval: Manual")
	s.kubectl(s.src, "wait", "--for=create", "datasync/shop-dst-restic", timeout)
	s.passes("two of a session", 2, nil)
	s.useToken("second")
	// The token ends with what it is bound to.
	s.kubectl(s.dst, "delete", "secret", "first")
	rotated := time.Now()
	s.fault("the credentials of the target are rotated while a session is open")
	s.passes("one with the new credentials", 1, func(r api.SyncRun) bool { return r.StartedAt.After(rotated.Add(time.Minute)) })
	s.approve("shop-dst")
	s.switched()
	require.Equal(t, before, s.files(s.dst, s.pod(s.dst, "app=shop")))
	// While the account has its rights.
	s.kubectl(s.src, "delete", "moveengine", "shop", timeout)
	s.noLeftovers()
}

// useToken puts a kubeconfig with a token of the account mover, which is bound to a Secret, into the Secret dst.
func (s *scenario) useToken(secret string) {
	s.t.Helper()
	s.kubectl(s.dst, "create", "secret", "generic", secret)
	token := s.kubectl(s.dst, "create", "token", "mover", "--bound-object-kind=Secret", "--bound-object-name="+secret)
	file := filepath.Join(s.t.TempDir(), "kubeconfig")
	data, err := os.ReadFile(s.dst.Kubeconfig)
	require.NoError(s.t, err)
	require.NoError(s.t, os.WriteFile(file, data, 0o600))
	for _, args := range [][]string{
		{"set-credentials", "mover", "--token=" + token},
		{"set-context", "--current", "--user=mover"},
	} {
		_, err := clusters.Source().Kubectl(s.t.Context(), append([]string{"config", "--kubeconfig=" + file}, args...)...)
		require.NoError(s.t, err)
	}
	made := s.kubectl(s.src, "create", "secret", "generic", "dst", "--from-file=kubeconfig="+file, "--dry-run=client", "-o", "yaml")
	manifest := filepath.Join(s.t.TempDir(), "secret.yaml")
	require.NoError(s.t, os.WriteFile(manifest, []byte(made), 0o600))
	s.kubectl(s.src, "replace", "-f", manifest)
}

// TestFaultAfterEachWayBack ends the process of a way back after each of its actions in turn. The application is home, with what it
// has written where it was, and nothing of the move is left.
func TestFaultAfterEachWayBack(t *testing.T) {
	for _, actions := range [][]string{
		{"Lock", "FinalSync"}, {"Pin", "CloseWorkers"}, {"OpenWorkers", "Mark"}, {"RecordQuiesce", "RecordStart"},
		{"Quiesce", "StartWorkloads"}, {"Commit", "Passivate"}, {"Unlock"},
	} {
		t.Run(strings.Join(actions, "+"), func(t *testing.T) {
			t.Parallel()
			s := newScenario(t)
			s.deploy(s.src, "shop.yaml", "64Mi", "1Gi")
			s.apply(s.src, "engine-auto.yaml", "KIND", "Deployment")
			s.switched()
			_, err := s.dst.Exec(t.Context(), s.namespace, s.pod(s.dst, "app=shop"), "", "sh", "-c", "echo there > /data/written-at-dst; sync")
			require.NoError(t, err)
			before := s.files(s.dst, s.pod(s.dst, "app=shop"))
			s.kill(actions)
			s.apply(s.src, "reverse.yaml", "NAME", "back", "SWITCH", "shop-dst")
			s.kubectl(s.src, "wait", "--for=condition=Switched", "movereverse/back", timeout)
			require.Empty(t, s.kubectl(s.src, "get", "configmap", "kubemove-faults", "-o", "jsonpath={.data}"), "a fault did not happen")
			s.kubectl(s.src, "rollout", "status", "deployment/shop", timeout)
			require.Equal(t, before, s.files(s.src, s.pod(s.src, "app=shop")))
			require.Equal(t, "0", s.kubectl(s.dst, "get", "deployment", "shop", "-o", "jsonpath={.spec.replicas}"))
			s.kubectl(s.src, "delete", "movereverse", "back", timeout)
			s.noLeftovers()
		})
	}
}

// TestFaultWayBackRolledBack ends the roll back of a way back after each of its actions in turn: the application is where the
// first move has led it, and what it had left stays for another way back, which works.
func TestFaultWayBackRolledBack(t *testing.T) {
	for _, actions := range [][]string{{"RecordRollback", "StopTarget"}, {"RemoveWorkers", "Restore"}, {"Unmark", "Forget"}} {
		t.Run(strings.Join(actions, "+"), func(t *testing.T) {
			t.Parallel()
			s := newScenario(t)
			s.deploy(s.src, "shop.yaml", "64Mi", "1Gi")
			s.apply(s.src, "engine-auto.yaml", "KIND", "Deployment")
			s.switched()
			before := s.files(s.dst, s.pod(s.dst, "app=shop"))
			s.kill(actions, "--from-literal=StartWorkloads=hold")
			s.apply(s.src, "reverse.yaml", "NAME", "back", "SWITCH", "shop-dst")
			s.kubectl(s.src, "wait", "configmap/kubemove-faults", "--for=jsonpath={.data.StartWorkloads}=held", timeout)
			s.kubectl(s.src, "patch", "moveswitch", "back", "--type=merge", "-p", `{"spec":{"desired":"RolledBack"}}`)
			s.kubectl(s.src, "wait", "--for=condition=RolledBack", "moveswitch/back", timeout)
			s.kubectl(s.dst, "rollout", "status", "deployment/shop", timeout)
			require.Equal(t, before, s.files(s.dst, s.pod(s.dst, "app=shop")))
			require.Equal(t, "0", s.kubectl(s.src, "get", "deployment", "shop", "-o", "jsonpath={.spec.replicas}"))
			for _, a := range actions {
				require.Empty(t, s.kubectl(s.src, "get", "configmap", "kubemove-faults", "-o", "jsonpath={.data."+a+"}"),
					"a fault did not happen: %s", a)
			}
			s.kubectl(s.src, "delete", "configmap", "kubemove-faults")
			s.kubectl(s.src, "patch", "moveswitch", "back", "--type=merge", "-p", `{"spec":{"desired":"Switched","retry":"2"}}`)
			s.kubectl(s.src, "wait", "--for=condition=Switched", "movereverse/back", timeout)
			s.kubectl(s.src, "rollout", "status", "deployment/shop", timeout)
			require.Equal(t, before, s.files(s.src, s.pod(s.src, "app=shop")))
		})
	}
}

// TestFaultWatched looks at what a pair that waits, and one that has switched, say of changes around them: the target's API
// server is lost for a while, and the application is started at the source again.
func TestFaultWatched(t *testing.T) {
	waiting, switched := newScenario(t), newScenario(t)
	for _, s := range []*scenario{waiting, switched} {
		s.deploy(s.src, "shop.yaml")
	}
	waiting.apply(waiting.src, "engine-auto.yaml", "KIND", "Deployment", "approval: Automatic", "approval: Manual")
	waiting.planned("shop-dst")
	switched.apply(switched.src, "engine-auto.yaml", "KIND", "Deployment")
	switched.switched()
	const stalled = `{.status.conditions[?(@.type=="Stalled")]`

	end, err := clusters.StopAPI(waiting.dst, lab.Refused)
	require.NoError(t, err)
	lost := time.Now()
	waiting.says(15*time.Minute, "movepair/shop-dst", "{.status.channel}", "Unknown")
	t.Logf("the channel is Unknown %s after the API server of the target was lost", since(lost))
	waiting.says(patience, "moveengine/shop", stalled+".reason}", "EndpointUnreachable")
	require.NoError(t, end())
	back := time.Now()
	waiting.says(15*time.Minute, "movepair/shop-dst", "{.status.channel}", "Active")
	waiting.says(patience, "moveengine/shop", stalled+".status}", "False")
	t.Logf("and Active %s after it was back", since(back))

	switched.kubectl(switched.src, "annotate", "deployment", "shop", "kubemove.io/held-by-", "kubemove.io/ledger-")
	switched.kubectl(switched.src, "scale", "deployment", "shop", "--replicas=1")
	again := time.Now()
	switched.says(25*time.Minute, "movepair/shop-dst", stalled+".reason}", "SourceActive")
	t.Logf("the pair says that the source is active %s after it was started", since(again))
	message := switched.kubectl(switched.src, "get", "movepair", "shop-dst", "-o", "jsonpath="+stalled+".message}")
	_, command, found := strings.Cut(message, ": kubectl ")
	require.True(t, found, message)
	t.Log("the command is: kubectl " + command)
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c",
		clusters.Kubectl()+" --kubeconfig "+switched.src.Kubeconfig+" "+command)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	switched.says(25*time.Minute, "movepair/shop-dst", stalled+".status}", "False")
}

// says waits until a field of an object at home has a value.
func (s *scenario) says(limit time.Duration, object, path, want string) {
	s.t.Helper()
	s.await(limit, object+" to say "+want, func() error {
		if got := s.kubectl(s.src, "get", object, "-o", "jsonpath="+path); got != want {
			return fmt.Errorf("it says %q", got)
		}
		return nil
	})
}
