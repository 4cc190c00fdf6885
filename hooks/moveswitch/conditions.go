package moveswitch

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/check"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// approvedCondition is about the newest cutover, once there is one: what is approved later does
// not change what runs. A further try is a cutover of its own.
func (s *state) approvedCondition(c *hooks.Conditions, d decision) {
	const kind = api.ConditionApproved
	begins := d.stepState.Progress == jobs.Create && d.phase == phaseCutover && s.facts.committedAt == nil
	switch {
	case begins && d.gate.approved:
		c.True(kind, d.gate.approvedReason, d.gate.approvedMessage)
	case d.phase != phaseWaiting && s.facts.cutover != nil && c.WasTrue(kind):
		c.True(kind, api.ReasonApproved, approvedText(s.facts.cutover.Job.Annotations[approvedAnnotation]))
	case d.phase != phaseWaiting && (s.facts.touched || s.facts.switched) && c.WasTrue(kind):
		old := c.Previous(kind)
		c.True(kind, old.Reason, old.Message)
	case d.gate.approved:
		c.True(kind, d.gate.approvedReason, d.gate.approvedMessage)
	default:
		c.False(kind, d.gate.approvedReason, d.gate.approvedMessage)
	}
}

// approvedText says what a cutover is bound to; empty: any plan without blockers.
func approvedText(hash string) string {
	if hash == "" {
		return "approval is Automatic"
	}
	return fmt.Sprintf("plan %s is approved", hash)
}

func (s *state) committed(c *hooks.Conditions) {
	if at := s.facts.committedAt; at != nil {
		c.True(api.ConditionCommitted, api.ReasonCommitted, "the point of no return was passed at "+at.UTC().Format("2006-01-02T15:04:05Z"))
		return
	}
	c.False(api.ConditionCommitted, api.ReasonNotCommitted, "the source can be brought back")
}

func (s *state) switched(c *hooks.Conditions, d decision) {
	const kind = api.ConditionSwitched
	failure := lastFailure(s.facts.cutover)
	switch d.phase {
	case phaseSwitched, phaseCleanup:
		c.True(kind, api.ReasonSucceeded, "the application runs at the target"+s.warned())
	case phaseHeld:
		c.False(kind, api.ReasonHeld, "onFailure is Hold: "+failure)
	case phaseRollingBack:
		c.False(kind, api.ReasonRollingBack, because("the source is brought back", failure))
	case phaseRolledBack:
		if s.unwanted() && s.facts.cutover == nil {
			c.False(kind, api.ReasonCancelled, fmt.Sprintf("desired is %s", s.sw.Spec.Desired))
			return
		}
		c.False(kind, api.ReasonRolledBack, because("the source is back", failure))
	case phaseCutover:
		c.False(kind, api.ReasonRunning, s.cutoverText(d))
	default:
		s.waiting(c, d, failure)
	}
}

// warned says what the final run has warned of.
func (s *state) warned() string {
	run := s.sw.Status.FinalRun
	if p := s.facts.progress; p != nil && p.FinalRun != nil {
		run = p.FinalRun
	}
	if run == nil {
		return ""
	}
	return hooks.Warned(run.Warnings, "status.finalRun.warnings")
}

func because(text, failure string) string {
	if failure == "" {
		return text
	}
	return text + ": " + failure
}

func (s *state) cutoverText(d decision) string {
	switch {
	case d.stepState.Progress == jobs.Wait && d.stepState.Last != nil:
		return fmt.Sprintf("attempt %d has failed and is tried again at %s: %s", d.stepState.Last.Number,
			d.stepState.RetryAt.UTC().Format("15:04:05"), lastFailure(d.stepState.Last))
	case d.stepState.Current != nil && d.stepState.Current.Status != nil && d.stepState.Current.Status.Step != "":
		return "the cutover is at " + d.stepState.Current.Status.Step
	}
	return "the cutover runs"
}

