package restic

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/kubemove/kubemove/internal/agent"
	"github.com/kubemove/kubemove/internal/relay"
	"github.com/kubemove/kubemove/task"
)

// TestThroughAgents copies through both agents and the coordinator, over real sockets, and cuts the
// coordinator's connections in the middle: restic repeats what was lost.
func TestThroughAgents(t *testing.T) { onEachSide(t, testThroughAgents) }

func testThroughAgents(t *testing.T) {
	p := newPair(t)
	fill(t, p.source())
	noise := make([]byte, 128<<20)
	_, err := rand.Read(noise)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(p.source(), "noise"), noise, 0o644))
	a := newAgents(t, p)

	packs := filepath.Join(p.repo(), "data", "*", "*")
	cutting, stop := context.WithCancel(t.Context())
	defer stop()
	var cut sync.WaitGroup
	cut.Go(func() {
		for n := 1; n <= 3 && cutting.Err() == nil; {
			files, _ := filepath.Glob(packs)
			// rest-server does not take a file that it has, so a snapshot whose answer is lost fails the
			// try. The last packs come right before it.
			if len(files) > 4 {
				return
			}
			if len(files) >= n {
				a.cut()
				n = len(files) + 1
			}
		}
	})
	p.copied("run-1")
	stop()
	cut.Wait()
	if a.cuts == 0 {
		t.Error("the connections were never cut")
	}
	a.end()
	for _, role := range []task.Role{task.RoleSource, task.RoleTarget} {
		s := a.link.State(role)
		if s.Status.Trusted("run-1") == nil {
			t.Errorf("the coordinator does not know the result of the %s: %+v", role, s)
		}
	}
}

// agents of both workers of a pair, and the coordinator between them.
type agents struct {
	link *relay.Link
	// end stops the agents, as Kubernetes does when the workers have ended.
	end func()

	mu    sync.Mutex
	conns []net.Conn
	cuts  int
}

func newAgents(t *testing.T, p *pair) *agents {
	t.Helper()
	a := &agents{}
	ca, caKey, err := relay.NewCA(time.Now())
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	dialers := map[task.Role]relay.Dialer{}
	key := relay.PeerKey("run-1", "data")
	for role, d := range map[task.Role]Dirs{task.RoleSource: p.src, task.RoleTarget: p.dst} {
		cert, certKey, err := relay.IssueAgent(time.Now(), ca, caKey, role, key)
		must(t, err)
		config, err := relay.TLSConfig(role, key, cert, certKey, ca)
		must(t, err)
		control, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		started := filepath.Join(t.TempDir(), "started")
		must(t, os.WriteFile(started, nil, 0o644))
		sidecar := &agent.Agent{
			RunID: "run-1", Role: role, Control: control, TLS: config, StatusFile: d.Status,
			StartedFile: started, Poll: 20 * time.Millisecond, Log: slog.New(slog.DiscardHandler),
		}
		sidecar.Peer, err = net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		p.dials[role] = sidecar.Peer.Addr().String()
		sidecar.DialMobilizer = func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", p.ports[role])
		}
		running.Go(func() { _ = sidecar.Run(ctx) })
		dialers[role] = func(ctx context.Context) (io.ReadWriteCloser, error) {
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", control.Addr().String())
			if err == nil {
				a.mu.Lock()
				a.conns = append(a.conns, conn)
				a.mu.Unlock()
			}
			return conn, err
		}
	}
	a.link = relay.NewLink("run-1", dialers[task.RoleSource], dialers[task.RoleTarget], nil, slog.New(slog.DiscardHandler))
	linked, unlink := context.WithCancel(context.Background())
	var linking sync.WaitGroup
	linking.Go(func() { a.link.Run(linked) })
	a.end = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(func() {
		a.end()
		unlink()
		linking.Wait()
	})
	return a
}

// cut breaks the coordinator's connections to both agents.
func (a *agents) cut() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.conns {
		c.Close()
	}
	a.conns = nil
	a.cuts++
}
