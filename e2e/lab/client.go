package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
)

// Kubectl runs kubectl against the cluster and returns what it prints.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (string, error) {
	return run(ctx, c.kubectl, append([]string{"--kubeconfig", c.Kubeconfig}, args...)...)
}

// Apply applies manifests server-side.
func (c *Cluster) Apply(ctx context.Context, manifests string) error {
	cmd := exec.CommandContext(ctx, c.kubectl, "--kubeconfig", c.Kubeconfig, "apply", "--server-side", "--force-conflicts", "-f", "-")
	cmd.Stdin = strings.NewReader(manifests)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("apply to %s: %w: %s", c.Name, err, bytes.TrimSpace(out))
	}
	return nil
}

// Exec runs a command in a container (the first when container is empty) and
// returns its standard output. A failure carries what it wrote to both outputs.
func (c *Cluster) Exec(ctx context.Context, namespace, pod, container string, command ...string) (string, error) {
	config, err := c.Config()
	if err != nil {
		return "", err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return "", err
	}
	request := client.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Container: container, Command: command, Stdout: true, Stderr: true}, scheme.ParameterCodec)
	executor, err := remotecommand.NewWebSocketExecutor(config, http.MethodGet, request.URL().String())
	if err != nil {
		return "", err
	}
	var stdout, stderr bytes.Buffer
	if err := executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &stdout, Stderr: &stderr}); err != nil {
		return stdout.String(), fmt.Errorf("exec %q in %s/%s of %s: %w: %s%s", command, namespace, pod, c.Name, err,
			stderr.String(), stdout.String())
	}
	return stdout.String(), nil
}

// PortForward opens a local port that leads to a port of a Pod, and returns
// its address. It is closed when stop is called.
func (c *Cluster) PortForward(ctx context.Context, namespace, pod string, port int) (address string, stop func(), err error) {
	config, err := c.Config()
	if err != nil {
		return "", nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return "", nil, err
	}
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return "", nil, err
	}
	url := client.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("portforward").URL()
	dialer := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, url)
	quit, ready, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	forwarder, err := portforward.New(dialer, []string{fmt.Sprintf("0:%d", port)}, quit, ready, io.Discard, io.Discard)
	if err != nil {
		return "", nil, err
	}
	go func() { done <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-done:
		return "", nil, fmt.Errorf("forward port %d of %s/%s: %w", port, namespace, pod, errors.Join(err, ctx.Err()))
	case <-ctx.Done():
		close(quit)
		return "", nil, ctx.Err()
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		close(quit)
		return "", nil, err
	}
	return fmt.Sprintf("localhost:%d", ports[0].Local), func() { close(quit); <-done }, nil
}
