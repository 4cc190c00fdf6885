package relay

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/kubemove/kubemove/task"
)

// Dialer connects to an agent.
type Dialer func(ctx context.Context) (io.ReadWriteCloser, error)

// AgentState is what the coordinator knows of one agent.
type AgentState struct {
	// Connected: a session is up.
	Connected bool
	// Started: the mobilizer was let go.
	Started bool
	// Status is the newest of the mobilizer; Final: its last.
	Status *task.Status
	Final  bool
	// Route is the route that the source has found to the target; nil: it was not asked, or has
	// not answered yet.
	Route *Route
	// Err of the last attempt to connect.
	Err error
}

// Route is what the agent of the source has found out.
type Route struct {
	// Address of the target that it reaches; empty: none.
	Address string
	// Problem is why it reaches none.
	Problem string
}

// Link is the coordinator's half: it keeps a session with the agent of each side, and joins their
// peer streams.
type Link struct {
	runID   string
	changed func()
	log     *slog.Logger

	mu   sync.Mutex
	goes bool
	// pass is the run whose statuses count, tasks those of its sides; nil: the mobilizers have theirs.
	pass   string
	tasks  map[task.Role]*task.Task
	direct *Message
	limit  *Message
	sides  map[task.Role]*linkSide
}

// linkSide is one agent of a link.
type linkSide struct {
	role    task.Role
	dial    Dialer
	state   AgentState
	mux     *yamux.Session
	control *Control
	// up is closed when a session is up, and made anew when it is lost.
	up chan struct{}
}

const (
	// redialFirst and redialMax bound the pause between attempts to connect.
	redialFirst = 100 * time.Millisecond
	redialMax   = 2 * time.Second
	// joinWait is how long a peer stream waits for the session with the other side to come back.
	joinWait = 30 * time.Second
)

// NewLink prepares a link; changed is called without arguments whenever State may have
// changed, from several goroutines, and must not block.
func NewLink(runID string, source, target Dialer, changed func(), log *slog.Logger) *Link {
	if changed == nil {
		changed = func() {}
	}
	l := &Link{runID: runID, pass: runID, changed: changed, log: log, sides: map[task.Role]*linkSide{}}
	for role, dial := range map[task.Role]Dialer{task.RoleSource: source, task.RoleTarget: target} {
		l.sides[role] = &linkSide{role: role, dial: dial, up: make(chan struct{})}
	}
	return l
}

// Run keeps both sessions until the context ends.
func (l *Link) Run(ctx context.Context) {
	var wait sync.WaitGroup
	for _, side := range l.sides {
		wait.Go(func() { l.keep(ctx, side) })
	}
	wait.Wait()
}

// State of one agent.
func (l *Link) State(role task.Role) AgentState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sides[role].state
}

// Go lets both mobilizers start, now or as soon as their agents are connected again. The tasks, of one run, are those
// of mobilizers that serve several passes: with others the next pass begins. nil: they have theirs.
func (l *Link) Go(tasks map[task.Role]*task.Task) {
	l.mu.Lock()
	l.goes = true
	for role, t := range tasks {
		if l.pass != t.Run.ID {
			l.pass, l.tasks = t.Run.ID, tasks
			for _, side := range l.sides {
				side.state.Status = nil
			}
		}
		l.tasks[role] = t
	}
	messages := map[*Control]Message{}
	for _, side := range l.sides {
		if side.control != nil {
			messages[side.control] = l.goMessage(side.role)
		}
	}
	l.mu.Unlock()
	for c, m := range messages {
		// A failure ends the session, and the next one begins with a go.
		_ = c.Send(m)
	}
}

func (l *Link) goMessage(role task.Role) Message { return Message{Type: TypeGo, Task: l.tasks[role]} }

// Direct lets the source look for a direct route to the target, at once and whenever its agent
// is connected again; State has the answer. Asking the same again does nothing.
func (l *Link) Direct(addresses []string, only bool) {
	l.mu.Lock()
	if l.direct != nil && l.direct.Only == only && slices.Equal(l.direct.Addresses, addresses) {
		l.mu.Unlock()
		return
	}
	l.direct = &Message{Type: TypeDirect, Addresses: addresses, Only: only}
	control, m := l.sides[task.RoleSource].control, *l.direct
	l.mu.Unlock()
	if control != nil {
		// A failure ends the session, and the next one begins with the question.
		_ = control.Send(m)
	}
}

// Limit how much the source carries, at once and whenever its agent is connected again.
func (l *Link) Limit(bytesPerSecond int64) {
	l.mu.Lock()
	if l.limit == nil && bytesPerSecond == 0 || l.limit != nil && l.limit.BytesPerSecond == bytesPerSecond {
		l.mu.Unlock()
		return
	}
	l.limit = &Message{Type: TypeLimit, BytesPerSecond: bytesPerSecond}
	control, m := l.sides[task.RoleSource].control, *l.limit
	l.mu.Unlock()
	if control != nil {
		// A failure ends the session, and the next one begins with the limit.
		_ = control.Send(m)
	}
}

// keep holds a session with one agent, dialling again with growing pauses.
func (l *Link) keep(ctx context.Context, side *linkSide) {
	pause := redialFirst
	for ctx.Err() == nil {
		connected, err := l.session(ctx, side)
		if connected {
			pause = redialFirst
		}
		l.update(side, func(s *AgentState) { s.Connected, s.Err = false, err })
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, redialMax)
	}
}

