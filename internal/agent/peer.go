package agent

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/kubemove/kubemove/internal/relay"
	"github.com/kubemove/kubemove/task"
)

const (
	// sessionWait is how long a connection of the mobilizer waits for a session with the coordinator.
	sessionWait = 60 * time.Second
	// mobilizerWait is how long the mobilizer may take until it listens.
	mobilizerWait = 60 * time.Second
	// dialPause is the pause between attempts to reach it.
	dialPause = 100 * time.Millisecond
)

// servePeer carries every connection that the mobilizer makes.
func (a *Agent) servePeer(ctx context.Context) {
	for {
		conn, err := a.Peer.Accept()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				a.Log.Error("cannot accept the mobilizer", "error", err)
			}
			return
		}
		a.carried.Add(1)
		a.open.Add(1)
		go func() {
			defer a.carried.Done()
			defer a.open.Add(-1)
			if err := a.carryFromMobilizer(ctx, conn); err != nil {
				a.Log.Warn("a connection of the mobilizer has failed", "error", err)
			}
		}()
	}
}

func (a *Agent) carryFromMobilizer(ctx context.Context, conn net.Conn) error {
	secure, err := a.securePeer(ctx)
	if err != nil {
		relay.Reset(conn)
		return err
	}
	_, err = relay.Carry(a.counted(conn), secure)
	return err
}

var errNoRoute = errors.New("no direct route to the target is known")

// securePeer opens a secured peer stream to the other side: directly, where a route was found, else
// through the coordinator.
func (a *Agent) securePeer(ctx context.Context) (*relay.Secure, error) {
	if a.Role == task.RoleTarget {
		return a.callSource(ctx)
	}
	address, only := a.route.get()
	if address == "" && only {
		return nil, errNoRoute
	}
	if address != "" {
		secure, err := relay.DialDirect(ctx, address, a.TLS)
		if err == nil || only {
			return secure, err
		}
		a.loseRoute(address, err)
	}
	stream, err := a.openPeer(ctx)
	if err != nil {
		return nil, err
	}
	return relay.SecureClient(ctx, stream, a.TLS)
}

// openPeer opens a peer stream to the other side through the coordinator.
func (a *Agent) openPeer(ctx context.Context) (net.Conn, error) {
	waiting, cancel := context.WithTimeout(ctx, sessionWait)
	defer cancel()
	session, err := a.connection.wait(waiting)
	if err != nil {
		return nil, errors.New("the coordinator is not connected")
	}
	return session.OpenPeer()
}

// servePeerStream carries a stream that the other side has opened to the mobilizer.
func (a *Agent) servePeerStream(ctx context.Context, stream net.Conn) {
	secure, err := a.acceptPeer(ctx, stream)
	if err != nil {
		a.Log.Error("a peer was refused", "error", err)
		return
	}
	if secure != nil {
		a.carryToMobilizer(ctx, secure)
	}
}

// acceptPeer secures a stream; nil: it was a question, and is answered.
func (a *Agent) acceptPeer(ctx context.Context, stream net.Conn) (*relay.Secure, error) {
	if a.Role == task.RoleSource {
		return a.answerTarget(ctx, stream)
	}
	secure, err := relay.SecureServer(ctx, stream, a.TLS)
	if err != nil || secure.IsProbe() {
		return nil, err
	}
	token, err := secure.Token()
	switch {
	case err != nil:
		_ = secure.Close()
		return nil, err
	case token != "":
		a.callbacks.arrived(token, secure)
		return nil, nil
	}
	return secure, nil
}

// carryToMobilizer joins a stream with a connection to the mobilizer.
func (a *Agent) carryToMobilizer(ctx context.Context, secure *relay.Secure) {
	a.carried.Add(1)
	a.open.Add(1)
	defer a.carried.Done()
	defer a.open.Add(-1)
	conn, err := a.dialMobilizer(ctx)
	if err != nil {
		a.Log.Warn("the mobilizer does not listen", "error", err)
		secure.Close()
		return
	}
	if _, err := relay.Carry(a.counted(conn), secure); err != nil {
		a.Log.Warn("a connection to the mobilizer has failed", "error", err)
	}
}

// dialMobilizer connects to the mobilizer, which may still be starting.
func (a *Agent) dialMobilizer(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, mobilizerWait)
	defer cancel()
	for {
		conn, err := a.DialMobilizer(ctx)
		if err == nil {
			return conn, nil
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(dialPause):
		}
	}
}

// counted counts what moves on a connection, so that drain sees whether it is idle.
func (a *Agent) counted(conn net.Conn) net.Conn {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn
	}
	return &countedConn{TCPConn: tcp, agent: a}
}

type countedConn struct {
	*net.TCPConn
	agent *Agent
}

// Read implements net.Conn.
func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	c.agent.moved.Add(int64(n))
	c.agent.limit.wait(n)
	return n, err
}

// Write implements net.Conn.
func (c *countedConn) Write(p []byte) (int, error) {
	c.agent.limit.wait(len(p))
	n, err := c.TCPConn.Write(p)
	c.agent.moved.Add(int64(n))
	return n, err
}
