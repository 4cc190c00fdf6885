package dashboard

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/text"
)

// hub reads the cluster for all pages, one reading after the other, and only while a page asks.
type hub struct {
	load     func(context.Context) (snapshot.Snapshot, error)
	interval time.Duration
	// wake it when a page asks.
	wake chan struct{}

	mutex sync.Mutex
	state state
	// changed is closed at the next reading.
	changed chan struct{}
	// watchers are the streams that are open, and asked is when a page was asked for.
	watchers int
	asked    time.Time
}

// state that was read.
type state struct {
	snapshot snapshot.Snapshot
	// err of the newest reading; the snapshot is then the last one that was read.
	err error
	// read is when the newest reading ended; zero: none has.
	read time.Time
}

func newHub(load func(context.Context) (snapshot.Snapshot, error), interval time.Duration) *hub {
	return &hub{load: load, interval: interval, wake: make(chan struct{}, 1), changed: make(chan struct{})}
}

// run until the context ends.
func (h *hub) run(ctx context.Context) {
	for ctx.Err() == nil {
		if !h.isWanted() {
			select {
			case <-ctx.Done():
				return
			case <-h.wake:
			}
		}
		limited, cancel := context.WithTimeout(ctx, longestRead)
		s, err := h.load(limited)
		cancel()
		if ctx.Err() != nil {
			return
		}
		h.publish(s, err)
		select {
		case <-ctx.Done():
		case <-time.After(h.interval):
		}
	}
}

// longestRead of the cluster.
const longestRead = 20 * time.Second

// restful intervals without a request end the reading.
const restful = 3

func (h *hub) isWanted() bool {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.watchers > 0 || time.Since(h.asked) < restful*h.interval
}

func (h *hub) publish(s snapshot.Snapshot, err error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.state.err, h.state.read = err, time.Now(); err == nil {
		h.state.snapshot = s.After(h.state.snapshot)
	}
	close(h.changed)
	h.changed = make(chan struct{})
}

// latest state, and what is closed when there is a newer one.
func (h *hub) latest() (state, <-chan struct{}) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.state, h.changed
}

// patience of a page that waits for a reading. Without one it says so, and follows the events.
const patience = 5 * time.Second

var errNotRead = errors.New("the API server has not answered yet")

// current state for a page: it waits for a reading where the last one is old.
func (h *hub) current(ctx context.Context) state {
	h.mutex.Lock()
	h.asked = time.Now()
	old := time.Since(h.state.read) > restful*h.interval
	changed := h.changed
	h.mutex.Unlock()
	h.rouse()
	if old {
		select {
		case <-ctx.Done():
		case <-changed:
		case <-time.After(patience):
		}
	}
	s, _ := h.latest()
	if s.read.IsZero() {
		s.err = errNotRead
	}
	return s
}

// watch until the returned function is called.
func (h *hub) watch() (end func()) {
	count := func(n int) {
		h.mutex.Lock()
		defer h.mutex.Unlock()
		h.watchers += n
	}
	count(1)
	h.rouse()
	return func() { count(-1) }
}

func (h *hub) rouse() {
	select {
	case h.wake <- struct{}{}:
	default: // It is awake, or about to be.
	}
}

// outage in words; empty: there is none.
func (s state) outage(now time.Time) string {
	if s.err == nil {
		return ""
	}
	out := "The moves cannot be read: " + s.err.Error()
	if at := s.snapshot.At; !at.IsZero() {
		out = "What is shown was read " + text.Took(now.Sub(at)) + " ago. " + out
	}
	return out
}
