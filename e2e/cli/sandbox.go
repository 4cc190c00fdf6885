package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubemove/kubemove/e2e/lab"
)

// Sandbox is an API server with KubeMove's kinds, and a namespace of moves as samples have them.
type Sandbox struct {
	*cluster
	api *lab.APIServer
	dir string
	// Namespace of the moves.
	Namespace string
}

// StartSandbox of the checkout at root.
func StartSandbox(ctx context.Context, root, namespace string) (*Sandbox, error) {
	api, err := lab.StartAPIServer(ctx, root, os.Stderr)
	if err != nil {
		return nil, err
	}
	s := &Sandbox{api: api, Namespace: namespace}
	if err := s.fill(ctx, root); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Sandbox) fill(ctx context.Context, root string) error {
	config, err := s.api.Config()
	if err != nil {
		return err
	}
	if err := install(ctx, config, root); err != nil {
		return err
	}
	if s.cluster, err = newCluster(config); err != nil {
		return err
	}
	o := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.Namespace}}
	if _, err := s.core.CoreV1().Namespaces().Create(ctx, o, metav1.CreateOptions{}); err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp("", "kubemove-sandbox-"); err != nil {
		return err
	}
	return writeKubeconfig(s.api.Kubeconfig(), s.Namespace, s.Kubeconfig())
}

// Kubeconfig of it, with the namespace as the current one.
func (s *Sandbox) Kubeconfig() string { return filepath.Join(s.dir, "kubeconfig") }

// Become the sample of that name.
func (s *Sandbox) Become(ctx context.Context, sample string) error {
	return s.become(ctx, s.Namespace, sample, func(object) {})
}

// Stop it, and leave nothing.
func (s *Sandbox) Stop() error { return errors.Join(s.api.Stop(), os.RemoveAll(s.dir)) }

// Dashboard that runs.
type Dashboard struct {
	// URL that it has printed.
	URL     string
	process *exec.Cmd
	// out and said are its output and error output, whole when it has ended.
	out       *bufio.Reader
	said, log bytes.Buffer
}

// StartDashboard of a program kubectl-move, and wait for its URL.
func StartDashboard(ctx context.Context, program, kubeconfig string, args ...string) (*Dashboard, error) {
	d := &Dashboard{process: exec.CommandContext(ctx, program, append([]string{"dashboard"}, args...)...)}
	d.process.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	out, err := d.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	d.process.Stderr = &d.said
	if err := d.process.Start(); err != nil {
		return nil, err
	}
	d.out = bufio.NewReader(out)
	line, err := d.out.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("it prints no URL: %w: %s", errors.Join(err, d.process.Wait()), d.said.String())
	}
	d.URL = strings.TrimSpace(line)
	return d, nil
}

// Stop it by Ctrl-C, and return its exit code and what it has printed beside the URL.
func (d *Dashboard) Stop() (code int, printed string, err error) {
	if err := d.process.Process.Signal(os.Interrupt); err != nil {
		return 0, "", err
	}
	if _, err := d.log.ReadFrom(d.out); err != nil {
		return 0, "", err
	}
	err = d.process.Wait()
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		err = nil
	}
	return d.process.ProcessState.ExitCode(), d.log.String(), err
}
