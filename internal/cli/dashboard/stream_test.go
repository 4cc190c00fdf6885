package dashboard

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kubemove/kubemove/internal/cli/sample"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
)

// TestEvents: a page is sent when it changes, to the list and to the move.
func TestEvents(t *testing.T) {
	t.Parallel()
	w := start(t, "approval")
	list, move := w.stream("/events"), w.stream("/events"+movePath)
	for _, s := range []*events{list, move} {
		if kind := s.answer.Header.Get("Content-Type"); kind != "text/event-stream" {
			t.Errorf("the type is %s", kind)
		}
		if name, data := s.next(); name != "page" || !strings.Contains(data, "Needs approval") {
			t.Errorf("the first event is %s: %s", name, data)
		}
	}
	w.show(sample.Snapshot("switching"), nil)
	for _, s := range []*events{list, move} {
		for {
			name, data := s.next()
			if name != "page" {
				t.Fatalf("the event is %q, want the page of the switch", name)
			}
			if strings.Contains(data, "Switching") {
				break
			}
		}
	}
	w.show(snapshot.Snapshot{}, nil)
	for {
		name, data := move.next()
		if name != "page" {
			t.Fatalf("the event is %q, want that the move is gone", name)
		}
		if strings.Contains(data, "There is no move shop") {
			break
		}
	}
}

// TestOneReader: however many pages look, the cluster is read once at a time, and not at all when none does.
func TestOneReader(t *testing.T) {
	t.Parallel()
	w := start(t, "approval")
	var streams []*events
	for range 10 {
		streams = append(streams, w.stream("/events"))
	}
	seen := map[string]bool{}
	for range 20 {
		for _, s := range streams {
			name, data := s.next()
			if name != "page" {
				t.Fatalf("the event is %q", name)
			}
			seen[data] = true
		}
	}
	if loads := w.loads.Load(); int64(len(seen)) > loads {
		t.Errorf("ten pages saw %d states of %d readings", len(seen), loads)
	}
	if w.atOnce.Load() != 1 {
		t.Errorf("the cluster was read %d times at once, want once", w.atOnce.Load())
	}
	for _, s := range streams {
		s.answer.Body.Close()
	}
	await(t, "the end of the reading", func() bool {
		before := w.loads.Load()
		time.Sleep(10 * w.options.Interval) // As long as ten readings take.
		return w.loads.Load() == before
	})
}

// TestStreamsAreBounded: more than so many pages are not live, and one that has gone makes room.
func TestStreamsAreBounded(t *testing.T) {
	t.Parallel()
	w := start(t, "approval", func(o *Options) { o.Limits.Streams = 3 })
	var streams []*events
	for range 3 {
		streams = append(streams, w.stream("/events"))
	}
	answer := w.send(w.request(http.MethodGet, "/events", ""))
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
		t.Errorf("the fourth one gets %s, want 503", answer.Status)
	}
	if status, _ := w.says(w.request(http.MethodGet, "/", "")); status != http.StatusOK {
		t.Errorf("a page is answered with %d meanwhile, want 200", status)
	}
	streams[0].answer.Body.Close()
	await(t, "room for another one", func() bool { return len(w.streams) < 3 })
	if name, _ := w.stream("/events").next(); name != "page" {
		t.Errorf("the next one gets %q", name)
	}
}

// TestSlowReader: one who does not read holds no other one up, and is let go.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	w := start(t, "approval", func(o *Options) { o.Limits.Write = 3 * time.Second })
	var large snapshot.Snapshot
	for i := range 500 {
		m := sample.Move("approval")
		m.Name = fmt.Sprintf("%s-%d", strings.Repeat("a", 200), i)
		large.Moves = append(large.Moves, m)
	}
	w.show(large, nil)
	c, err := net.Dial("tcp4", w.guard.host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintf(c, "GET /events HTTP/1.1\r\nHost: %s\r\nCookie: %s=%s\r\n\r\n", w.guard.host, w.cookie.Name, w.cookie.Value)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the stream of the slow reader", func() bool { return len(w.streams) == 1 })
	quick := w.stream("/events")
	for i := range 10 {
		began := time.Now()
		if name, _ := quick.next(); name != "page" {
			t.Fatalf("event %d of the quick reader is %q", i, name)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("event %d has taken %s", i, took)
		}
	}
	await(t, "the end of the slow reader", func() bool {
		if name, _ := quick.next(); name != "page" {
			t.Fatalf("the quick reader gets %q", name)
		}
		return len(w.streams) == 1
	})
	if name, _ := quick.next(); name != "page" {
		t.Errorf("the quick reader gets %q after the end of the slow one", name)
	}
}

// TestShutdown: streams end with the dashboard, and say so.
func TestShutdown(t *testing.T) {
	t.Parallel()
	w := start(t, "approval")
	s := w.stream("/events")
	s.next()
	w.cancel()
	for {
		name, _ := s.next()
		if name == "end" {
			break
		}
		if name == "" {
			t.Fatal("the stream has ended without a word")
		}
	}
	if err := <-w.ended; err != nil {
		t.Errorf("it has ended with %v", err)
	}
	w.ended <- nil
	if c, err := net.Dial("tcp4", w.guard.host); err == nil {
		c.Close()
		t.Error("it still listens")
	}
}
