package e2e

import (
	"context"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kubemove/kubemove/e2e/lab"
)

//go:embed testdata
var testdata embed.FS

// patience is how long a test waits for what must come. No test asserts how fast something is;
// a small machine that stalls for some minutes is no reason to say that a move is broken.
const (
	patience = 10 * time.Minute
	timeout  = "--timeout=10m"
)

// scenario is a namespace of its own in both clusters, in which one test moves something.
type scenario struct {
	t         *testing.T
	namespace string
	src, dst  *lab.Cluster
	// way is a file with the kubeconfig that target add has made for dst.
	way string
}

// newScenario makes the namespaces, and in src the Secret "dst" with a kubeconfig of the
// target, as a user does: kubectl move target add, with its flags. All of it is removed when the
// test has ended; a failed test says first what it saw.
func newScenario(t *testing.T, flags ...string) *scenario {
	s := emptyScenario(t)
	s.kubectl(s.dst, "create", "namespace", s.namespace)
	s.addTarget("dst", append([]string{"--kubeconfig", s.dst.Kubeconfig}, flags...)...)
	s.way = filepath.Join(t.TempDir(), "dst.kubeconfig")
	require.NoError(t, os.WriteFile(s.way, []byte(s.kubectl(s.src, "get", "secret", "dst", "-o",
		`go-template={{.data.kubeconfig | base64decode}}`)), 0o600))
	return s
}

// emptyScenario makes the namespace in src alone.
func emptyScenario(t *testing.T) *scenario {
	s := &scenario{t: t, src: clusters.Source(), dst: clusters.Target(),
		namespace: fmt.Sprintf("move-%d", time.Now().UnixNano()/1000%1e10)}
	s.kubectl(s.src, "create", "namespace", s.namespace)
	t.Cleanup(s.close)
	return s
}

// notOfTarget selects what is none of an account that addTarget has made.
const notOfTarget = "!kubemove.io/target"

// addTarget makes an account with the rights that a move needs, and stores its kubeconfig as a Secret in src.
func (s *scenario) addTarget(name string, flags ...string) {
	s.t.Helper()
	out, err := clusters.Move(s.t.Context(), s.src, append([]string{"--namespace", s.namespace, "target", "add", name, "--yes"}, flags...)...)
	require.NoError(s.t, err, out)
}

func (s *scenario) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	if s.t.Failed() {
		s.tell(ctx)
		if os.Getenv("KUBEMOVE_E2E_KEEP") != "" {
			return
		}
	}
	// The engines go first: their clean-up needs the Secret with the kubeconfig.
	out, err := s.src.Kubectl(ctx, "-n", s.namespace, "delete", "movereverses,moveengines", "--all", timeout)
	if err != nil {
		s.t.Errorf("the engines cannot be deleted: %v\n%s", err, out)
		_, _ = s.src.Kubectl(ctx, "-n", s.namespace, "annotate", "moveswitches,movepairs,datasyncs,moveengines,movereverses", "--all",
			"kubemove.io/force-delete=true")
	}
	for _, c := range clusters.Clusters() {
		if err := c.RemoveTargets(ctx, s.namespace); err != nil {
			s.t.Errorf("the accounts of targets in %s cannot be removed: %v", c.Name, err)
		}
		if _, err := c.Kubectl(ctx, "delete", "namespace", "--ignore-not-found", s.namespace, timeout); err != nil {
			s.t.Errorf("the namespace in %s cannot be deleted: %v", c.Name, err)
		}
	}
}

// kubectl runs kubectl in the scenario's namespace and fails the test when it fails.
func (s *scenario) kubectl(c *lab.Cluster, args ...string) string {
	s.t.Helper()
	out, err := c.Kubectl(s.t.Context(), append([]string{"-n", s.namespace}, args...)...)
	require.NoError(s.t, err, out)
	return strings.TrimSpace(out)
}

