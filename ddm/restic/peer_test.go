package restic

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestFront: events and requests come in on one port, and each gets where it belongs.
func TestFront(t *testing.T) {
	backend := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", backend)
	must(t, err)
	web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, strings.Repeat("x", int(n)))
	})}
	go web.Serve(l)
	t.Cleanup(func() { web.Close() })
	f, err := listen("127.0.0.1:0", backend, "run-1")
	must(t, err)
	t.Cleanup(f.close)
	address := f.listener.Addr().String()

	for range 3 {
		resp, err := http.Post("http://"+address+"/data", "", io.LimitReader(endless{}, 3<<20))
		must(t, err)
		body, err := io.ReadAll(resp.Body)
		must(t, err)
		if len(body) != 3<<20 {
			t.Fatalf("%d bytes came back", len(body))
		}
	}

	s := &server{ended: make(chan error)}
	must(t, tell(t.Context(), address, event{RunID: "run-1", Kind: eventSnapshot, Snapshot: "abc"}))
	// The answer may have got lost: told again, it is taken again.
	must(t, tell(t.Context(), address, event{RunID: "run-1", Kind: eventSnapshot, Snapshot: "abc"}))
	must(t, tell(t.Context(), address, event{RunID: "run-1", Kind: eventDone}))
	if e, err := f.await(t.Context(), s, eventSnapshot); err != nil || e.Snapshot != "abc" {
		t.Errorf("got %+v, %v", e, err)
	}
	if _, err := f.await(t.Context(), s, eventDone); err != nil {
		t.Error(err)
	}

	if err := tellOnce(t.Context(), address, event{RunID: "run-2", Kind: eventSnapshot}); err == nil || !strings.Contains(err.Error(), "run-1") {
		t.Errorf("an event of another run was not refused: %v", err)
	}
	must(t, tell(t.Context(), address, event{RunID: "run-1", Kind: eventFailed, Message: "no luck"}))
	if _, err := f.await(t.Context(), s, eventDone); err == nil || !strings.Contains(err.Error(), "no luck") {
		t.Errorf("the failure of the source got lost: %v", err)
	}
}

func TestTellGivesUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := tell(ctx, l.Addr().String(), event{}); err == nil {
		t.Error("an event that nobody took counts as told")
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
