package agent

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kubemove/kubemove/internal/relay"
	"github.com/kubemove/kubemove/task"
)

// Agent of one worker.
type Agent struct {
	// RunID and Role of the worker. Of one that serves several passes it is the ID of their session.
	RunID string
	Role  task.Role
	// NextTaskFile is where a mobilizer that serves several passes finds the task of each; empty: it has one.
	NextTaskFile string
	// Control is where the coordinator connects.
	Control net.Listener
	// Peer is where the mobilizer connects.
	Peer net.Listener
	// Direct is where the agent of the source connects, if it can; target only, optional.
	Direct net.Listener
	// DialMobilizer connects to the mobilizer, where it listens.
	DialMobilizer func(ctx context.Context) (net.Conn, error)
	// TLS towards the agent of the other side.
	TLS *tls.Config
	// ListenStart is where the startup probe connects to once the mobilizer may start. Optional.
	ListenStart func() (net.Listener, error)
	// StatusFile is what the mobilizer writes, StartedFile the mark that it may start, and
	// TerminationLog where the last status is left for the cluster; empty: nowhere.
	StatusFile, StartedFile, TerminationLog string
	// Poll is the pause between looks at the status; default 300 ms.
	Poll time.Duration
	// FlushTimeout bounds how long the last status waits for the coordinator; default 10 s.
	FlushTimeout time.Duration
	// IdleTimeout ends connections that are still open after the mobilizer has ended and on
	// which nothing moves; default 10 s.
	IdleTimeout time.Duration
	// ProbeTimeout is how long a direct route to the target is looked for; default
	// relay.ProbeTimeout.
	ProbeTimeout time.Duration
	// Log of the agent.
	Log *slog.Logger

	started       startGate
	watch         *watcher
	connection    connection
	route         route
	callbacks     callbacks
	limit         limit
	controlStream atomic.Pointer[relay.Control]
	carried       sync.WaitGroup
	open          atomic.Int64
	moved         atomic.Int64
	received      chan struct{}
}

// Run serves the coordinator until the context ends, which is when the mobilizer has ended; then it
// lets the open connections run dry and hands the last status over.
func (a *Agent) Run(ctx context.Context) error {
	a.defaults()
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()

	if err := a.started.resume(); err != nil {
		return err
	}
	defer a.started.close()
	go a.serveControl(serving)
	go a.servePeer(serving)
	if a.Direct != nil {
		go a.serveDirect(serving)
	}
	// The watcher stops with the mobilizer: finish reads the last status itself.
	a.watch.follow(ctx)

	a.Log.Info("the mobilizer has ended", "openConnections", a.open.Load())
	a.drain()
	a.finish()
	for _, l := range []net.Listener{a.Control, a.Peer, a.Direct} {
		if l != nil {
			l.Close()
		}
	}
	a.connection.replace(nil)
	return nil
}

func (a *Agent) defaults() {
	if a.Poll <= 0 {
		a.Poll = 300 * time.Millisecond
	}
	if a.FlushTimeout <= 0 {
		a.FlushTimeout = 10 * time.Second
	}
	if a.IdleTimeout <= 0 {
		a.IdleTimeout = 10 * time.Second
	}
	if a.ProbeTimeout <= 0 {
		a.ProbeTimeout = relay.ProbeTimeout
	}
	if a.Log == nil {
		a.Log = slog.Default()
	}
	a.started.file, a.started.listen = a.StartedFile, a.ListenStart
	a.watch = newWatcher(a.StatusFile, a.firstRun(), a.Poll, a.Log)
	a.received = make(chan struct{}, 1)
	a.connection.changed = make(chan struct{})
}

// serveControl accepts the coordinator; a newer session replaces the older.
func (a *Agent) serveControl(ctx context.Context) {
	for {
		conn, err := a.Control.Accept()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				a.Log.Error("cannot accept the coordinator", "error", err)
			}
			return
		}
		session, err := relay.NewSession(conn)
		if err != nil {
			a.Log.Error("cannot begin a session", "error", err)
			conn.Close()
			continue
		}
		go a.serveSession(ctx, session)
	}
}