// apply applies a file of testdata, or of examples/, into the scenario's namespace, after the replacements.
func (s *scenario) apply(c *lab.Cluster, name string, replace ...string) {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), filepath.Base(name))
	s.write(file, name, replace...)
	s.kubectl(c, "apply", "--server-side", "-f", file)
}

// deploy applies a file of testdata that holds the Deployment shop, and waits until that runs.
func (s *scenario) deploy(c *lab.Cluster, name string, replace ...string) {
	s.t.Helper()
	s.apply(c, name, replace...)
	s.kubectl(c, "rollout", "status", "deployment/shop", timeout)
}

// write writes such a file, after the replacements.
func (s *scenario) write(file, name string, replace ...string) {
	s.t.Helper()
	data, err := testdata.ReadFile("testdata/" + name)
	if strings.HasPrefix(name, "examples/") {
		data, err = os.ReadFile(filepath.Join(clusters.Root, name))
	}
	require.NoError(s.t, err)
	text := strings.NewReplacer(append([]string{"NAMESPACE", s.namespace}, replace...)...).Replace(string(data))
	require.NoError(s.t, os.WriteFile(file, []byte(text), 0o600))
}

// planned waits for a plan that can be approved, and returns its hash.
func (s *scenario) planned(name string) string {
	s.t.Helper()
	s.kubectl(s.src, "wait", "--for=create", "moveswitch/"+name, timeout)
	s.kubectl(s.src, "wait", `--for=jsonpath={.status.conditions[?(@.type=="Approved")].reason}=WaitingForApproval`,
		"moveswitch/"+name, timeout)
	hash := s.kubectl(s.src, "get", "moveswitch", name, "-o", "jsonpath={.status.planHash}")
	require.NotEmpty(s.t, hash)
	return hash
}

// approve waits for a plan that can be approved, and approves it by a patch.
func (s *scenario) approve(name string) {
	s.t.Helper()
	hash := s.planned(name)
	s.kubectl(s.src, "patch", "moveswitch", name, "--type=merge", "-p", fmt.Sprintf(`{"spec":{"approvedPlan":%q}}`, hash))
}

// await repeats a check until it succeeds, not too often: each kubectl is a process, and a machine has few cores.
func (s *scenario) await(timeout time.Duration, what string, check func() error) {
	s.t.Helper()
	require.NoError(s.t, lab.AwaitEvery(s.t.Context(), 4*time.Second, timeout, what, func(context.Context) error { return check() }))
}

// catch is await for a moment that passes.
func (s *scenario) catch(what string, check func() error) {
	s.t.Helper()
	require.NoError(s.t, lab.Await(s.t.Context(), patience, what, func(context.Context) error { return check() }))
}

// pod is the name of the running Pod that the selector finds.
func (s *scenario) pod(c *lab.Cluster, selector string) string {
	s.t.Helper()
	return s.kubectl(c, "get", "pods", "-l", selector, "--field-selector=status.phase=Running", "-o", "jsonpath={.items[0].metadata.name}")
}

// files describes /data of a Pod, and every file in it: type, mode, owner, size, time and content.
func (s *scenario) files(c *lab.Cluster, pod string) string {
	s.t.Helper()
	out, err := c.Exec(s.t.Context(), s.namespace, pod, "", "sh", "-c",
		`cd /data && stat -c '%n %F %a %u %g' . && find . -mindepth 1 | sort | while read -r f; do stat -c '%n %F %a %u %g %s %Y' "$f"; `+
			`[ -f "$f" ] && [ ! -L "$f" ] && sha256sum "$f"; done; true`)
	require.NoError(s.t, err)
	return out
}

// switched waits until the engine shop has switched, and says how long that took.
func (s *scenario) switched() {
	s.t.Helper()
	start := time.Now()
	s.kubectl(s.src, "wait", "--for=condition=Switched", "moveengine/shop", timeout)
	s.t.Logf("switched after %s, downtime %s s", since(start),
		s.kubectl(s.src, "get", "moveswitches", "-o", "jsonpath={.items[0].status.downtimeSeconds}"))
}
