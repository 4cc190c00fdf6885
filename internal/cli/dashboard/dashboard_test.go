package dashboard

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubemove/kubemove/internal/cli/dashboard/page"
	"github.com/kubemove/kubemove/internal/cli/sample"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
	"github.com/kubemove/kubemove/internal/planfile"
)

// world is a cluster of a test, and a dashboard of it with a browser that has opened it.
type world struct {
	*Server
	t      *testing.T
	cancel context.CancelFunc
	ended  chan error
	// cookie of the browser.
	cookie *http.Cookie

	mutex   sync.Mutex
	now     snapshot.Snapshot
	err     error
	patches []steer.Patch
	// loads so far, how many at the same time, and the most of these.
	loads, loading, atOnce atomic.Int64
}

// show lets the cluster have a sample from now on.
func (w *world) show(s snapshot.Snapshot, err error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.now, w.err = s, err
}

func (w *world) load(context.Context) (snapshot.Snapshot, error) {
	w.atOnce.Store(max(w.atOnce.Load(), w.loading.Add(1)))
	defer w.loading.Add(-1)
	// Each reading is told from the one before by its time.
	n := w.loads.Add(1)
	w.mutex.Lock()
	defer w.mutex.Unlock()
	s := w.now
	s.At = sample.Now.Add(time.Duration(n) * time.Second)
	return s, w.err
}

func (w *world) patch(_ context.Context, p steer.Patch, _ string) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.patches = append(w.patches, p)
	return nil
}

// written so far.
func (w *world) written() []steer.Patch {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.patches
}

// start a dashboard of a sample.
func start(t *testing.T, name string, change ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t, ended: make(chan error, 1), now: sample.Snapshot(name)}
	o := Options{Options: page.Options{Namespace: sample.Namespace, Current: sample.Namespace, Writes: true}, Interval: 5 * time.Millisecond}
	for _, c := range change {
		c(&o)
	}
	c := Cluster{
		Load: w.load, Patch: w.patch, Now: func() time.Time { return sample.Now },
		Newest: func(ctx context.Context, _ string) (snapshot.Snapshot, error) { return w.load(ctx) },
		Plan: func(context.Context, snapshot.Move, *snapshot.Route) (planfile.Plan, error) {
			return planfile.Plan{}, errors.New("its Secret is not there")
		},
	}
	var err error
	if w.Server, err = Listen(c, o, 0); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	go func() { w.ended <- w.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-w.ended:
			if err != nil {
				t.Errorf("the dashboard has ended with %v", err)
			}
		case <-time.After(time.Minute):
			t.Error("the dashboard does not end")
		}
	})
	answer := w.send(w.request(http.MethodGet, "/?token="+w.guard.token, ""))
	if len(answer.Cookies()) != 1 {
		t.Fatalf("the token was answered with %s and %d cookies, want one", answer.Status, len(answer.Cookies()))
	}
	w.cookie = answer.Cookies()[0]
	return w
}

// request of the browser, as a page sends it.
func (w *world) request(method, path, body string) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, "http://"+w.guard.host+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if w.cookie != nil {
		r.AddCookie(w.cookie)
	}
	if method == http.MethodPost {
		r.Header.Set("Origin", w.guard.origin)
		r.Header.Set(own, "1")
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// client that follows no redirect.
var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport: &http.Transport{MaxIdleConnsPerHost: -1}}

// send a request; the body is read to its end later.
func (w *world) send(r *http.Request) *http.Response {
	w.t.Helper()
	answer, err := client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { answer.Body.Close() })
	return answer
}

// says sends a request, and returns the status and the body; that of a stream, which does not end, is left out.
func (w *world) says(r *http.Request) (status int, body string) {
	w.t.Helper()
	answer := w.send(r)
	if answer.Header.Get("Content-Type") == "text/event-stream" {
		answer.Body.Close()
		return answer.StatusCode, ""
	}
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer.StatusCode, string(data)
}

// stream of events.
func (w *world) stream(path string) *events {
	w.t.Helper()
	answer := w.send(w.request(http.MethodGet, path, ""))
	if answer.StatusCode != http.StatusOK {
		w.t.Fatalf("%s is answered with %s", path, answer.Status)
	}
	return &events{answer, bufio.NewReaderSize(answer.Body, 1<<20)}
}

// events of a stream.
type events struct {
	answer *http.Response
	from   *bufio.Reader
}

