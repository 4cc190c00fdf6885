package server

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/metacontroller"
)

// Times of the servers.
const (
	// idle connections outlive those of Metacontroller's client, which keeps them for 90 s: a
	// server that closes first turns calls into errors.
	idleTimeout = 120 * time.Second
	// headerTimeout for the head of a request.
	headerTimeout = 5 * time.Second
	// writeTimeout for a call as a whole; Metacontroller gives up after 10 s.
	writeTimeout = 30 * time.Second
	// stopTimeout for the calls that are being answered when the program is stopped.
	stopTimeout = 5 * time.Second
)

// Main runs the program until the context ends and returns its exit code.
func Main(ctx context.Context, args []string, errOut io.Writer) int {
	o, err := parse(args, os.Getenv, errOut)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(errOut, "kubemove-hooks:", err)
		return 2
	}
	log := slog.New(slog.NewJSONHandler(errOut, &slog.HandlerOptions{Level: o.logLevel}))
	if err := run(ctx, o, log); err != nil {
		log.Error("stopped", "error", err)
		return 1
	}
	return 0
}

func run(ctx context.Context, o options, log *slog.Logger) error {
	s, err := build(o, log)
	if err != nil {
		return err
	}
	main, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	servers := []*http.Server{s.http(s.hooks, log)}
	failed := make(chan error, 2)
	go func() { failed <- s.serve(servers[0], main) }()
	if o.probe != "" {
		probe, err := net.Listen("tcp", o.probe)
		if err != nil {
			_ = main.Close()
			return fmt.Errorf("cannot listen for probes: %w", err)
		}
		servers = append(servers, s.http(s.probes(), log))
		go func() { failed <- servers[1].Serve(probe) }()
	}
	s.ready.Store(true)
	log.Info("ready", "listen", main.Addr().String(), "probes", o.probe, "mobilizers", s.config.Names())
	select {
	case err := <-failed:
		return fmt.Errorf("cannot serve: %w", err)
	case <-ctx.Done():
	}
	return s.stop(servers, log)
}

// stop fails the readiness first, then lets the calls end.
func (s *service) stop(servers []*http.Server, log *slog.Logger) error {
	log.Info("stopping")
	s.ready.Store(false)
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	var errs []error
	for _, srv := range servers {
		if err := srv.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("cannot stop in time: %w", err))
		}
	}
	return errors.Join(errs...)
}

// service is what is served.
type service struct {
	config  config.Config
	ready   atomic.Bool
	metrics http.Handler
	hooks   chi.Router
	tls     *tls.Config
}

func build(o options, log *slog.Logger) (*service, error) {
	registry, err := config.Load(os.DirFS(o.mobilizers))
	if err != nil {
		return nil, err
	}
	o.config.Mobilizers = registry
	token, err := o.token()
	if err != nil {
		return nil, err
	}
	secure, err := o.tlsConfig()
	if err != nil {
		return nil, err
	}
	record, err := recorder(o.record, o.config, log)
	if err != nil {
		return nil, err
	}
	gather := prometheus.NewRegistry()
	gather.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s := &service{config: o.config, tls: secure, metrics: promhttp.HandlerFor(gather, promhttp.HandlerOpts{})}
	s.hooks = metacontroller.NewRouter(Kinds(o.config), metacontroller.Options{
		Log:     log,
		Now:     time.Now,
		Metrics: metacontroller.NewMetrics(gather),
		Record:  record,
		Token:   token,
	})
	s.addProbes(s.hooks)
	return s, nil
}

func (s *service) probes() chi.Router {
	r := chi.NewRouter()
	s.addProbes(r)
	return r
}

func (s *service) addProbes(r chi.Router) {
	r.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	r.Get("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !s.ready.Load() {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	r.Method(http.MethodGet, "/metrics", s.metrics)
}

func (s *service) http(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

func (s *service) serve(srv *http.Server, l net.Listener) error {
	if s.tls == nil {
		return srv.Serve(l)
	}
	srv.TLSConfig = s.tls
	return srv.ServeTLS(l, "", "")
}
