package agent

import (
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kubemove/kubemove/internal/relay"
	"github.com/kubemove/kubemove/task"
)

// overBothRoutes runs a test through the coordinator and over a direct connection, with streams of either
// side.
func overBothRoutes(t *testing.T, test func(*testing.T, *harness)) {
	for _, opener := range []task.Role{task.RoleSource, task.RoleTarget} {
		t.Run("relay, opened by the "+string(opener), func(t *testing.T) {
			h := newHarness(t)
			h.opener = opener
			h.awaitConnected()
			test(t, h)
		})
		t.Run("direct, opened by the "+string(opener), func(t *testing.T) {
			h := newHarness(t)
			h.opener = opener
			h.routed([]string{h.direct()}, true)
			h.awaitConnected()
			test(t, h)
		})
	}
}

// direct is where the agent of the target listens for the source.
func (h *harness) direct() string { return h.agents[task.RoleTarget].Direct.Addr().String() }

// routed asks the source for a direct route, and waits for its answer.
func (h *harness) routed(addresses []string, only bool) relay.Route {
	h.t.Helper()
	h.link.Direct(addresses, only)
	return *h.await(task.RoleSource, "find a route", func(s relay.AgentState) bool { return s.Route != nil }).Route
}

// echo answers every connection of the worker of the target.
func (h *harness) echo() { go echoAfterEOF(h.worker) }

func TestDirectNeedsNoCoordinator(t *testing.T) {
	h := newHarness(t)
	h.echo()
	// The first address never answers, as one that a firewall hides.
	silent := listenLocal(t)
	if got := h.routed([]string{silent.Addr().String(), h.direct()}, false); got.Address != h.direct() {
		t.Fatalf("found %+v, want %s", got, h.direct())
	}
	conn := h.dialPeer()
	if _, err := conn.Write([]byte("begun")); err != nil {
		t.Fatal(err)
	}
	h.cut()
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(conn); err != nil || string(got) != "begun" {
		t.Errorf("got %q, %v: the connection depends on the coordinator", got, err)
	}
	// The coordinator asks again when it is back, and gets the same answer.
	h.awaitConnected()
	if got := h.routed([]string{silent.Addr().String(), h.direct()}, false); got.Address != h.direct() {
		t.Errorf("after the coordinator has come back: %+v", got)
	}
}

func TestNoDirectRoute(t *testing.T) {
	stranger := newHarness(t)
	for name, c := range map[string]struct {
		reason  string
		address string
		only    bool
		says    string
	}{
		"closed": {reason: "the relay carries instead", address: closed(t), says: "refused"},
		"another peer's": {
			reason: "an address may belong to something else in the source's network", address: stranger.direct(),
			says: "certificate",
		},
		"closed, and only": {reason: "the API servers must not carry the data", address: closed(t), only: true, says: "refused"},
		"a silent peer's": {
			reason: "a firewall that drops packets, or a server that waits", address: listenLocal(t).Addr().String(),
			says: "deadline",
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.echo()
			got := h.routed([]string{c.address}, c.only)
			h.awaitConnected()
			if got.Address != "" || !strings.Contains(got.Problem, c.says) || !strings.Contains(got.Problem, c.address) {
				t.Errorf("%s: found %+v, want none, and a problem that says %q", c.reason, got, c.says)
			}
			for _, h.opener = range []task.Role{task.RoleSource, task.RoleTarget} {
				// The reset may come while it still connects.
				conn, err := h.connectPeer()
				if err == nil {
					err = roundTrip(conn, []byte("data"))
				}
				reset := errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
				if c.only && !reset || !c.only && err != nil {
					t.Errorf("%s: the connection of the %s ended with %v", c.reason, h.opener, err)
				}
			}
		})
	}
}

// closed is an address where no process listens.
func closed(t *testing.T) string {
	l := listenLocal(t)
	defer l.Close()
	return l.Addr().String()
}

func TestALostDirectRouteIsReplaced(t *testing.T) {
	for _, opener := range []task.Role{task.RoleSource, task.RoleTarget} {
		t.Run("opened by the "+string(opener), func(t *testing.T) { aLostDirectRouteIsReplaced(t, opener) })
	}
}

func aLostDirectRouteIsReplaced(t *testing.T, opener task.Role) {
	h := newHarness(t)
	h.opener = opener
	h.echo()
	if got := h.routed([]string{h.direct()}, false); got.Address == "" {
		t.Fatal(got.Problem)
	}
	h.awaitConnected()
	h.agents[task.RoleTarget].Direct.Close()
	if err := roundTrip(h.dialPeer(), []byte("data")); err != nil {
		t.Errorf("the relay does not carry: %v", err)
	}
	s := h.await(task.RoleSource, "tell the coordinator", func(s relay.AgentState) bool { return s.Route.Address == "" })
	if !strings.Contains(s.Route.Problem, "not any more") {
		t.Errorf("the coordinator was told %+v", s.Route)
	}
}

// What has no certificate of the run gets nothing, and keeps no other waiting.
func TestStrangersAreRefused(t *testing.T) {
	h := newHarness(t)
	conn, err := net.Dial("tcp", h.direct())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if errors.Is(err, syscall.ETIMEDOUT) || strings.Contains(string(got), "HTTP/1.1 200") {
		t.Errorf("got %q, %v", got, err)
	}
	if got := h.routed([]string{h.direct()}, true); got.Address == "" {
		t.Errorf("the source does not get through any more: %s", got.Problem)
	}
}

// TestAnUnknownTokenIsRefused: a connection that no call waits for ends.
func TestAnUnknownTokenIsRefused(t *testing.T) {
	h := newHarness(t)
	h.awaitConnected()
	secure, err := relay.CallBack(t.Context(), h.direct(), relay.NewToken(), h.agents[task.RoleSource].TLS)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := secure.Read(make([]byte, 1)); err == nil {
		t.Errorf("%d bytes came back", n)
	}
}
