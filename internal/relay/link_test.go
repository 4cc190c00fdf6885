package relay

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/task"
)

// fakeAgent is an agent's end of a link in memory: it says hello and hands out what comes.
type fakeAgent struct {
	role    task.Role
	runID   string
	session chan *Session
	control chan *Control
	peers   chan net.Conn
}

// dial is what the coordinator calls.
func (a *fakeAgent) dial(context.Context) (io.ReadWriteCloser, error) {
	coordinator, agent := net.Pipe()
	go func() {
		s, err := NewSession(agent)
		if err != nil {
			return
		}
		a.session <- s
		_ = s.Serve(Handler{
			Control: func(c *Control) {
				if c.Send(Message{Type: TypeHello, RunID: a.runID, Role: a.role}) == nil {
					a.control <- c
				}
			},
			Peer: func(c net.Conn) { a.peers <- c },
		})
	}()
	return coordinator, nil
}

type linkTest struct {
	*Link
	source, target *fakeAgent
	changed        chan struct{}
}

func newLinkTest(t *testing.T) *linkTest {
	t.Helper()
	agent := func(role task.Role) *fakeAgent {
		return &fakeAgent{role: role, runID: "run-1", session: make(chan *Session, 8), control: make(chan *Control, 8),
			peers: make(chan net.Conn, 8)}
	}
	lt := &linkTest{source: agent(task.RoleSource), target: agent(task.RoleTarget), changed: make(chan struct{}, 1)}
	lt.Link = NewLink("run-1", lt.source.dial, lt.target.dial, func() {
		select {
		case lt.changed <- struct{}{}:
		default:
		}
	}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() { lt.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		wait.Wait()
	})
	return lt
}

func (lt *linkTest) await(t *testing.T, reason string, role task.Role, want func(AgentState) bool) {
	t.Helper()
	limit := time.After(10 * time.Second)
	for !want(lt.State(role)) {
		select {
		case <-lt.changed:
		case <-limit:
			t.Fatalf("%s: the state of the %s is still %+v", reason, role, lt.State(role))
		}
	}
}

func receive[T any](t *testing.T, reason string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(10 * time.Second):
		t.Fatal(reason)
		panic("unreachable")
	}
}

func TestLinkGoIsRepeatedAfterALostSession(t *testing.T) {
	lt := newLinkTest(t)
	first := receive(t, "the coordinator does not connect", lt.source.control)
	lt.await(t, "connect", task.RoleSource, func(s AgentState) bool { return s.Connected })
	lt.Go(nil)
	if m, err := first.Receive(); err != nil || m.Type != TypeGo {
		t.Fatalf("got %+v, %v", m, err)
	}
	// The answer gets lost with the session.
	receive(t, "no session", lt.source.session).Close()
	second := receive(t, "the coordinator does not come back", lt.source.control)
	if m, err := second.Receive(); err != nil || m.Type != TypeGo {
		t.Fatalf("got %+v, %v", m, err)
	}
	if err := second.Send(Message{Type: TypeStarted}); err != nil {
		t.Fatal(err)
	}
	lt.await(t, "go was confirmed", task.RoleSource, func(s AgentState) bool { return s.Started && s.Connected })
}

