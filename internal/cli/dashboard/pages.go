package dashboard

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"

	"github.com/kubemove/kubemove/internal/cli/dashboard/page"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/report"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/planfile"
	"github.com/kubemove/kubemove/internal/text"
)

// list of all moves.
func (s *Server) list(w http.ResponseWriter, r *http.Request) { s.show(w, r, s.newList) }

// move in detail.
func (s *Server) move(w http.ResponseWriter, r *http.Request) { s.show(w, r, s.newMove) }

// newList is the page of all moves.
func (s *Server) newList(_ *http.Request, at state) (*page.Page, int) {
	return page.NewList(at.snapshot, s.options.Options), http.StatusOK
}

// newMove is the page of the move that a request names.
func (s *Server) newMove(r *http.Request, at state) (*page.Page, int) {
	m, err := find(r, at.snapshot)
	if err != nil {
		return s.failure(err, http.StatusNotFound)
	}
	return page.NewMove(m, at.snapshot.At, s.options.Options), http.StatusOK
}

// plan of a move for one target.
func (s *Server) plan(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, s.ofRoute(func(m snapshot.Move, route *snapshot.Route, at state) (*page.Page, error) {
		plan, err := s.plans.read(r.Context(), m, route, s.cluster.Plan)
		if err != nil {
			if route.Plan == nil {
				return nil, err
			}
			return page.NewSummary(m, route, err.Error(), at.snapshot.At), nil
		}
		return page.NewPlan(m, route, plan, at.snapshot.At, s.options.Options)
	}))
}

// report of a move to one target.
func (s *Server) report(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, s.ofRoute(func(m snapshot.Move, route *snapshot.Route, at state) (*page.Page, error) {
		return page.NewReport(m, route, at.snapshot.At), nil
	}))
}

// reportFile is the report as a page of its own, to be kept.
func (s *Server) reportFile(w http.ResponseWriter, r *http.Request) {
	at := s.hub.current(r.Context())
	m, err := find(r, at.snapshot)
	route := m.Route(r.PathValue("target"))
	if err != nil || route == nil {
		http.Error(w, "There is no such report.", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="report.html"`)
	_ = report.New(m, route, at.snapshot.At).HTML(w) // The client has gone, or it is written.
}

// newPage from a state, and its status.
type newPage func(*http.Request, state) (*page.Page, int)

// ofRoute makes pages of the move and the target that a request names.
func (s *Server) ofRoute(of func(snapshot.Move, *snapshot.Route, state) (*page.Page, error)) newPage {
	return func(r *http.Request, at state) (*page.Page, int) {
		m, err := find(r, at.snapshot)
		if err != nil {
			return s.failure(err, http.StatusNotFound)
		}
		route, err := m.Choose(r.PathValue("target"))
		if err != nil {
			return s.failure(err, http.StatusNotFound)
		}
		p, err := of(m, route, at)
		if err != nil {
			return s.failure(err, http.StatusNotFound)
		}
		return p, http.StatusOK
	}
}

// show a page of the current state.
func (s *Server) show(w http.ResponseWriter, r *http.Request, build newPage) {
	at := s.hub.current(r.Context())
	p, status := s.build(r, at, build)
	p.Events = eventsOf(r.URL.EscapedPath())
	var b bytes.Buffer
	if err := p.HTML(&b, s.options.Options); err != nil {
		http.Error(w, "The page cannot be made: "+text.Plain(err.Error()), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // The client has gone, or it is written.
}

// eventsOf the page of a path; empty: it does not change by itself.
func eventsOf(path string) string {
	switch {
	case path == "/":
		return "/events"
	case strings.HasPrefix(path, "/moves/"):
		return "/events" + path
	}
	return ""
}

// build a page, which says when the cluster cannot be read.
func (s *Server) build(r *http.Request, at state, build newPage) (*page.Page, int) {
	if at.err != nil && at.snapshot.At.IsZero() {
		return s.failure(at.err, http.StatusBadGateway)
	}
	p, status := build(r, at)
	p.Outage = at.outage(s.cluster.Now())
	return p, status
}

// failure is the page of an error.
func (s *Server) failure(err error, status int) (*page.Page, int) {
	f := &page.Failure{Failed: "It cannot be shown", Reason: err.Error()}
	if e, ok := errors.AsType[*fault.Error](err); ok {
		f.Failed, f.Reason = e.Failed, e.Reason
		if len(e.Try) > 0 {
			f.Command = s.command(e.Try)
		}
	}
	return &page.Page{Title: "Not there", Failure: f}, status
}

// command line of words.
func (s *Server) command(words []string) string {
	if s.options.Line == nil {
		return text.Command(words...)
	}
	return s.options.Line(words...)
}

// kinds of moves by their resources in a path.
var kinds = map[string]string{"moveengine": snapshot.KindEngine, "movereverse": snapshot.KindReverse}

// find the move that the path of a request names.
func find(r *http.Request, s snapshot.Snapshot) (snapshot.Move, error) {
	namespace, name := r.PathValue("namespace"), r.PathValue("name")
	for _, m := range s.Moves {
		if m.Namespace == namespace && m.Kind == kinds[r.PathValue("kind")] && m.Name == name {
			return m, nil
		}
	}
	return snapshot.Move{}, fault.New(fault.Failed, "There is no move "+name+" in namespace "+namespace,
		"It is not there, or not among those that this dashboard shows.")
}

// plans that were read, as each is a request of its own; what is stored under a hash does not change.
type plans struct {
	mutex sync.Mutex
	known map[string]planfile.Plan
}

// mostPlans that are kept.
const mostPlans = 8

func (p *plans) read(ctx context.Context, m snapshot.Move, r *snapshot.Route,
	load func(context.Context, snapshot.Move, *snapshot.Route) (planfile.Plan, error)) (planfile.Plan, error) {
	// One reads at a time, so that those who want the same one read it once.
	p.mutex.Lock()
	defer p.mutex.Unlock()
	key := ""
	if r.Pair != nil && r.Plan != nil {
		key = string(r.Pair.UID) + "/" + r.Plan.Hash + "/" + r.Plan.MadeAt.String()
	}
	if plan, ok := p.known[key]; ok {
		return plan, nil
	}
	plan, err := load(ctx, m, r)
	if err != nil || key == "" {
		return plan, err
	}
	if p.known == nil || len(p.known) >= mostPlans {
		p.known = map[string]planfile.Plan{}
	}
	if r.Plan.Hash == plan.Hash { // Else it is already the next one.
		p.known[key] = plan
	}
	return plan, nil
}
