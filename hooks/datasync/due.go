package datasync

import (
	"slices"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/internal/schedule"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// wanted is the run that is wanted now, or next.
type wanted struct {
	trigger api.Trigger
	// intent of its Jobs.
	intent string
	// at is when it may begin; zero: now.
	at time.Time
}

// want decides which run is the next one: the one that was asked for, else the first, else the one that is due
// by the schedule. nil: none is wanted.
//
// The time of a scheduled run follows from the beginning of the last one that succeeded, whatever it was made for, and
// its name from that time. So a failed one is tried again under its name, however many times pass meanwhile; those that
// were missed are made up for by one; and a stale reading gives a name that is there already.
func (s *state) want() *wanted {
	uid, spec := string(s.dataSync.UID), s.dataSync.Spec
	if !s.answered {
		return &wanted{trigger: api.TriggerRequest, intent: s.requestIntent()}
	}
	times, err := schedule.Of(spec.Sync)
	if times == nil || err != nil {
		return nil
	}
	last := s.lastGood()
	if last.IsZero() {
		return &wanted{trigger: api.TriggerInitial, intent: jobs.Intent(uid, "sync", string(api.TriggerInitial), "")}
	}
	due := times.Next(last)
	return &wanted{trigger: api.TriggerSchedule, at: due.Add(times.Spread(uid, due)),
		intent: jobs.Intent(uid, "sync", string(api.TriggerSchedule), due.Format(time.RFC3339))}
}

// deadline of the run that is wanted, in seconds; 0: none. How long the first one takes is not known.
func (s *state) deadline() int64 {
	times, err := schedule.Of(s.dataSync.Spec.Sync)
	if times == nil || err != nil || s.lastGood().IsZero() {
		return 0
	}
	return int64(times.Deadline() / time.Second)
}

// Annotations of a Job that say what its run is for.
const (
	triggerAnnotation = "kubemove.io/trigger"
	requestAnnotation = "kubemove.io/request"
)

func (w *wanted) annotations(request string) map[string]string {
	out := map[string]string{triggerAnnotation: string(w.trigger)}
	if w.trigger == api.TriggerRequest {
		out[requestAnnotation] = request
	}
	return out
}

// isAnswered: the request has had its run. It stays answered, though its Job is gone.
func (s *state) isAnswered() bool {
	request := s.dataSync.Spec.Request
	if request == "" {
		return true
	}
	o := jobs.Next(s.attempts, jobs.Want{Step: task.VerbSync, Intent: s.requestIntent()}, s.now)
	return o.Progress == jobs.Done || o.Last == nil && slices.ContainsFunc(s.known(), func(r api.SyncRun) bool {
		return r.Request == request && r.Outcome == string(task.OutcomeSucceeded)
	})
}

func (s *state) requestIntent() string {
	return jobs.Intent(string(s.dataSync.UID), "sync", s.dataSync.Spec.Request)
}

// lastGood is when the last run began that succeeded; zero: there was none.
func (s *state) lastGood() (at time.Time) {
	later := func(t time.Time) {
		if t.After(at) {
			at = t
		}
	}
	for _, a := range s.attempts {
		if a.Step == task.VerbSync && a.State == jobs.Succeeded && !isSession(&a) {
			later(a.Job.CreationTimestamp.Time)
		}
	}
	for _, r := range s.known() {
		if r.Outcome == string(task.OutcomeSucceeded) && r.StartedAt != nil {
			later(r.StartedAt.Time)
		}
	}
	return at
}

// known runs, of the status, of sessions and of the switches.
func (s *state) known() []api.SyncRun {
	list := append(s.passesOf(), s.dataSync.Status.Runs...)
	if l := s.dataSync.Status.LastRun; l != nil {
		list = append(list, *l)
	}
	for _, m := range s.switches.All {
		if f := m.Status.FinalRun; f != nil {
			list = append(list, *f)
		}
	}
	return list
}
