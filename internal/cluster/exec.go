package cluster

import (
	"bytes"
	"context"
	"io"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/streaming/pkg/httpstream"
)

// execOutput bounds what is kept of a command's output.
const execOutput = 64 << 10

// Exec runs a short command in a container of a Pod and returns what it wrote to its output.
func (c *Cluster) Exec(ctx context.Context, pod, container string, command []string, limit time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	doing := "run " + strings.Join(command, " ") + " in Pod/" + pod
	req := c.Kube.CoreV1().RESTClient().Post().Namespace(c.Namespace).Resource("pods").Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Container: container, Command: command, Stdout: true, Stderr: true}, scheme.ParameterCodec)
	spdy, err := remotecommand.NewSPDYExecutor(c.Config, "POST", req.URL())
	if err != nil {
		return "", c.Wrap(doing, err)
	}
	ws, err := remotecommand.NewWebSocketExecutor(c.Config, "GET", req.URL().String())
	if err != nil {
		return "", c.Wrap(doing, err)
	}
	// Servers before 1.30 speak only SPDY.
	exec, err := remotecommand.NewFallbackExecutor(ws, spdy, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
	if err != nil {
		return "", c.Wrap(doing, err)
	}
	var out bytes.Buffer
	err = exec.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &limitedWriter{to: &out, left: execOutput}, Stderr: io.Discard})
	return out.String(), c.Wrap(doing, err)
}

// limitedWriter drops what is too much, so that a command that floods its output cannot.
type limitedWriter struct {
	to   *bytes.Buffer
	left int
}

func (w *limitedWriter) Write(p []byte) (int, error) {
	keep := p[:min(len(p), w.left)]
	w.left -= len(keep)
	w.to.Write(keep)
	return len(p), nil
}
