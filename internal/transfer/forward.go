package transfer

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/kubemove/kubemove/internal/cluster"
)

// forward connects to a port on the loopback of a Pod through the API server, without a
// local listener: the data stream is the connection.
func forward(ctx context.Context, c *cluster.Cluster, pod string, port int) (io.ReadWriteCloser, error) {
	dialer, err := forwardDialer(c, pod)
	if err != nil {
		return nil, err
	}
	type dialled struct {
		conn httpstream.Connection
		err  error
	}
	// Dial knows no context.
	result := make(chan dialled, 1)
	go func() {
		conn, _, err := dialer.Dial(portforward.PortForwardProtocolV1Name)
		result <- dialled{conn, err}
	}()
	select {
	case d := <-result:
		if d.err != nil {
			return nil, fmt.Errorf("cannot forward a port of Pod %s: %w", pod, d.err)
		}
		return openForward(d.conn, pod, port)
	case <-ctx.Done():
		go func() {
			if d := <-result; d.err == nil {
				d.conn.Close()
			}
		}()
		return nil, fmt.Errorf("cannot forward a port of Pod %s: %w", pod, ctx.Err())
	}
}

// forwardDialer prefers WebSockets, which more proxies let through, and falls back to SPDY
// for API servers before 1.31.
func forwardDialer(c *cluster.Cluster, pod string) (httpstream.Dialer, error) {
	url := c.Kube.CoreV1().RESTClient().Post().Resource("pods").Namespace(c.Namespace).Name(pod).SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(c.Config)
	if err != nil {
		return nil, fmt.Errorf("cannot prepare a port-forward: %w", err)
	}
	overSPDY := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, url)
	overWebSocket, err := portforward.NewSPDYOverWebsocketDialerForStreaming(url, c.Config)
	if err != nil {
		return nil, fmt.Errorf("cannot prepare a port-forward: %w", err)
	}
	return portforward.NewFallbackDialerForStreaming(overWebSocket, overSPDY, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	}), nil
}

// openForward asks for one port: an error stream and a data stream.
func openForward(conn httpstream.Connection, pod string, port int) (io.ReadWriteCloser, error) {
	headers := http.Header{}
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	headers.Set(corev1.PortHeader, strconv.Itoa(port))
	headers.Set(corev1.PortForwardRequestIDHeader, "0")
	errorStream, err := conn.CreateStream(headers)
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("cannot open the error stream of Pod %s: %w", pod, err)
	}
	// Nothing is written there.
	errorStream.Close()
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := conn.CreateStream(headers)
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("cannot open the data stream of Pod %s: %w", pod, err)
	}
	f := &forwarded{Stream: data, conn: conn, pod: pod}
	go f.watch(errorStream)
	return f, nil
}

// forwarded is a connection to a port of a Pod.
type forwarded struct {
	httpstream.Stream
	conn httpstream.Connection
	pod  string

	mu     sync.Mutex
	reason error
}

// watch closes the connection when the other end says that it does not work.
func (f *forwarded) watch(errorStream io.Reader) {
	message, err := io.ReadAll(io.LimitReader(errorStream, 4<<10))
	if err != nil || len(message) == 0 {
		return
	}
	f.mu.Lock()
	f.reason = fmt.Errorf("port-forward to Pod %s: %s", f.pod, clip(string(message)))
	f.mu.Unlock()
	f.conn.Close()
}

// Read implements io.Reader.
func (f *forwarded) Read(p []byte) (int, error) {
	n, err := f.Stream.Read(p)
	if err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.reason != nil {
			err = f.reason
		}
	}
	return n, err
}

// Close ends the stream and the connection that it is in.
func (f *forwarded) Close() error {
	_ = f.Stream.Reset()
	return f.conn.Close()
}