// next event: its name and data; the name is empty at the end.
func (e *events) next() (name, data string) {
	var all strings.Builder
	for {
		line, err := e.from.ReadString('\n')
		switch {
		case err != nil:
			return "", all.String()
		case line == "\n":
			return name, all.String()
		}
		if n, ok := strings.CutPrefix(line, "event: "); ok {
			name = strings.TrimSpace(n)
		}
		if d, ok := strings.CutPrefix(line, "data: "); ok {
			all.WriteString(d)
		}
	}
}

// await a condition.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it has not come: %s", what)
		}
	}
}

// Paths of the sample's move.
const (
	movePath    = "/moves/shop/moveengine/shop"
	approvePath = movePath + "/approve"
	rollPath    = movePath + "/rollback"
)

// wishOf what a page of the sample shows.
const wishOf = `{"target":"dst","plan":"` + sample.Hash + `","uid":"uid-switch"}`

// TestPages: each page is there, and says when the cluster was read.
func TestPages(t *testing.T) {
	t.Parallel()
	w := start(t, "approval")
	for path, want := range map[string]string{
		"/": `<a href="` + movePath + `">shop</a>`, movePath: "Approve plan " + sample.Hash,
		"/plan/shop/moveengine/shop/dst":   "its Secret is not there",
		"/report/shop/moveengine/shop/dst": "not compared yet", "/report/shop/moveengine/shop/dst/file": "<!DOCTYPE html>",
		"/static/dashboard.css": ":root", "/static/dashboard.js": "EventSource", "/static/icon.svg": "<svg",
	} {
		status, body := w.says(w.request(http.MethodGet, path, ""))
		if status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s is answered with %d, want 200 and %q in:\n%s", path, status, want, body)
		}
	}
	for _, path := range []string{"/moves/shop/moveengine/wiki", "/moves/other/moveengine/shop", "/moves/shop/movereverse/shop",
		"/moves/shop/pod/shop", "/plan/shop/moveengine/shop/far", "/report/shop/moveengine/wiki/dst", "/report/shop/moveengine/shop/far/file",
		"/static/none", "/none"} {
		if status, body := w.says(w.request(http.MethodGet, path, "")); status != http.StatusNotFound {
			t.Errorf("%s is answered with %d, want 404:\n%s", path, status, body)
		}
	}
	if status, body := w.says(w.request(http.MethodGet, "/static/..%2fdashboard.go", "")); status != http.StatusBadRequest {
		t.Errorf("a file of another folder is answered with %d, want 400:\n%s", status, body)
	}
}

// TestLoopback: the dashboard listens on loopback alone.
func TestLoopback(t *testing.T) {
	t.Parallel()
	w := start(t, "approval")
	if got := w.listener.Addr().String(); !strings.HasPrefix(got, "127.0.0.1:") || got != w.guard.host {
		t.Errorf("it listens on %s and calls itself %s", got, w.guard.host)
	}
}

// TestOutage: while the cluster does not answer, what was read last is shown, with the reason.
func TestOutage(t *testing.T) {
	t.Parallel()
	w := start(t, "approval")
	s := w.stream("/events" + movePath)
	s.next()
	w.show(snapshot.Snapshot{}, errors.New("the API server cannot be reached"))
	for {
		name, data := s.next()
		if name == "" {
			t.Fatal("the stream has ended")
		}
		if strings.Contains(data, "the API server cannot be reached") {
			if !strings.Contains(data, "Needs approval") {
				t.Errorf("the move is not shown any more: %s", data)
			}
			return
		}
	}
}

// TestNeverRead: without any reading the page says why, and becomes what it should be by itself.
func TestNeverRead(t *testing.T) {
	t.Parallel()
	w := start(t, "approval")
	w.show(snapshot.Snapshot{}, errors.New("the API server cannot be reached"))
	status, body := w.says(w.request(http.MethodGet, "/", ""))
	if status != http.StatusBadGateway || !strings.Contains(body, "the API server cannot be reached") ||
		!strings.Contains(body, `data-events="/events"`) {
		t.Fatalf("got %d, want 502 and the reason:\n%s", status, body)
	}
	w.show(sample.Snapshot("approval"), nil)
	s := w.stream("/events")
	for {
		name, data := s.next()
		if name == "" {
			t.Fatal("the stream has ended")
		}
		if strings.Contains(data, movePath) {
			return
		}
	}
}
