package sync

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

const (
	// oldest that a session gets: its kubeconfigs and what its workers were given are as old.
	oldest = time.Hour
	// maxPasses that a report holds.
	maxPasses = 10
)

// reading is what is known between two passes of a session.
type reading struct {
	now time.Time
	// opened is when the session was, lastBegan its last pass; zero: there was none.
	opened, lastBegan time.Time
	// dataSync as it is now; nil: it is gone, or going.
	dataSync *api.DataSync
	// spec of the DataSync that the session was made for.
	spec api.DataSyncSpec
	// answered is the request that was answered last in this session.
	answered string
	// lost is why the session cannot stay; empty: it can.
	lost string
}

// step that follows.
type step struct {
	// trigger of the pass to begin now; empty: none.
	trigger api.Trigger
	// request that it answers.
	request string
	// end says why the session ends; empty: it does not.
	end string
}

// next decides whether a pass begins, the session waits, or ends. The first pass is due at once.
func next(r reading) step {
	switch {
	case r.lost != "":
		return step{end: r.lost}
	case r.dataSync == nil:
		return step{end: "the DataSync is gone"}
	case r.dataSync.Spec.Suspend:
		return step{end: "spec.suspend is set"}
	case !sameWork(r.dataSync.Spec, r.spec):
		return step{end: "the spec of the DataSync has changed: the next run follows it"}
	case !r.lastBegan.IsZero() && r.now.Sub(r.opened) >= oldest:
		return step{end: fmt.Sprintf("the session is open for %s: the next one begins anew", oldest)}
	case asked(r):
		return step{trigger: api.TriggerRequest, request: r.dataSync.Spec.Request}
	case r.lastBegan.IsZero() || !r.now.Before(r.lastBegan.Add(interval(r.spec))):
		return step{trigger: api.TriggerSchedule}
	}
	return step{}
}

// asked: the request has not had its run, in this session or before.
func asked(r reading) bool {
	request := r.dataSync.Spec.Request
	return request != "" && request != r.answered && !slices.ContainsFunc(r.dataSync.Status.Runs, func(run api.SyncRun) bool {
		return run.Request == request && run.Outcome == string(task.OutcomeSucceeded)
	})
}

// sameWork: but for what is read before each pass, the two say the same.
func sameWork(a, b api.DataSyncSpec) bool {
	a.Request, b.Request = "", ""
	a.Suspend, b.Suspend = false, false
	return reflect.DeepEqual(a, b)
}

// interval of the spec, which has one: the hook makes no session without.
func interval(spec api.DataSyncSpec) time.Duration {
	if spec.Sync == nil {
		return oldest
	}
	d, err := time.ParseDuration(spec.Sync.Interval)
	if err != nil {
		return oldest
	}
	return d
}

// remember a pass that has ended, beside the last ones.
func remember(passes []api.SyncRun, ended api.SyncRun) []api.SyncRun {
	passes = append(passes, ended)
	return passes[max(0, len(passes)-maxPasses):]
}
