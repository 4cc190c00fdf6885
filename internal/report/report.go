// Package report tells the rest of KubeMove how far a task is: it writes the task's Status to
// an annotation of the Job (or of another object), seldom enough not to disturb, and the last
// one always.
package report

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/kubemove/kubemove/task"
)

// Limits of reporting.
const (
	// MinInterval between two reports.
	MinInterval = 5 * time.Second
	// finalPatience is how long the last report is tried.
	finalPatience = time.Minute
	// partingPatience is how long a report without a result is tried at the end.
	partingPatience = 5 * time.Second
	// firstRetry is the pause after the first failure of the last report; it doubles.
	firstRetry = 500 * time.Millisecond
	maxRetry   = 10 * time.Second
)

// ErrGone says that the object that reports go to is not there any more.
var ErrGone = errors.New("the object that reports go to is gone")

// Sink takes an encoded Status. It returns ErrGone when trying again is useless.
type Sink func(ctx context.Context, status []byte) error

// Reporter collects changes of a Status and writes them. Its methods may be called from
// several goroutines.
type Reporter struct {
	interval time.Duration
	sinks    []Sink
	log      *slog.Logger

	mu     sync.Mutex
	status task.Status
	dirty  bool
	last   *task.Status

	wake    chan struct{}
	stop    chan struct{}
	stopped chan struct{}
	once    sync.Once
	// writing keeps the order of reports.
	writing sync.Mutex
}

// Options of a Reporter.
type Options struct {
	// RunID that every report repeats.
	RunID string
	// Last report that an earlier process made for this run; nil: none.
	Last *task.Status
	// Interval between two reports; at least MinInterval.
	Interval time.Duration
	// Log of failures to report. Default: slog.Default().
	Log *slog.Logger
}

// New starts a Reporter. End it with Finish or Stop.
func New(opts Options, sinks ...Sink) *Reporter {
	r := &Reporter{
		interval: max(opts.Interval, MinInterval),
		sinks:    sinks,
		log:      opts.Log,
		last:     opts.Last,
		status:   task.Status{APIVersion: task.APIVersion, RunID: opts.RunID},
		wake:     make(chan struct{}, 1),
		stop:     make(chan struct{}),
		stopped:  make(chan struct{}),
	}
	if r.log == nil {
		r.log = slog.Default()
	}
	if opts.Last != nil {
		// How far the run was is still true until something newer is known.
		last := clone(*opts.Last)
		r.status.Sequence, r.status.Volumes, r.status.Switch = last.Sequence, last.Volumes, last.Switch
		r.status.Passes = last.Passes
	}
	go r.loop()
	return r
}

// Last is what an earlier process of the same run has reported; nil: nothing.
func (r *Reporter) Last() *task.Status { return r.last }

// Update changes the status; it is written soon.
func (r *Reporter) Update(change func(*task.Status)) {
	r.mu.Lock()
	change(&r.status)
	r.dirty = true
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Step says in one word and one sentence what is going on.
func (r *Reporter) Step(step, message string) {
	r.Update(func(s *task.Status) { s.Step, s.Message = step, message })
}

// Warn adds a warning, once.
func (r *Reporter) Warn(message string) {
	r.Update(func(s *task.Status) {
		for _, w := range s.Warnings {
			if w == message {
				return
			}
		}
		s.Warnings = append(s.Warnings, message)
	})
}

// Status returns a copy of the status, made through its JSON form.
func (r *Reporter) Status() task.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return clone(r.status)
}

// Finish writes the last report, with the result, and tries for a minute. It works after ctx
// has ended, too: a result that is not reported is worth nothing.
func (r *Reporter) Finish(ctx context.Context, result task.Result) error {
	r.halt()
	r.mu.Lock()
	r.status.Result = &result
	r.dirty = true
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finalPatience)
	defer cancel()
	pause := firstRetry
	for {
		err := r.write(ctx)
		if err == nil || errors.Is(err, ErrGone) {
			return err
		}
		r.log.Warn("cannot write the last report, trying again", "error", err)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
		pause = min(2*pause, maxRetry)
	}
}

// Stop ends reporting without a result, for a task that is told to stop: its next Pod goes on.
func (r *Reporter) Stop(ctx context.Context) {
	r.halt()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), partingPatience)
	defer cancel()
	if err := r.write(ctx); err != nil {
		r.log.Warn("cannot report", "error", err)
	}
}

func (r *Reporter) halt() {
	r.once.Do(func() { close(r.stop) })
	<-r.stopped
}

// loop writes what has changed, at once after a pause and else when the interval is over.
func (r *Reporter) loop() {
	defer close(r.stopped)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-r.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	for {
		select {
		case <-r.stop:
			return
		case <-r.wake:
		}
		if err := r.write(ctx); err != nil && ctx.Err() == nil {
			r.log.Warn("cannot report, the next report says it all", "error", err)
			r.again()
		}
		select {
		case <-r.stop:
			return
		case <-time.After(r.interval):
		}
	}
}

// again asks for another report after a failure.
func (r *Reporter) again() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// write sends the status to every sink, if it has changed since the last success.
func (r *Reporter) write(ctx context.Context) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	r.mu.Lock()
	if !r.dirty {
		r.mu.Unlock()
		return nil
	}
	r.dirty = false
	r.status.Sequence++
	s := clone(r.status)
	r.mu.Unlock()
	data, err := Encode(s)
	for i := 0; err == nil && i < len(r.sinks); i++ {
		err = r.sinks[i](ctx, data)
	}
	if err != nil {
		r.mu.Lock()
		r.dirty = true
		r.mu.Unlock()
	}
	return err
}