func (s *state) waiting(c *hooks.Conditions, d decision, failure string) {
	if s.facts.touched {
		// The pair and its accounts are needed, to go on or to go back.
		c.False(api.ConditionSwitched, api.ReasonHeld, "the next try waits: "+d.gate.message)
		return
	}
	if d.stepState.Last != nil && d.stepState.Last.State == jobs.Declined && d.stepState.Last.Result.Reason != api.ReasonPlanChanged {
		c.False(api.ConditionSwitched, api.ReasonDeclined, failure)
		return
	}
	c.False(api.ConditionSwitched, d.gate.reason, d.gate.message)
}

func (s *state) rolledBack(c *hooks.Conditions, d decision) {
	const kind = api.ConditionRolledBack
	committed := s.facts.committedAt != nil || s.facts.switched
	switch {
	case committed && s.unwanted():
		c.False(kind, api.ReasonAlreadyDone, "the switch is committed: it cannot be rolled back any more")
	case committed:
		c.False(kind, api.ReasonCommitted, "the switch is committed")
	case d.phase == phaseRollingBack:
		c.False(kind, api.ReasonRollingBack, s.rollingBackText(d))
	case d.phase == phaseRolledBack && s.facts.cutover == nil && s.facts.rollback == nil && !c.WasTrue(kind):
		c.True(kind, api.ReasonCancelled, "nothing had begun")
	case d.phase == phaseRolledBack:
		reason := api.ReasonRolledBack
		if old := c.Previous(kind); old != nil && old.Status == "True" {
			reason = old.Reason
		}
		c.True(kind, reason, "the source is as it was")
	default:
		c.False(kind, api.ReasonPending, "no roll back is asked for")
	}
}

func (s *state) rollingBackText(d decision) string {
	if s.facts.cutoverRuns != nil {
		return "waits for the cutover to stop"
	}
	if o := d.stepState; o.Progress == jobs.Wait && o.Last != nil {
		return fmt.Sprintf("attempt %d has failed and is tried again: %s", o.Last.Number, lastFailure(o.Last))
	}
	return "the roll back runs"
}

// fenced says whether the source is stopped and kept so.
func (s *state) fenced(c *hooks.Conditions, d decision, steps []api.SwitchStep) {
	const kind = api.ConditionSourceFenced
	committed := s.facts.switched || s.facts.committedAt != nil
	switch {
	case committed && s.facts.progress != nil && len(s.facts.progress.SourceRuns) > 0:
		c.False(kind, api.ReasonSourceActive, "something of the application was started at the source again by another client: "+
			strings.Join(s.facts.progress.SourceRuns, ", ")+". What it writes there stays there")
	case committed && s.pairStall(api.ReasonSourceActive) != nil:
		c.False(kind, api.ReasonSourceActive, s.pairStall(api.ReasonSourceActive).Message)
	case committed:
		c.True(kind, api.ReasonCommitted, "the source is stopped and held")
	case d.phase != phaseRolledBack && s.facts.touched && (quiesced(steps) != nil || c.WasTrue(kind)):
		c.True(kind, api.ReasonRunning, "the source is stopped and held")
	default:
		c.False(kind, api.ReasonNotCommitted, "the source is not stopped by this switch")
	}
}

