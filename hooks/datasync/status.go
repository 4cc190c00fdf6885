package datasync

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/check"
	"github.com/kubemove/kubemove/task"
)

func (s *state) status(children []runtime.Object) (api.DataSyncStatus, time.Duration) {
	old := s.dataSync.Status
	r := s.runs()
	last := r.last()
	st := api.DataSyncStatus{
		ObservedGeneration: s.dataSync.Generation,
		Volumes:            volumes(s.dataSync.Spec.Volumes, old.Volumes, r.shown, r.shownEnd()),
		Run:                r.current,
		LastRun:            last,
		Runs:               r.ended,
		NextRunTime:        s.nextRunTime(),
		LastSuccessTime:    old.LastSuccessTime,
	}
	if last != nil && last.Outcome == string(task.OutcomeSucceeded) && later(last.FinishedAt, st.LastSuccessTime) {
		st.LastSuccessTime = last.FinishedAt
	}
	sum(&st, st.Volumes)
	if r.current != nil && r.shown != nil {
		st.BytesPerSecond, st.ETASeconds = r.shown.BytesPerSecond, r.shown.ETASeconds
		st.Progress = progress(st.Volumes, st.BytesPerSecond, st.ETASeconds)
	}
	c := hooks.NewConditions(old.Conditions, s.dataSync.Generation, s.now)
	check.Accepted(c, s.problem)
	s.synced(c, r)
	s.retiredCondition(c)
	stall := s.stall(children, c)
	stall.Set(c)
	st.Conditions, st.Stalled = c.List(), c.ReasonIfTrue(api.ConditionStalled)
	return st, stall.Recheck
}

// nextRunTime is when the next run is due by the schedule; nil: none is.
func (s *state) nextRunTime() *metav1.Time {
	reason, _ := s.hindrance()
	if s.wanted == nil || s.wanted.at.IsZero() || reason == api.ReasonRetired || reason == api.ReasonSuspended {
		return nil
	}
	at := metav1.NewTime(s.wanted.at)
	return &at
}
