package metacontroller

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kubemove/kubemove/hooks"
)

// MaxBody is the size of the largest request that is read.
const MaxBody = 64 << 20

// Deadline of a call: below the 10 s after which Metacontroller gives up.
const Deadline = 8 * time.Second

// maxInFlight calls are worked on at once; a further one is told to come again.
const maxInFlight = 128

// Names of the hooks, as in the routes.
const (
	Sync      = "sync"
	Finalize  = "finalize"
	Customize = "customize"
)

// Call is a request with the reply to it. The bodies are only valid until the function that is
// given it returns.
type Call struct {
	// Kind of the parents, as in the route, and the hook.
	Kind, Hook string
	// Parent as NAMESPACE/NAME, where it is known.
	Parent string
	// Now is the time that the decision was given.
	Now time.Time
	// Request and Reply bodies; Reply is nil when the call has failed.
	Request, Reply []byte
}

// Options of the router.
type Options struct {
	// Log for requests (debug) and errors.
	Log *slog.Logger
	// Now is the clock.
	Now func() time.Time
	// Metrics; nil: none.
	Metrics *Metrics
	// Record is given each call; nil: none is recorded.
	Record func(Call)
	// Token that a request has to bear; empty: none.
	Token string
}

// failure is an error with the status and the one sentence that the caller may read.
type failure struct {
	code     int
	sentence string
	err      error
}

func (f *failure) Error() string { return f.err.Error() }

// endpoint serves one hook of one kind.
type endpoint struct {
	kind, name string
	hook       hooks.Hook
	options    Options
	slots      chan struct{}
	bytes      *budget
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	call := Call{Kind: e.kind, Hook: e.name, Now: e.options.Now()}
	f := e.serve(w, r, &call)
	took := time.Since(started)
	code := http.StatusOK
	if f != nil {
		code = f.code
		e.options.Log.Error("hook failed", "kind", e.kind, "hook", e.name, "parent", call.Parent, "code", code, "error", f.err)
		if code == http.StatusTooManyRequests {
			// Without it Metacontroller would call again at once, and for ever.
			w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
		}
		http.Error(w, f.sentence, code)
	} else {
		w.Header().Set("Content-Type", "application/json")
		if _, err := w.Write(call.Reply); err != nil {
			e.options.Log.Debug("cannot write the reply", "kind", e.kind, "hook", e.name, "error", err)
		}
	}
	e.options.Metrics.observe(e.kind, e.name, code, took)
	e.options.Log.Debug("hook", "kind", e.kind, "hook", e.name, "parent", call.Parent, "code", code,
		"duration", took, "bytesIn", len(call.Request), "bytesOut", len(call.Reply))
	if e.options.Record != nil && f == nil {
		e.options.Record(call)
	}
	if cap(call.Request) > 0 && cap(call.Request) <= maxPooled {
		buffers.Put(&call.Request)
	}
}

// buffers of requests are used again: a request of a large parent is most of what a call
// needs of memory. Nothing keeps a part of it after the reply.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

const maxPooled = 4 << 20