func (a *Agent) serveSession(ctx context.Context, session *relay.Session) {
	defer session.Close()
	err := session.Serve(relay.Handler{Control: func(c *relay.Control) {
		// What opens a control stream is the coordinator now. A mere connection, such as that
		// of a probe, replaces no other session.
		a.connection.replace(session)
		a.control(ctx, session, c)
	}, Peer: func(stream net.Conn) { a.servePeerStream(ctx, stream) }})
	a.Log.Debug("session ended", "error", err)
}

// control speaks with the coordinator on one session.
func (a *Agent) control(ctx context.Context, session *relay.Session, c *relay.Control) {
	defer session.Close()
	a.controlStream.Store(c)
	if err := c.Send(relay.Message{Type: relay.TypeHello, RunID: a.RunID, Role: a.Role, Started: a.started.isOpen()}); err != nil {
		return
	}
	go a.push(session, c)
	for {
		m, err := c.Receive()
		if err != nil {
			return
		}
		switch m.Type {
		case relay.TypeGo:
			if err := a.begin(m.Task); err != nil {
				a.Log.Error("cannot let the mobilizer start", "error", err)
				return
			}
			_ = c.Send(relay.Message{Type: relay.TypeStarted})
		case relay.TypeLimit:
			a.limit.set(m.BytesPerSecond)
		case relay.TypeDirect:
			go a.findRoute(ctx, c, m)
		case relay.TypeReceived:
			select {
			case a.received <- struct{}{}:
			default:
			}
		}
	}
}

// push sends every new status to the coordinator, beginning with the newest.
func (a *Agent) push(session *relay.Session, c *relay.Control) {
	for {
		status, final, changed := a.watch.newest()
		if status != nil || final {
			if err := c.Send(relay.Message{Type: relay.TypeStatus, Status: status, Final: final}); err != nil {
				session.Close()
				return
			}
		}
		select {
		case <-changed:
		case <-session.Done():
			return
		}
	}
}

// drain waits until every connection has ended, as long as something moves and a coordinator is
// there to carry it.
func (a *Agent) drain() {
	done := make(chan struct{})
	go func() {
		a.carried.Wait()
		close(done)
	}()
	const ticks = 10
	for moved, idle, alone := int64(-1), 0, 0; idle < ticks && alone < aloneLimit; {
		select {
		case <-done:
			return
		case <-time.After(a.IdleTimeout / ticks):
		}
		idle, alone = idle+1, alone+1
		if now := a.moved.Load(); now != moved {
			moved, idle = now, 0
		}
		if a.connection.alive() {
			alone = 0
		}
	}
	a.Log.Warn("connections of the mobilizer are still open and nothing moves: they are cut", "connections", a.open.Load())
}

// finish hands the last status to the coordinator and leaves a copy for the cluster.
func (a *Agent) finish() {
	status := a.watch.finish()
	if err := writeTermination(a.TerminationLog, status); err != nil {
		a.Log.Error("cannot write the termination message", "error", err)
	}
	if !a.started.isOpen() {
		return // The mobilizer never started: there is nothing to tell.
	}
	if a.NextTaskFile != "" && status != nil && status.Result != nil && status.Result.Outcome == task.OutcomeSucceeded {
		return // It was told to stop after a pass that was good, which the coordinator knows.
	}
	limit := time.After(a.FlushTimeout)
	for alone := 0; alone < aloneLimit; {
		select {
		case <-a.received:
			return
		case <-limit:
			a.Log.Warn("the coordinator did not take the last status in time")
			return
		case <-time.After(a.FlushTimeout / 10):
		}
		// A coordinator that has gone does not come back for a mobilizer that it has given up, and one
		// that does finds the copy.
		if alone++; a.connection.alive() {
			alone = 0
		}
	}
	a.Log.Info("no coordinator is there to take the last status")
}

// aloneLimit is how many tenths of a timeout the agent waits without any coordinator.
const aloneLimit = 2
