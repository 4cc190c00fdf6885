package kit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
)

// Goal of a wait.
type Goal struct {
	// What is waited for, such as "the switch of moveengine/shop".
	What string
	// Timeout of it; 0: none.
	Timeout time.Duration
	// Goes says what goes on in the cluster when this program ends early.
	Goes string
	// Follow is the command that follows it.
	Follow []string
	// Reached is asked with each reading; an error ends the wait.
	Reached func(snapshot.Move) (bool, error)
	// Gone is asked when the move is not there; true ends the wait well. nil: it has to be there.
	Gone func() bool
	// Show each reading; nil: nothing is shown.
	Show func(snapshot.Snapshot)
}

// Await reads a move until a goal is reached, and returns it as it was then.
func (k *Kit) Await(ctx context.Context, m snapshot.Move, g Goal) (snapshot.Move, error) {
	limited, cancel := ctx, context.CancelFunc(func() {})
	if g.Timeout > 0 {
		limited, cancel = context.WithTimeout(ctx, g.Timeout)
	}
	defer cancel()
	last := m
	var outage time.Time
	for {
		s, err := k.Load(limited, m.Namespace)
		if err == nil {
			outage = time.Time{}
			var now snapshot.Move
			if now, err = s.Find(m.Namespace, m.Key()); err == nil {
				last = now
			} else if g.Gone != nil && g.Gone() {
				return last, nil
			}
		}
		if err == nil {
			if g.Show != nil {
				g.Show(s)
			}
			var reached bool
			if reached, err = g.Reached(last); reached && err == nil {
				return last, nil
			}
		}
		if fault.EndsSoon(err) {
			<-limited.Done()
		}
		if err != nil && limited.Err() == nil && !k.outlasts(&outage, err) {
			return last, err
		}
		select {
		case <-limited.Done():
			return last, g.ended(ctx, last)
		case <-time.After(k.Interval):
		}
	}
}

// longestOutage of an API server that a wait outlasts.
const longestOutage = 2 * time.Minute

// outlasts says whether a wait goes on after an error: the API server does not answer, and has not for too long.
func (k *Kit) outlasts(since *time.Time, err error) bool {
	if !fault.IsTransient(err) {
		return false
	}
	if since.IsZero() {
		*since = k.Now()
		k.Narrate("%s; it is tried again", err)
	}
	return k.Now().Sub(*since) < longestOutage
}

// ended is why a wait did: the time is over, or Ctrl-C.
func (g Goal) ended(ctx context.Context, last snapshot.Move) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return Interrupted(g.Goes, g.Follow)
	}
	return fault.New(fault.TimedOut, fmt.Sprintf("%s has not come within %s", g.What, g.Timeout), "%s; %s", last.Said(),
		g.Goes).Trying(g.Follow...)
}

// Interrupted by Ctrl-C: what goes on in the cluster, and how to follow it.
func Interrupted(goes string, follow []string) error {
	return fault.New(fault.Interrupted, "interrupted", "%s", goes).Trying(follow...)
}