// serve computes the whole reply.
func (e *endpoint) serve(w http.ResponseWriter, r *http.Request, call *Call) (f *failure) {
	defer func() {
		if p := recover(); p != nil {
			call.Reply = nil
			f = internal(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	select {
	case e.slots <- struct{}{}:
		defer func() { <-e.slots }()
	default:
		return busy("too many calls at once")
	}
	ctx, cancel := context.WithTimeout(r.Context(), Deadline)
	defer cancel()
	release, f := e.read(w, r, call)
	defer release()
	if f != nil {
		return f
	}
	reply, f := e.answer(call)
	if f != nil {
		return f
	}
	if ctx.Err() != nil {
		return &failure{http.StatusServiceUnavailable, "the hook took too long: the call is tried again", ctx.Err()}
	}
	call.Reply = reply
	return nil
}

// read the request, once there is room for it. The caller gives the room back.
func (e *endpoint) read(w http.ResponseWriter, r *http.Request, call *Call) (release func(), f *failure) {
	// Not every writer supports deadlines; those of servers do.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(Deadline))
	release = func() {}
	if r.ContentLength > MaxBody {
		return release, tooLarge(errors.New("the request is too large"))
	}
	reader := http.MaxBytesReader(w, r.Body, MaxBody)
	size := r.ContentLength
	if size < 0 {
		size = MaxBody
	}
	head := buffer(int(min(size, headSize)))
	n, err := io.ReadFull(reader, head)
	if errors.Is(err, io.ErrUnexpectedEOF) && r.ContentLength < 0 || errors.Is(err, io.EOF) {
		call.Request = head[:n]
		return release, nil
	}
	if err == nil && size > headSize {
		namespace := ofParent(head, "namespace")
		if !e.bytes.take(namespace, size) {
			return release, busy(fmt.Sprintf("no room for %d bytes of namespace %q", size, namespace))
		}
		release = func() { e.bytes.give(namespace, size) }
		call.Request, err = readRest(reader, head, r.ContentLength)
	} else {
		call.Request = head
	}
	if limit, ok := errors.AsType[*http.MaxBytesError](err); ok {
		call.Request = nil
		return release, tooLarge(limit)
	}
	if err != nil {
		call.Request = nil
		return release, &failure{http.StatusBadRequest, "the request could not be read whole", fmt.Errorf("cannot read the request: %w", err)}
	}
	return release, nil
}

// readRest reads what follows the head; a negative length is not known.
func readRest(reader io.Reader, head []byte, length int64) ([]byte, error) {
	if length < 0 {
		rest, err := io.ReadAll(reader)
		return append(head, rest...), err
	}
	// The buffer of the head may be one that has held a whole request.
	whole := head
	if int64(cap(head)) < length {
		whole = make([]byte, length)
		copy(whole, head)
	}
	whole = whole[:length]
	_, err := io.ReadFull(reader, whole[len(head):])
	return whole, err
}

// retryAfter is the number of seconds after which a call that was refused comes again.
const retryAfter = 2

// busy refuses a call for a moment. It is no error to Metacontroller 4; 1.5.20 takes it for one,
// as it does 503, and tries again later and later.
func busy(why string) *failure {
	return &failure{http.StatusTooManyRequests, "the hook server is busy: the call is tried again", errors.New(why)}
}

func tooLarge(err error) *failure {
	return &failure{http.StatusRequestEntityTooLarge, fmt.Sprintf("the request is larger than %d MiB", MaxBody>>20), err}
}

func buffer(size int) []byte {
	b := *buffers.Get().(*[]byte)
	if cap(b) < size {
		return make([]byte, size)
	}
	return b[:size]
}

func (e *endpoint) answer(call *Call) ([]byte, *failure) {
	if e.name == Customize {
		reply, err := e.customize(call.Request)
		if err != nil {
			return nil, internal(err)
		}
		return reply, nil
	}
	view, err := Decode(call.Request)
	if err != nil {
		return nil, internal(err)
	}
	call.Parent = strings.TrimPrefix(view.Parent.Namespace+"/"+view.Parent.Name, "/")
	if e.name == Finalize {
		view.Finalizing = true
	}
	desired, err := e.hook.Sync(view, call.Now)
	if err != nil {
		return nil, internal(fmt.Errorf("cannot decide on %s: %w", view.Parent, err))
	}
	reply, err := Encode(view, desired)
	if err != nil {
		return nil, internal(fmt.Errorf("cannot answer for %s: %w", view.Parent, err))
	}
	return reply, nil
}

// customize answers with the rules for the parent's name.
func (e *endpoint) customize(request []byte) ([]byte, error) {
	if e.hook.Related == nil {
		return EncodeRules(nil)
	}
	name := ofParent(request, "name")
	if name == "" {
		return nil, errors.New("the request has no parent with a name")
	}
	return EncodeRules(e.hook.Related(name))
}

// internal hides the error from the caller, who writes what it reads into Events.
func internal(err error) *failure {
	return &failure{http.StatusInternalServerError, "the hook failed with an internal error: see the log of kubemove-hooks", err}
}
