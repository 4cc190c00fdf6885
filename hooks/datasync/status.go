package datasync

import (
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/task"
)

func (s *state) status(children []runtime.Object) (api.DataSyncStatus, time.Duration) {
	old := s.dataSync.Status
	r := s.runs()
	st := api.DataSyncStatus{
		ObservedGeneration: s.dataSync.Generation,
		Volumes:            volumes(s.dataSync.Spec.Volumes, old.Volumes, r.shown, r.ended()),
		Run:                r.current,
		LastRun:            r.last,
		LastSuccessTime:    old.LastSuccessTime,
	}
	if r.last != nil && r.last.Outcome == string(task.OutcomeSucceeded) && later(r.last.FinishedAt, st.LastSuccessTime) {
		st.LastSuccessTime = r.last.FinishedAt
	}
	sum(&st, st.Volumes)
	if r.current != nil && r.shown != nil {
		st.BytesPerSecond, st.ETASeconds = r.shown.BytesPerSecond, r.shown.ETASeconds
		st.Progress = progress(st.Volumes, st.BytesPerSecond, st.ETASeconds)
	}
	c := hooks.NewConditions(old.Conditions, s.dataSync.Generation, s.now)
	s.accepted(c)
	s.synced(c, r)
	s.retiredCondition(c)
	stall := s.stall(children, c)
	stall.Set(c)
	st.Conditions, st.Stalled = c.List(), c.ReasonIfTrue(api.ConditionStalled)
	return st, stall.Recheck
}