// stall: who has to do what.
func (s *state) stall(d decision, c *hooks.Conditions) jobs.Stall {
	ns := s.sw.Namespace
	stall := jobs.Moving()
	switch d.phase {
	case phaseCutover, phaseRollingBack, phaseCleanup:
		stall = jobs.Check(d.stepState, ns, c.Previous(api.ConditionStalled), s.now)
		if s.problem != nil && s.pair == nil && d.stepState.Progress == jobs.Create {
			// Its next Job cannot be made.
			stall = s.needsUser(s.problem.Reason, s.problem.Message, "")
		}
		if o := d.stepState; stall.Status != "True" && o.Last != nil && o.Last.State != jobs.Succeeded &&
			(d.phase == phaseRollingBack || s.facts.committedAt != nil) {
			// The application is down, or not open: that is not for the third try to tell.
			stall = s.needsUser(cmp.Or(o.Last.Result.Reason, api.ReasonJobFailed), because("it is tried again", lastFailure(o.Last)),
				"kubectl -n "+ns+" describe job "+o.Last.Job.Name)
			stall.Recheck = hooks.Until(o.RetryAt, s.now)
		}
	case phaseWaiting:
		switch {
		case s.problem != nil:
			stall = s.needsUser(s.problem.Reason, s.problem.Message, s.remedy())
		case d.gate.approvedReason == api.ReasonPlanChanged:
			stall = s.needsUser(api.ReasonPlanChanged, d.gate.approvedMessage, "")
		case d.gate.reason == api.ReasonDowntimeTooLong:
			stall = s.needsUser(d.gate.reason, d.gate.message, s.raiseMaxDowntime())
		case d.stepState.Stuck:
			stall = jobs.Check(d.stepState, ns, c.Previous(api.ConditionStalled), s.now)
		case s.pairStall(api.ReasonCredentialsExpire) != nil:
			stall = s.needsUser(api.ReasonCredentialsExpire, s.pairStall(api.ReasonCredentialsExpire).Message, "")
		}
	case phaseHeld:
		stall = s.needsUser(api.ReasonHeld, because("the cutover has failed and is held", lastFailure(s.facts.cutover)),
			s.patch(`{"spec":{"desired":"RolledBack"}}`))
	case phaseRolledBack:
		if !s.unwanted() && !s.view.Finalizing {
			stall = s.needsUser(api.ReasonRolledBack, because("the source is back; to try again", lastFailure(s.facts.cutover)),
				s.patch(`{"spec":{"retry":"`+s.nextRetry()+`"}}`))
		}
	}
	if s.view.Finalizing {
		if d.leaving != "" && stall.Status != "True" {
			stall.Message = d.leaving
		}
		if d.finalized && d.leaving == s.left() {
			stall = jobs.Stall{Status: "True", Reason: api.ReasonCleanupGaveUp, Message: d.leaving}
		}
		return stall
	}
	if d.phase == phaseRollingBack && d.stepState.Current != nil && d.stepState.Current.Step == task.VerbCutover {
		return stall
	}
	return jobs.Worse(stall, jobs.CheckMissing(d.children, s.view.Children, ns, c.Previous(api.ConditionStalled), s.now))
}

// pairStall is the condition Stalled of the pair while it is True for that reason, or nil.
func (s *state) pairStall(reason string) *metav1.Condition {
	if s.pair == nil {
		return nil
	}
	x := meta.FindStatusCondition(s.pair.Status.Conditions, api.ConditionStalled)
	if x == nil || x.Status != metav1.ConditionTrue || x.Reason != reason {
		return nil
	}
	return x
}

func (s *state) needsUser(reason, message, command string) jobs.Stall {
	if command != "" {
		message = task.Cut(message, task.MaxMessage-len(command)-2) + ": " + command
	}
	return jobs.Stall{Status: "True", Reason: reason, Message: message}
}

// remedy is the command for a problem whose message ends with none.
func (s *state) remedy() string {
	if s.problem.Reason != api.ReasonSwitchTimePassed && s.problem.Reason != api.ReasonInvalidSpec || check.SwitchName(s.sw) != nil {
		return ""
	}
	return "kubectl -n " + s.sw.Namespace + " edit moveswitch " + s.sw.Name
}

func (s *state) patch(body string) string {
	return fmt.Sprintf("kubectl -n %s patch moveswitch %s --type=merge -p '%s'", s.sw.Namespace, s.sw.Name, body)
}

// nextRetry is a token that differs from the present one.
func (s *state) nextRetry() string {
	n, err := strconv.Atoi(s.sw.Spec.Retry)
	if err != nil || n < 0 {
		n = 0
	}
	return strconv.Itoa(n + 1)
}
