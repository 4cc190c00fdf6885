package restic

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kubemove/kubemove/task"
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
	go func() { _ = web.Serve(l) }()
	t.Cleanup(func() { _ = web.Close() })
	f, err := listen("127.0.0.1:0", backend, "run-1", task.RoleSource, nil)
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

	err = tellOnce(t.Context(), address, event{RunID: "run-2", Kind: eventSnapshot})
	if err == nil || !strings.Contains(err.Error(), "run-1") {
		t.Errorf("an event of another run was not refused: %v", err)
	}
	must(t, tell(t.Context(), address, event{RunID: "run-1", Kind: eventFailed, Message: "no luck"}))
	if _, err := f.await(t.Context(), s, eventDone); err == nil || !strings.Contains(err.Error(), "no luck") {
		t.Errorf("the failure of the source got lost: %v", err)
	}
}

// TestManifestTravels: a manifest arrives as it is, also when a connection breaks in its
// middle; one of another run, or half of one, does not.
func TestManifestTravels(t *testing.T) {
	dir := t.TempDir()
	f, err := listen("127.0.0.1:0", filepath.Join(dir, "s"), "run-1", task.RoleSource, nil)
	must(t, err)
	t.Cleanup(f.close)
	const size = 3<<20 + 7
	want := make([]byte, size)
	_, _ = rand.Read(want)
	e := event{RunID: "run-1", Kind: eventManifest, Size: size, body: bytes.NewReader(want)}
	must(t, tell(t.Context(), breaking(t, f.listener.Addr().String(), 1<<20), e))
	got, err := f.await(t.Context(), &server{ended: make(chan error)}, eventManifest)
	must(t, err)
	if data, err := os.ReadFile(got.file); err != nil || !bytes.Equal(data, want) {
		t.Errorf("%d bytes arrived, which are not those that were sent: %v", len(data), err)
	}

	e.RunID = "run-2"
	if err := tellOnce(t.Context(), f.listener.Addr().String(), e); err == nil {
		t.Error("the manifest of another run was taken")
	}
	select {
	case e := <-f.events:
		t.Errorf("there is an event more: %+v", e)
	default:
	}
	must(t, os.Remove(got.file))
	// The target may learn of the broken connection only now.
	for until := time.Now().Add(tellTimeout); ; {
		left, err := os.ReadDir(dir)
		must(t, err)
		if len(left) == 0 {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("the broken try has left %v", left)
		}
	}
}

// breaking is the address of a relay to another. It carries limit bytes of the first
// connection.
func breaking(t *testing.T, to string, limit int64) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for first := true; ; first = false {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			onward, err := net.Dial("tcp", to)
			if err != nil {
				conn.Close()
				continue
			}
			if first {
				_, _ = io.CopyN(onward, conn, limit)
				// The target learns of it before the source: its half is gone when that tries again.
				onward.Close()
				conn.Close()
				continue
			}
			go func() {
				_, _ = io.Copy(onward, conn)
				_ = onward.(*net.TCPConn).CloseWrite()
			}()
			go func() {
				_, _ = io.Copy(conn, onward)
				conn.Close()
			}()
		}
	}()
	return l.Addr().String()
}

func TestTellGivesUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := tell(ctx, l.Addr().String(), event{}); err == nil {
		t.Error("an event that was not taken counts as told")
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
