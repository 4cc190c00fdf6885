//go:build cli

package cli

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubemove/kubemove/e2e/lab"
	kubectlmove "github.com/kubemove/kubemove/internal/cli"
)

var update = flag.Bool("update", false, "write what the scripts compare anew")

// TestMain lets the scripts call the program by both of its names.
func TestMain(m *testing.M) {
	program := func() { os.Exit(kubectlmove.Main(os.Args, os.Stdin, os.Stdout, os.Stderr)) }
	testscript.Main(m, map[string]func(){"kubectl-move": program, "kubectl-kubemove": program, "fetch": fetch})
}

// TestCLI starts an API server alone: before KubeMove's kinds are there, while KubeMove is installed and removed, and then with the
// kinds alone.
func TestCLI(t *testing.T) {
	api, err := lab.StartAPIServer(t.Context(), "", os.Stderr)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, api.Stop()) })
	s := &scripts{kubeconfig: api.Kubeconfig()}
	t.Run("Before", func(t *testing.T) { s.run(t, "testdata/before") })
	t.Run("Installation", func(t *testing.T) { s.run(t, "testdata/installation") })
	config, err := api.Config()
	require.NoError(t, err)
	require.NoError(t, install(t.Context(), config, "../.."))
	s.cluster, err = newCluster(config)
	require.NoError(t, err)
	s.cluster.fillTokens(t)
	t.Run("Rights", s.rights)
	t.Run("Asks", s.asks)
	t.Run("Commands", func(t *testing.T) { s.run(t, "testdata/script") })
	t.Run("Thousand", s.thousand)
}

// scripts against one API server; each has a namespace of its own.
type scripts struct {
	kubeconfig string
	cluster    *cluster
	count      atomic.Int64
}

func (s *scripts) run(t *testing.T, dir string) {
	testscript.Run(t, testscript.Params{
		Dir: dir, UpdateScripts: *update, RequireExplicitExec: true, Setup: s.setUp,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"become": s.become, "as": s.as},
	})
}

// setUp the environment of a script: a namespace, and a kubeconfig with a context of it.
func (s *scripts) setUp(e *testscript.Env) error {
	ns := fmt.Sprintf("script-%d", s.count.Add(1))
	file := filepath.Join(e.WorkDir, "kubeconfig")
	if err := writeKubeconfig(s.kubeconfig, ns, file); err != nil {
		return err
	}
	if s.cluster != nil {
		o := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}
		if _, err := s.cluster.core.CoreV1().Namespaces().Create(context.Background(), o, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	e.Setenv("KUBECONFIG", file)
	e.Setenv("NAMESPACE", ns)
	e.Setenv("LANG", "C")
	return nil
}

// become SAMPLE [DELAY | created]: the objects of the namespace are those of the sample; after a delay, or as soon as a command has
// created its MoveEngine, while the script goes on.
func (s *scripts) become(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: become SAMPLE [DELAY | created]")
	}
	ns := ts.Getenv("NAMESPACE")
	change := func() error { return s.cluster.become(context.Background(), ns, args[0], func(object) {}) }
	if len(args) == 1 {
		ts.Check(change())
		return
	}
	done := make(chan error, 1)
	if args[1] == "created" {
		go func() {
			err := s.cluster.created(context.Background(), ns, args[0])
			if err == nil {
				err = change()
			}
			done <- err
		}()
	} else {
		delay, err := time.ParseDuration(args[1])
		ts.Check(err)
		time.AfterFunc(delay, func() { done <- change() })
	}
	ts.Defer(func() {
		if err := <-done; err != nil {
			ts.Logf("become %s: %v", args[0], err)
		}
	})
}
