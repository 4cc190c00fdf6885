package jobs

import (
	"time"

	"github.com/kubemove/kubemove/task"
)

// Times between attempts.
const (
	firstBackoff = 10 * time.Second
	// firstLater is the first wait for what a person has to fix: it begins short, as people
	// who have just seen a blocker are fixing it now.
	firstLater = 30 * time.Second
	// LaterBackoff is the longest wait.
	LaterBackoff = 5 * time.Minute
)

// Progress of a step.
type Progress string

// The progress of a step.
const (
	// Create: the next attempt should be created now.
	Create Progress = "Create"
	// Run: an attempt is running; also one of an older intent, which the next one waits for.
	Run Progress = "Run"
	// Wait: the newest attempt has failed, the next one comes at RetryAt.
	Wait Progress = "Wait"
	// Done: an attempt has succeeded.
	Done Progress = "Done"
)

// Want is a step that is wanted.
type Want struct {
	Step   task.Verb
	Intent string
	// Again says that a success is not good enough, such as a plan with blockers: the step is
	// tried again later. Optional.
	Again func(Attempt) bool
	// Every: once in each such time a success is made anew, and counts until then. 0: it counts for ever.
	Every time.Duration
	// UID of the parent, from which it follows when in that time.
	UID string
	// DoneAt is when another step has last done what this one does, as well as a success of it; zero: none has.
	DoneAt time.Time
}

// StepState is where a step stands.
type StepState struct {
	Progress Progress
	// Number of the attempt to create, or of the one that would make a success anew.
	Number int
	// RetryAt is when the next attempt comes, while waiting.
	RetryAt time.Time
	// Current attempt that is running; nil when none is.
	Current *Attempt
	// Last finished attempt of this intent; nil when there is none.
	Last *Attempt
	// Renew: the step is done, and the next attempt should be created now.
	Renew bool
	// RenewAt is when that will be; zero: never.
	RenewAt time.Time
	// Stuck: attempts keep failing or one has failed for good; a person is needed.
	Stuck bool
}

// stuckAfter so many attempts of one intent a person is told.
const stuckAfter = 3

// Next decides where a step stands, from all observed attempts.
func Next(observed []Attempt, want Want, now time.Time) StepState {
	o := StepState{}
	highest := 0
	for i := range observed {
		a := &observed[i]
		if a.Step != want.Step {
			continue
		}
		if a.State == Running || a.Deleting() {
			// One at a time, whatever it was asked to do.
			o.Current = a
		}
		if a.Intent != want.Intent {
			continue
		}
		highest = max(highest, a.Number)
		if a.State != Running && (o.Last == nil || a.Number > o.Last.Number) {
			o.Last = a
		}
	}
	succeeded := o.Last != nil && o.Last.State == Succeeded
	var finished time.Time
	if succeeded {
		finished = o.Last.Finished
	}
	if !want.DoneAt.IsZero() && (o.Last == nil || o.Last.Finished.Before(want.DoneAt)) {
		succeeded, finished = true, want.DoneAt
	}
	again := succeeded && want.Again != nil && o.Last != nil && want.Again(*o.Last)
	tries := triesOf(observed, o.Last, want)
	o.Stuck = o.Last != nil && (!succeeded || again) && (again || o.Last.Later() || tries >= stuckAfter)
	switch {
	case succeeded && !again:
		o.Progress = Done
		if o.Current != nil {
			break
		}
		o.Number = highest + 1
		if want.Every > 0 {
			o.RenewAt, o.Renew = renewal(finished, now, want.Every, want.UID)
		}
	case o.Current != nil:
		o.Progress = Run
	case o.Last == nil:
		o.Progress, o.Number = Create, highest+1
	default:
		o.RetryAt = o.Last.Finished.Add(backoff(*o.Last, tries, again))
		o.Progress, o.Number = Wait, highest+1
		if !now.Before(o.RetryAt) {
			o.Progress = Create
		}
	}
	return o
}

// triesOf counts the attempts since one that was good, as far as they are known.
func triesOf(observed []Attempt, last *Attempt, want Want) int {
	if last == nil {
		return 0
	}
	good := 0
	for _, a := range observed {
		ended := a.State == Succeeded && (want.Again == nil || !want.Again(a))
		if ended && a.Step == want.Step && a.Intent == want.Intent && a.Number < last.Number {
			good = max(good, a.Number)
		}
	}
	return last.Number - good
}

func backoff(a Attempt, tries int, again bool) time.Duration {
	d := firstBackoff
	if again || a.Later() {
		d = firstLater
	}
	for n := 1; n < tries && d < LaterBackoff; n++ {
		d *= 2
	}
	return min(d, LaterBackoff)
}

// Newest returns the newest attempt of a step that the filter lets pass, or nil.
func Newest(observed []Attempt, step task.Verb, keep func(Attempt) bool) *Attempt {
	for i := len(observed) - 1; i >= 0; i-- {
		if observed[i].Step == step && (keep == nil || keep(observed[i])) {
			return &observed[i]
		}
	}
	return nil
}

// keptFailures of a step stay for people to look at.
const keptFailures = 3

// Keep chooses the Jobs that stay: every running one, the newest success of each step and the
// last failures of it. Good says that a success is a real one; nil: each is.
func Keep(observed []Attempt, good func(Attempt) bool) []Attempt {
	type count struct{ good, bad int }
	counts := map[task.Verb]*count{}
	keep := make([]bool, len(observed))
	for i := len(observed) - 1; i >= 0; i-- {
		a := observed[i]
		c := counts[a.Step]
		if c == nil {
			c = &count{}
			counts[a.Step] = c
		}
		switch {
		case a.State == Running:
			keep[i] = true
		case a.State == Succeeded && (good == nil || good(a)):
			c.good++
			keep[i] = c.good <= 1
		default:
			c.bad++
			keep[i] = c.bad <= keptFailures
		}
	}
	var list []Attempt
	for i, a := range observed {
		if keep[i] {
			list = append(list, a)
		}
	}
	return list
}
