package datasync

import (
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// longest interval for which a session stays open between the passes. To place the workers anew takes a dozen
// seconds; for longer intervals that costs less than Pods that wait.
const longest = 2 * time.Minute

// staysOpen: the Job of the wanted run keeps its workers for the next ones.
func (s *state) staysOpen() bool {
	sync := s.dataSync.Spec.Sync
	if sync == nil || s.wanted.trigger != api.TriggerSchedule {
		return false
	}
	interval, err := time.ParseDuration(sync.Interval)
	m := s.config.Mobilizers[s.dataSync.Spec.Mobilizer].Spec
	return err == nil && interval <= longest && m.Type == config.Worker && m.Passes
}

// session that the task of the wanted run is to keep open; nil: none.
func (s *state) session() *task.Session {
	if !s.staysOpen() {
		return nil
	}
	return &task.Session{DataSync: task.Object{Name: s.dataSync.Name, UID: string(s.dataSync.UID)}}
}

// passesOf the sessions of all Jobs that have ended, as those report them.
func (s *state) passesOf() (list []api.SyncRun) {
	for i := range s.attempts {
		list = append(list, passes(&s.attempts[i])...)
	}
	return list
}

// passes of a Job that have ended.
func passes(a *jobs.Attempt) (list []api.SyncRun) {
	if a.Status == nil {
		return nil
	}
	for _, p := range a.Status.Passes {
		if p.ID != "" && p.FinishedAt != nil {
			list = append(list, shortened(p))
		}
	}
	return list
}

// isSession tells whether a Job has made passes, or makes its first. Until then it shows as a run of its own.
func isSession(a *jobs.Attempt) bool {
	return a.Status != nil && (a.Status.Pass != nil || len(a.Status.Passes) > 0)
}

// ofSession is what a session adds: the pass that goes on, those that have ended, and its own end where no pass tells it.
func (s *state) ofSession(a *jobs.Attempt, r *runs, reports map[string]*task.Status) (ended []api.SyncRun) {
	ended = passes(a)
	if a.State != jobs.Running {
		if n := len(ended); a.State != jobs.Succeeded && (n == 0 || ended[n-1].Outcome == string(task.OutcomeSucceeded)) {
			own := s.runOf(a)
			ended, reports[own.ID] = append(ended, own), a.Status
		}
	} else if p := a.Status.Pass; p != nil {
		now := shortened(*p)
		r.current, r.shown = &now, a.Status
		return ended
	}
	if n := len(ended); n > 0 {
		// What the volumes were at the end of the last pass.
		shown := *a.Status
		shown.RunID = ended[n-1].ID
		reports[shown.RunID] = &shown
	}
	return ended
}

// shortened to what a status takes.
func shortened(run api.SyncRun) api.SyncRun {
	run.Message, run.Warnings = task.Cut(run.Message, task.MaxMessage), shortList(run.Warnings)
	return run
}