func TestLinkKeepsStatusAndConfirmsTheLast(t *testing.T) {
	lt := newLinkTest(t)
	control := receive(t, "the coordinator does not connect", lt.target.control)
	foreign := &task.Status{APIVersion: task.APIVersion, RunID: "run-0", Sequence: 9}
	own := &task.Status{APIVersion: task.APIVersion, RunID: "run-1", Sequence: 2, Result: &task.Result{Outcome: task.OutcomeSucceeded}}
	for _, m := range []Message{{Type: TypeStatus, Status: own}, {Type: "a message of the future"},
		{Type: TypeStatus, Status: foreign, Final: true}} {
		if err := control.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	if m, err := control.Receive(); err != nil || m.Type != TypeReceived {
		t.Fatalf("the last status was not confirmed: %+v, %v", m, err)
	}
	s := lt.State(task.RoleTarget)
	if diff := cmp.Diff(own, s.Status); diff != "" || !s.Final {
		t.Errorf("the status of another run must not count (-want +got):\n%s", diff)
	}
	if lt.State(task.RoleSource).Status != nil {
		t.Error("the status of the target shows at the source")
	}
}

func TestLinkRefusesTheWrongAgent(t *testing.T) {
	lt := newLinkTest(t)
	lt.source.runID = "run-0"
	receive(t, "no session", lt.source.session).Close()
	lt.await(t, "another run", task.RoleSource, func(s AgentState) bool { return !s.Connected && s.Err != nil })
}

func TestLinkJoinsPeers(t *testing.T) {
	t.Run("opened by the source", func(t *testing.T) {
		lt := newLinkTest(t)
		linkJoinsPeers(t, lt.source, lt.target)
	})
	t.Run("opened by the target", func(t *testing.T) {
		lt := newLinkTest(t)
		linkJoinsPeers(t, lt.target, lt.source)
	})
}

func linkJoinsPeers(t *testing.T, opener, other *fakeAgent) {
	session := receive(t, "no session", opener.session)
	receive(t, "the coordinator does not connect", opener.control)
	out, err := session.OpenPeer()
	if err != nil {
		t.Fatal(err)
	}
	in := receive(t, "the stream does not arrive", other.peers)
	go func() {
		_, _ = io.WriteString(out, "request")
		out.Close()
	}()
	request, err := io.ReadAll(in)
	if err != nil || string(request) != "request" {
		t.Fatalf("the other side got %q, %v", request, err)
	}
	if _, err := io.WriteString(in, "answer"); err != nil {
		t.Fatal(err)
	}
	in.Close()
	answer, err := io.ReadAll(out)
	if err != nil || string(answer) != "answer" {
		t.Fatalf("the opener got %q, %v", answer, err)
	}
}

func TestAgentsTrustOnlyTheirPeer(t *testing.T) {
	now := time.Now()
	ca, caKey, err := NewCA(now)
	if err != nil {
		t.Fatal(err)
	}
	otherCA, otherKey, err := NewCA(now)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		reason   string
		ca, key  []byte
		role     task.Role
		peer     string
		accepted bool
	}{
		"the peer":       {"certificate of the run and the right side", ca, caKey, task.RoleSource, "key-1", true},
		"another run":    {"a worker of another run or volume must not get in", ca, caKey, task.RoleSource, "key-2", false},
		"the same side":  {"a target is no source", ca, caKey, task.RoleTarget, "key-1", false},
		"another pair's": {"the channel of another pair", otherCA, otherKey, task.RoleSource, "key-1", false},
	}
	serverCert, serverKey, err := IssueAgent(now, ca, caKey, task.RoleTarget, "key-1")
	if err != nil {
		t.Fatal(err)
	}
	serverConfig, err := TLSConfig(task.RoleTarget, "key-1", serverCert, serverKey, ca)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			cert, key, err := IssueAgent(now, tc.ca, tc.key, tc.role, tc.peer)
			if err != nil {
				t.Fatal(err)
			}
			clientConfig, err := TLSConfig(task.RoleSource, "key-1", cert, key, ca)
			if err != nil {
				t.Fatal(err)
			}
			a, b := net.Pipe()
			accepted := make(chan error, 1)
			go func() {
				_, err := SecureServer(t.Context(), b, serverConfig)
				accepted <- err
			}()
			client, err := SecureClient(t.Context(), a, clientConfig)
			if err == nil && !tc.accepted {
				// In TLS 1.3 the client learns of a refusal when it reads.
				go func() { _, _ = io.Copy(io.Discard, client) }()
			}
			if got := <-accepted == nil; got != tc.accepted {
				t.Errorf("%s: accepted %v", tc.reason, got)
			}
			a.Close()
		})
	}
}

func TestControlLinesAreBounded(t *testing.T) {
	a, b := net.Pipe()
	go func() {
		_, _ = io.CopyN(a, endless{}, 2*maxLine)
		a.Close()
	}()
	if _, err := NewControl(b).Receive(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("a line without end: %v", err)
	}
	b.Close()
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
