package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// kill has the Job's process end after each of the actions, once.
func (s *scenario) kill(actions []string, more ...string) {
	s.t.Helper()
	args := append([]string{"create", "configmap", "kubemove-faults"}, more...)
	for _, a := range actions {
		args = append(args, "--from-literal="+a+"=exit")
	}
	s.kubectl(s.src, args...)
	s.fault("the process ends after %s", strings.Join(actions, ", and after "))
}

// TestFaultAfterEachAction ends the cutover's process after each of its actions in
// turn; its next Pod goes on from what it finds.
func TestFaultAfterEachAction(t *testing.T) {
	for _, actions := range [][]string{
		{"Lock", "FinalSync"}, {"Pin", "CloseWorkers"}, {"CreateClaims", "Mark"}, {"OpenWorkers", "RecordStart"},
		{"RecordQuiesce", "CreateObjects"}, {"Quiesce", "StartWorkloads"}, {"Commit", "Open"}, {"RecordOpen", "Unlock"},
		{"RecordSuspend", "Suspend"}, {"RecordObjects", "TakeOver"}, {"ReadAgain", "HandOver"},
		{"Delta", "FinalSync"},
	} {
		t.Run(strings.Join(actions, "+"), func(t *testing.T) {
			t.Parallel()
			s := newScenario(t)
			s.kill(actions)
			s.deploy(s.src, "shop.yaml", "64Mi", "1Gi")
			// What its account may write is read again.
			s.kubectl(s.src, "create", "role", "writer", "--verb=update", "--resource=configmaps")
			s.kubectl(s.src, "create", "rolebinding", "writer", "--role=writer", "--serviceaccount="+s.namespace+":default")
			s.apply(s.src, "cron.yaml")
			s.kubectl(s.src, "create", "job", "--from=cronjob/report", "report-1")
			before := s.files(s.src, s.pod(s.src, "app=shop"))
			mode := "Offline"
			if actions[0] == "Delta" {
				mode = "Live"
			}
			s.apply(s.src, "engine-auto.yaml", "mode: Offline", "mode: "+mode,
				"KIND, name: shop}", "Deployment, name: shop}\n    - {group: batch, kind: CronJob, name: report}")
			s.switched()
			require.Equal(t, "true", s.kubectl(s.src, "get", "cronjob", "report", "-o", "jsonpath={.spec.suspend}"),
				"the CronJob still runs at the source")
			require.NotEqual(t, "true", s.kubectl(s.dst, "get", "cronjob", "report", "-o", "jsonpath={.spec.suspend}"),
				"the CronJob does not run at the target")
			require.Empty(t, s.kubectl(s.src, "get", "configmap", "kubemove-faults", "-o", "jsonpath={.data}"), "a fault did not happen")
			require.Equal(t, before, s.files(s.dst, s.pod(s.dst, "app=shop")))
			s.noLeftovers()
		})
	}
}

// TestFaultAfterEachRollBack ends the roll back's process after each of its actions in turn, when the target
// runs already: the source is as it was, and nothing is left at the target.
func TestFaultAfterEachRollBack(t *testing.T) {
	for _, actions := range [][]string{
		{"RecordRollback", "DeleteObjects"}, {"StopTarget", "Restore"}, {"RemoveWorkers", "Forget"}, {"Unmark", "Unlock"},
	} {
		t.Run(strings.Join(actions, "+"), func(t *testing.T) {
			t.Parallel()
			s := newScenario(t)
			s.kill(actions, "--from-literal=StartWorkloads=hold")
			s.deploy(s.src, "shop.yaml", "64Mi", "1Gi")
			s.apply(s.src, "cron.yaml")
			before := s.files(s.src, s.pod(s.src, "app=shop"))
			s.apply(s.src, "engine-auto.yaml", "KIND, name: shop}", "Deployment, name: shop}\n    - {group: batch, kind: CronJob, name: report}")
			s.kubectl(s.src, "wait", "configmap/kubemove-faults", "--for=jsonpath={.data.StartWorkloads}=held", timeout)
			s.kubectl(s.src, "patch", "moveswitch", "shop-dst", "--type=merge", "-p", `{"spec":{"desired":"RolledBack"}}`)
			s.kubectl(s.src, "wait", "--for=condition=RolledBack", "moveswitch/shop-dst", timeout)
			s.kubectl(s.src, "rollout", "status", "deployment/shop", timeout)
			require.Equal(t, before, s.files(s.src, s.pod(s.src, "app=shop")))
			require.NotEqual(t, "true", s.kubectl(s.src, "get", "cronjob", "report", "-o", "jsonpath={.spec.suspend}"), "the CronJob is not resumed")
			require.Empty(t, s.kubectl(s.dst, "get", "deployments,cronjobs,pods", "-o", "name"), "the target still runs")
			for _, a := range actions {
				require.Empty(t, s.kubectl(s.src, "get", "configmap", "kubemove-faults", "-o", "jsonpath={.data."+a+"}"),
					"a fault did not happen: %s", a)
			}
			s.noLeftovers()
		})
	}
}