// session holds one session until it ends.
func (l *Link) session(ctx context.Context, side *linkSide) (connected bool, err error) {
	conn, err := side.dial(ctx)
	if err != nil {
		return false, err
	}
	mux, err := yamux.Client(conn, config())
	if err != nil {
		conn.Close()
		return false, err
	}
	defer mux.Close()
	stop := context.AfterFunc(ctx, func() { mux.Close() })
	defer stop()

	control, err := l.greet(mux, side.role)
	if err != nil {
		return false, err
	}
	l.connect(side, mux, control)
	defer l.disconnect(side)
	l.log.Debug("connected to an agent", "role", side.role)
	go l.acceptPeers(ctx, side.role, mux)
	return true, l.listen(side, control)
}

// greet opens the control stream and makes sure that it is the right agent.
func (l *Link) greet(mux *yamux.Session, role task.Role) (*Control, error) {
	stream, err := open(mux, kindControl)
	if err != nil {
		return nil, err
	}
	if err := stream.SetReadDeadline(time.Now().Add(handshakeTimeout)); err != nil {
		return nil, err
	}
	control := NewControl(stream)
	hello, err := control.Receive()
	if err != nil {
		return nil, fmt.Errorf("the agent did not say hello: %w", err)
	}
	if hello.Type != TypeHello || hello.RunID != l.runID || hello.Role != role {
		return nil, fmt.Errorf("the agent is the %s of run %q, expected the %s of run %q", hello.Role, hello.RunID, role, l.runID)
	}
	l.update(l.sides[role], func(s *AgentState) { s.Started = s.Started || hello.Started })
	return control, stream.SetReadDeadline(time.Time{})
}

// listen reads what the agent says.
func (l *Link) listen(side *linkSide, control *Control) error {
	for {
		m, err := control.Receive()
		if err != nil {
			return err
		}
		switch m.Type {
		case TypeStarted:
			l.update(side, func(s *AgentState) { s.Started = true })
		case TypeRoute:
			l.update(side, func(s *AgentState) { s.Route = &Route{Address: m.Address, Problem: m.Problem} })
		case TypeStatus:
			if m.Status != nil {
				l.update(side, func(s *AgentState) {
					if m.Status.RunID == l.pass {
						s.Status = m.Status
					}
				})
			}
			if m.Final {
				l.update(side, func(s *AgentState) { s.Final = true })
				if err := control.Send(Message{Type: TypeReceived}); err != nil {
					return err
				}
			}
		}
	}
}

func (l *Link) connect(side *linkSide, mux *yamux.Session, control *Control) {
	l.mu.Lock()
	side.mux, side.control = mux, control
	side.state.Connected, side.state.Err = true, nil
	close(side.up)
	goes, message, direct := l.goes, l.goMessage(side.role), l.direct
	limit := l.limit
	l.mu.Unlock()
	if limit != nil && side.role == task.RoleSource {
		_ = control.Send(*limit)
	}
	if direct != nil && side.role == task.RoleSource {
		_ = control.Send(*direct)
	}
	if goes {
		_ = control.Send(message)
	}
	l.changed()
}

func (l *Link) disconnect(side *linkSide) {
	l.mu.Lock()
	defer l.mu.Unlock()
	side.mux, side.control, side.up = nil, nil, make(chan struct{})
}

func (l *Link) update(side *linkSide, change func(*AgentState)) {
	l.mu.Lock()
	change(&side.state)
	l.mu.Unlock()
	l.changed()
}

// acceptPeers joins every peer stream of a side with one to the other.
func (l *Link) acceptPeers(ctx context.Context, role task.Role, mux *yamux.Session) {
	for {
		stream, err := mux.AcceptStream()
		if err != nil {
			return
		}
		go func() {
			defer stream.Close()
			if kind, err := accept(stream); err != nil || kind != kindPeer {
				return
			}
			peer, err := l.openPeer(ctx, role.Other())
			if err != nil {
				l.log.Warn("cannot join a stream of the "+string(role), "error", err)
				return
			}
			Join(stream, peer)
		}()
	}
}

// openPeer opens a peer stream to a side, waiting a while for its session.
func (l *Link) openPeer(ctx context.Context, role task.Role) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, joinWait, fmt.Errorf("the agent of the %s is not connected", role))
	defer cancel()
	side := l.sides[role]
	for {
		l.mu.Lock()
		mux, up := side.mux, side.up
		l.mu.Unlock()
		if mux != nil {
			return open(mux, kindPeer)
		}
		select {
		case <-up:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// Join copies between two streams in both directions until both have ended or one has
// failed, then closes them. It adds no buffer of its own beyond one chunk a direction, so a
// slow reader slows its writer down.
func Join(a, b net.Conn) {
	done := make(chan struct{}, 2)
	copyTo := func(to, from net.Conn) {
		_, err := io.CopyBuffer(onlyWriter{to}, onlyReader{from}, make([]byte, chunk))
		if err != nil {
			// The other direction is of no use without this one.
			a.Close()
			b.Close()
		}
		// On a multiplexed stream this closes the write side only.
		to.Close()
		done <- struct{}{}
	}
	go copyTo(a, b)
	go copyTo(b, a)
	<-done
	<-done
}

// onlyWriter and onlyReader hide every other method, so that io.CopyBuffer uses the buffer.
type onlyWriter struct{ io.Writer }

type onlyReader struct{ io.Reader }
