package agent

import (
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/kubemove/kubemove/internal/relay"
	"github.com/kubemove/kubemove/task"
)

// harness is a coordinator with an agent on each side, all in this process, over real sockets.
type harness struct {
	t       testing.TB
	runID   string
	dirs    map[task.Role]string
	agents  map[task.Role]*Agent
	stops   map[task.Role]context.CancelFunc
	ended   map[task.Role]chan struct{}
	link    *relay.Link
	changed chan struct{}
	// opener is the side whose mobilizer dials, worker where that of the other side listens.
	opener task.Role
	worker net.Listener

	mu    sync.Mutex
	conns []net.Conn
}

func newHarness(t testing.TB) *harness {
	t.Helper()
	h := &harness{
		t: t, runID: "run-1", changed: make(chan struct{}, 1), opener: task.RoleSource, worker: listenLocal(t),
		dirs: map[task.Role]string{}, agents: map[task.Role]*Agent{},
		stops: map[task.Role]context.CancelFunc{}, ended: map[task.Role]chan struct{}{},
	}
	caCert, caKey, err := relay.NewCA(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	dialers := map[task.Role]relay.Dialer{}
	for _, role := range []task.Role{task.RoleSource, task.RoleTarget} {
		h.dirs[role] = t.TempDir()
		h.startAgent(role, caCert, caKey)
		address := h.agents[role].Control.Addr().String()
		dialers[role] = func(ctx context.Context) (io.ReadWriteCloser, error) {
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
			if err == nil {
				h.mu.Lock()
				h.conns = append(h.conns, conn)
				h.mu.Unlock()
			}
			return conn, err
		}
	}
	h.link = relay.NewLink(h.runID, dialers[task.RoleSource], dialers[task.RoleTarget], func() {
		select {
		case h.changed <- struct{}{}:
		default:
		}
	}, quiet())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		h.link.Run(ctx)
		close(done)
	}()
	t.Cleanup(func() {
		// Agents first: they hand their last status to the coordinator.
		for role, stop := range h.stops {
			stop()
			<-h.ended[role]
		}
		cancel()
		<-done
	})
	return h
}

func (h *harness) startAgent(role task.Role, caCert, caKey []byte) {
	key := relay.PeerKey(h.runID, "data")
	cert, certKey, err := relay.IssueAgent(time.Now(), caCert, caKey, role, key)
	if err != nil {
		h.t.Fatal(err)
	}
	config, err := relay.TLSConfig(role, key, cert, certKey, caCert)
	if err != nil {
		h.t.Fatal(err)
	}
	a := &Agent{
		RunID: h.runID, Role: role, Control: listenLocal(h.t), TLS: config,
		StatusFile:     filepath.Join(h.dirs[role], "status.json"),
		StartedFile:    filepath.Join(h.dirs[role], "agent", "started"),
		TerminationLog: filepath.Join(h.dirs[role], "termination"),
		Poll:           5 * time.Millisecond, FlushTimeout: 5 * time.Second, IdleTimeout: time.Second,
		ProbeTimeout: 300 * time.Millisecond,
		Log:          quiet(),
	}
	a.Peer = listenLocal(h.t)
	a.DialMobilizer = func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", h.worker.Addr().String())
	}
	if role == task.RoleTarget {
		a.Direct = listenLocal(h.t)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	h.agents[role], h.stops[role], h.ended[role] = a, stop, ended
	go func() {
		defer close(ended)
		if err := a.Run(ctx); err != nil {
			h.t.Errorf("agent of the %s: %v", role, err)
		}
	}()
}

// await waits until the state of an agent is as wanted.
func (h *harness) await(role task.Role, reason string, want func(relay.AgentState) bool) relay.AgentState {
	h.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		if s := h.link.State(role); want(s) {
			return s
		}
		select {
		case <-h.changed:
		case <-limit:
			h.t.Fatalf("%s: the %s is still %+v", reason, role, h.link.State(role))
		}
	}
}

func (h *harness) awaitConnected() {
	h.t.Helper()
	for role := range h.agents {
		h.await(role, "connect", func(s relay.AgentState) bool { return s.Connected })
	}
}

// cut breaks every connection between coordinator and agents.
func (h *harness) cut() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.conns {
		c.Close()
	}
	h.conns = nil
}

// dialPeer connects as the mobilizer of the opener does, or ends the test.
func (h *harness) dialPeer() *net.TCPConn {
	h.t.Helper()
	conn, err := h.connectPeer()
	if err != nil {
		h.t.Fatal(err)
	}
	return conn
}

// connectPeer connects as the mobilizer of the opener does, which may be refused.
func (h *harness) connectPeer() (*net.TCPConn, error) {
	conn, err := net.Dial("tcp", h.agents[h.opener].Peer.Addr().String())
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

// writeStatus writes a status as a worker does.
func (h *harness) writeStatus(role task.Role, data string) {
	h.t.Helper()
	file := filepath.Join(h.dirs[role], "status.json")
	if err := os.WriteFile(file+".new", []byte(data), 0o600); err != nil {
		h.t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		h.t.Fatal(err)
	}
}

func listenLocal(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
