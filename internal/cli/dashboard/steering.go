package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
	"github.com/kubemove/kubemove/internal/text"
)

// wish is what a page sends: what was shown when the person has decided.
type wish struct {
	Target string `json:"target"`
	// Plan is the hash of the plan that was shown.
	Plan string `json:"plan"`
	// UID of the MoveSwitch that was shown.
	UID string `json:"uid"`
}

// refused request, with its status.
type refused struct {
	status int
	text   string
}

// Error is what the page shows.
func (e refused) Error() string { return e.text }

// writes lets a request do what changes something in the cluster, if it may.
func (s *Server) writes(do func(context.Context, snapshot.Move, wish) (string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		done, err := s.write(r, do)
		if err != nil {
			w.WriteHeader(statusOf(err))
			_, _ = io.WriteString(w, s.said(err)+"\n") // The client has gone, or it is written.
			return
		}
		_, _ = io.WriteString(w, text.Plain(done)+"\n")
	}
}

func (s *Server) write(r *http.Request, do func(context.Context, snapshot.Move, wish) (string, error)) (string, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Header.Get("Origin") != s.guard.origin || r.Header.Get(own) == "":
		return "", refused{http.StatusForbidden, "Only a page of this dashboard may change something."}
	case err != nil || kind != "application/json":
		return "", refused{http.StatusUnsupportedMediaType, "The content has to be application/json."}
	case !s.options.Writes:
		return "", refused{http.StatusForbidden, "This dashboard is read-only: start it with --allow-writes, or use the command."}
	}
	given, err := decode(r.Body)
	if err != nil {
		return "", err
	}
	namespace := r.PathValue("namespace")
	if s.options.Namespace != "" && namespace != s.options.Namespace {
		return "", refused{http.StatusNotFound, "This dashboard shows the moves of namespace " + s.options.Namespace + " only."}
	}
	// One after the other, each after what the one before has changed.
	s.writing.Lock()
	defer s.writing.Unlock()
	now, err := s.cluster.Newest(r.Context(), namespace)
	if err != nil {
		return "", err
	}
	m, err := find(r, now)
	if err != nil {
		return "", refused{http.StatusNotFound, err.Error()}
	}
	return do(r.Context(), m, given)
}

func decode(body io.Reader) (wish, error) {
	var out wish
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	err := d.Decode(&out)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return out, nil
		}
		err = errors.New("something follows the object")
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return out, refused{http.StatusRequestEntityTooLarge, "The content is too large."}
	}
	return out, refused{http.StatusBadRequest, "The content is not what a page sends: " + err.Error()}
}

// approve the plan that was shown.
func (s *Server) approve(ctx context.Context, m snapshot.Move, w wish) (string, error) {
	r, err := s.shown(m, m.Route(w.Target), w)
	if err != nil {
		return "", err
	}
	// It refuses a hash that is no longer that of the newest plan.
	p, err := steer.Approve(m, r, w.Plan)
	if err != nil {
		return "", err
	}
	done := "approved: plan " + w.Plan
	return p.Object() + " " + done, s.cluster.Patch(ctx, p, done)
}

// rollBack the switch that was shown.
func (s *Server) rollBack(ctx context.Context, m snapshot.Move, w wish) (string, error) {
	p, err := steer.RollBack(m)
	if err != nil {
		return "", err
	}
	if _, err := s.shown(m, m.Switch(), w); err != nil {
		return "", err
	}
	const done = "rolls back"
	return p.Object() + " " + done, s.cluster.Patch(ctx, p, done)
}

// shown is the route, if it still has the target and the MoveSwitch that were shown.
func (*Server) shown(m snapshot.Move, r *snapshot.Route, w wish) (*snapshot.Route, error) {
	if r == nil || r.Target != w.Target || r.MoveSwitch == nil || string(r.MoveSwitch.UID) != w.UID {
		return nil, refused{http.StatusConflict, "Not done: the switch of " + m.Key() + " to target " + w.Target +
			" is no longer the one that was shown. Load the page again."}
	}
	return r, nil
}

// statusOf an error.
func statusOf(err error) int {
	if e, ok := errors.AsType[refused](err); ok {
		return e.status
	}
	switch e, ok := errors.AsType[*fault.Error](err); {
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		return http.StatusConflict
	case apierrors.IsForbidden(err):
		return http.StatusForbidden
	case ok && e.Err == nil:
		return http.StatusConflict // What is steered is not in a state for it.
	}
	return http.StatusBadGateway
}

// said is an error with the command to try, in one line.
func (s *Server) said(err error) string {
	out := err.Error()
	if e, ok := errors.AsType[*fault.Error](err); ok && len(e.Try) > 0 {
		out += ". Try: " + s.command(e.Try)
	}
	return text.Plain(out)
}
