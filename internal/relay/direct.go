package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// DirectPort is where the agent of the target listens for the agent of the source on every
// address of its Pod: for those who have the other certificate of the run, and no other client.
const DirectPort = 7072

const (
	// ProbeTimeout is how long a route to the target is looked for. Rules of a Service arrive at
	// the nodes within a second or two; a firewall that drops packets costs all of it.
	ProbeTimeout = 5 * time.Second
	probePause   = 200 * time.Millisecond
	// dialTimeout of a connection on a route that was found before.
	dialTimeout = 10 * time.Second
	// ackTimeout is how long data may go without an answer before a direct connection counts
	// as cut: as long as a session through the API servers may.
	ackTimeout = time.Minute
	// protoProbe is what a probe asks for (ALPN): nothing follows the handshake.
	protoProbe = "kubemove-probe"
)

// ListenDirect listens for agents of sources.
func ListenDirect(ctx context.Context) (net.Listener, error) {
	config := net.ListenConfig{KeepAliveConfig: keepAlive, Control: giveUp}
	l, err := config.Listen(ctx, "tcp", ":"+strconv.Itoa(DirectPort))
	if err != nil {
		return nil, fmt.Errorf("cannot listen on port %d of the Pod: %w", DirectPort, err)
	}
	return l, nil
}

// DialDirect connects to the agent of the target.
func DialDirect(ctx context.Context, address string, config *tls.Config) (*Secure, error) {
	dialer := net.Dialer{Timeout: dialTimeout, KeepAliveConfig: keepAlive, Control: giveUp}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return SecureClient(ctx, conn, config)
}

// keepAlive of direct connections: shorter than what firewalls forget.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 3}

// giveUp on a connection whose other end answers no more; the kernel would try for a quarter
// of an hour.
func giveUp(_, _ string, raw syscall.RawConn) error {
	var failed error
	err := raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(ackTimeout.Milliseconds()))
	})
	return errors.Join(err, failed)
}

// FindDirect looks for the first of the addresses at which the agent of the target answers,
// and tries again until the context ends.
func FindDirect(ctx context.Context, addresses []string, config *tls.Config) (string, error) {
	if len(addresses) == 0 {
		return "", errors.New("there is no address to try")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		index int
		err   error
	}
	answers := make(chan answer, len(addresses))
	for i, address := range addresses {
		go func() { answers <- answer{i, probeUntil(ctx, address, config)} }()
	}
	errs := make([]error, len(addresses))
	for range addresses {
		a := <-answers
		if a.err == nil {
			return addresses[a.index], nil
		}
		errs[a.index] = a.err
	}
	return "", errors.Join(errs...)
}

// probeUntil tries one address until it answers or the context ends.
func probeUntil(ctx context.Context, address string, config *tls.Config) error {
	for {
		err := probe(ctx, address, config)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", address, err)
		case <-time.After(probePause):
		}
	}
}

// probe makes sure of both certificates: the target ends the connection in order only when it
// has accepted ours.
func probe(ctx context.Context, address string, config *tls.Config) error {
	asking := config.Clone()
	asking.NextProtos = []string{protoProbe}
	conn, err := (&tls.Dialer{Config: asking}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if protocol := conn.(*tls.Conn).ConnectionState().NegotiatedProtocol; protocol != protoProbe {
		return fmt.Errorf("it speaks %q, expected %q", protocol, protoProbe)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("it has not accepted the certificate: %w", err)
	}
	return nil
}

// IsProbe tells whether the peer only wanted to know whether it is reached, and answers it.
func (s *Secure) IsProbe() bool {
	if s.conn.ConnectionState().NegotiatedProtocol != protoProbe {
		return false
	}
	_ = s.raw.Conn.SetDeadline(time.Now().Add(handshakeTimeout))
	_ = s.conn.CloseWrite()
	_ = s.raw.flush()
	_ = s.Close()
	return true
}
