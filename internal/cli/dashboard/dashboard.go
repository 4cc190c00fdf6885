// Package dashboard serves the pages of package page on loopback, to the browser of the person who has started it and to no other
// client. It reads the cluster in one place for all pages, and what it writes are the patches of package steer.
package dashboard

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"path"
	"sync"
	"time"

	"github.com/kubemove/kubemove/internal/cli/dashboard/page"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
	"github.com/kubemove/kubemove/internal/planfile"
)

// Cluster is what a dashboard asks of the cluster, with the rights of the person who has started it.
type Cluster struct {
	// Load the moves that are shown.
	Load func(context.Context) (snapshot.Snapshot, error)
	// Newest moves of a namespace, before one of them is steered.
	Newest func(ctx context.Context, namespace string) (snapshot.Snapshot, error)
	// Plan of a route as it is stored.
	Plan func(context.Context, snapshot.Move, *snapshot.Route) (planfile.Plan, error)
	// Patch writes one object, and then says what was done to it.
	Patch func(ctx context.Context, p steer.Patch, done string) error
	// Now is the time.
	Now func() time.Time
}

// Options of a dashboard.
type Options struct {
	page.Options
	// Interval between two readings of the cluster while a page is looked at.
	Interval time.Duration
	// Limits; the zero value stands for the usual ones.
	Limits Limits
}

// Limits of what clients may take.
type Limits struct {
	// Streams of events at the same time.
	Streams int
	// Head is how long a client may take to send the head of a request.
	Head time.Duration
	// Write is how long one answer, or one event of a stream, may take to be written.
	Write time.Duration
	// Shutdown is how long what has begun may take to end.
	Shutdown time.Duration
}

func (l Limits) orUsual() Limits {
	usual := Limits{Streams: 16, Head: 5 * time.Second, Write: 10 * time.Second, Shutdown: 5 * time.Second}
	if l.Streams == 0 {
		l.Streams = usual.Streams
	}
	if l.Head == 0 {
		l.Head = usual.Head
	}
	if l.Write == 0 {
		l.Write = usual.Write
	}
	if l.Shutdown == 0 {
		l.Shutdown = usual.Shutdown
	}
	return l
}

// Server of a dashboard.
type Server struct {
	cluster Cluster
	options Options
	hub     *hub
	guard   *guard
	plans   plans
	// streams has a place for each stream of events.
	streams chan struct{}
	// writing lets one change be made at a time.
	writing  sync.Mutex
	listener net.Listener
}

// Listen on a port of loopback; 0: a free one.
func Listen(c Cluster, o Options, port int) (*Server, error) {
	l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, err
	}
	o.Limits = o.Limits.orUsual()
	return &Server{
		cluster: c, options: o, hub: newHub(c.Load, o.Interval), guard: newGuard(l.Addr().String()),
		streams: make(chan struct{}, o.Limits.Streams), listener: l,
	}, nil
}

// URL that opens the dashboard, once: its token becomes a cookie of the browser.
func (s *Server) URL() string { return "http://" + s.guard.host + "/?token=" + s.guard.token }

// Longest times and sizes of a request.
const (
	readAll    = 10 * time.Second
	idle       = 2 * time.Minute
	mostHeader = 16 << 10
	mostBody   = 4 << 10
)

// Serve until the context ends, which is no error. Streams of events end then, too.
func (s *Server) Serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() { s.hub.run(ctx) })
	server := &http.Server{
		Handler: s.handler(), BaseContext: func(net.Listener) context.Context { return ctx }, ErrorLog: log.New(nothing{}, "", 0),
		ReadHeaderTimeout: s.options.Limits.Head, ReadTimeout: readAll, WriteTimeout: s.options.Limits.Write, IdleTimeout: idle,
		MaxHeaderBytes: mostHeader,
	}
	all.Go(func() {
		<-ctx.Done()
		end, stop := context.WithTimeout(context.WithoutCancel(ctx), s.options.Limits.Shutdown)
		defer stop()
		if server.Shutdown(end) != nil {
			_ = server.Close() // What has not ended by itself; the connections are gone either way.
		}
	})
	err := server.Serve(s.listener)
	cancel()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// nothing is where the server's own log goes: it is about connections, and no person asked for it.
type nothing struct{}

// Write takes all and keeps nothing.
func (nothing) Write(p []byte) (int, error) { return len(p), nil }

// types of the files by their endings.
var types = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

//go:embed static
var static embed.FS

// handler of all requests.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.list)
	mux.HandleFunc("GET /moves/{namespace}/{kind}/{name}", s.move)
	mux.HandleFunc("GET /plan/{namespace}/{kind}/{name}/{target}", s.plan)
	mux.HandleFunc("GET /report/{namespace}/{kind}/{name}/{target}", s.report)
	mux.HandleFunc("GET /report/{namespace}/{kind}/{name}/{target}/file", s.reportFile)
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("GET /events/moves/{namespace}/{kind}/{name}", s.events)
	mux.HandleFunc("POST /moves/{namespace}/{kind}/{name}/approve", s.writes(s.approve))
	mux.HandleFunc("POST /moves/{namespace}/{kind}/{name}/rollback", s.writes(s.rollBack))
	mux.HandleFunc("GET /static/{name}", func(w http.ResponseWriter, r *http.Request) {
		// Said here, as what a machine knows of file names differs.
		w.Header().Set("Content-Type", types[path.Ext(r.PathValue("name"))])
		http.ServeFileFS(w, r, static, "static/"+r.PathValue("name"))
	})
	return s.guard.wrap(mux)
}

// newToken that cannot be guessed.
func newToken() string { return rand.Text() + rand.Text() }
