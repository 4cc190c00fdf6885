package datasync

import (
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// synced sets Synced and Verified: a run has succeeded only when it was verified.
func (s *state) synced(c *hooks.Conditions, r runs) {
	last := r.last()
	switch {
	case last != nil && last.Outcome == string(task.OutcomeSucceeded):
		text := "run " + last.ID + " copied every volume" + hooks.Warned(last.Warnings, "status.lastRun.warnings")
		c.True(api.ConditionSynced, api.ReasonSucceeded, text)
		c.True(api.ConditionVerified, api.ReasonSucceeded, "counts and bytes of both sides agreed in run "+last.ID)
		return
	case last != nil:
		c.False(api.ConditionSynced, outcomeReason(last.Outcome), last.Message)
		c.False(api.ConditionVerified, outcomeReason(last.Outcome), "the last run did not get to its end")
		return
	case r.current != nil:
		c.Unknown(api.ConditionSynced, api.ReasonRunning, "the first run goes on")
	default:
		c.Unknown(api.ConditionSynced, api.ReasonPending, "there was no run yet")
	}
	c.Unknown(api.ConditionVerified, api.ReasonPending, "there was no complete run yet")
}

func outcomeReason(outcome string) string {
	if outcome == string(task.OutcomeDeclined) {
		return api.ReasonDeclined
	}
	return api.ReasonFailed
}

func (s *state) retiredCondition(c *hooks.Conditions) {
	if s.retired() {
		c.True(api.ConditionRetired, api.ReasonRetired, "the application runs at the target: these volumes are not copied any more")
		return
	}
	c.False(api.ConditionRetired, api.ReasonNotCommitted, "no switch has been committed")
}

func (s *state) stall(children []runtime.Object, c *hooks.Conditions) jobs.Stall {
	stall := jobs.Moving()
	if s.waits() {
		stall = jobs.Check(s.stepState, s.dataSync.Namespace, c.Previous(api.ConditionStalled), s.now)
	}
	if s.view.Finalizing {
		return stall
	}
	return jobs.Worse(stall, jobs.CheckMissing(children, s.view.Children, s.dataSync.Namespace, c.Previous(api.ConditionStalled), s.now))
}
