package movepair

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

func (s *state) connected(c *hooks.Conditions) {
	if r := s.unreachable(); r != nil {
		c.False(api.ConditionConnected, r.Reason, r.Message)
		return
	}
	if s.isOverdue() {
		c.Unknown(api.ConditionConnected, api.ReasonPending, s.overdueText())
		return
	}
	if s.plan.done || s.plan.stepState.Last != nil && hasPlan(*s.plan.stepState.Last) {
		c.True(api.ConditionConnected, api.ReasonSucceeded, "both endpoints were reached")
		return
	}
	c.Unknown(api.ConditionConnected, api.ReasonPending, "no plan has reached both endpoints yet")
}

func (s *state) planned(c *hooks.Conditions) {
	const kind = api.ConditionPlanned
	last := s.plan.stepState.Last
	switch {
	case s.plan.done && len(s.blockers()) == 0:
		c.True(kind, api.ReasonPlanned, s.planText())
	case last != nil && hasPlan(*last) && len(s.blockers()) > 0:
		c.False(kind, api.ReasonBlocked, blockersText(s.blockers()))
	case last != nil && last.State != jobs.Succeeded:
		c.False(kind, reason(last.Result.Reason), last.Result.Message)
	case s.problem != nil:
		c.False(kind, s.problem.Reason, s.problem.Message)
	case s.pair.Spec.Suspend && s.plan.stepState.Progress == jobs.Create:
		c.Unknown(kind, api.ReasonSuspended, "spec.suspend is set")
	default:
		c.Unknown(kind, api.ReasonPlanning, "the plan is being made")
	}
}

func (s *state) planText() string {
	if s.newest == nil {
		return "planned"
	}
	return fmt.Sprintf("plan %s: %d objects, %d volumes", s.newest.Hash, s.newest.Objects, len(s.newest.Volumes))
}

func (s *state) readyCondition(c *hooks.Conditions) {
	const kind = api.ConditionReady
	last := s.open.stepState.Last
	switch {
	case s.channel() == api.ChannelComplete:
		c.True(kind, api.ReasonRetired, "a switch has used the channel; no data flows any more")
	case s.channel() == api.ChannelActive:
		c.True(kind, api.ReasonActive, "planned without blockers and open")
	case s.problem != nil:
		c.False(kind, s.problem.Reason, s.problem.Message)
	case len(s.blockers()) > 0 && (s.plan.done || s.plan.stepState.Last != nil):
		c.False(kind, api.ReasonBlocked, blockersText(s.blockers()))
	case !s.plan.done:
		c.False(kind, api.ReasonPlanning, "there is no plan for this spec yet")
	case last != nil && last.State != jobs.Succeeded:
		c.False(kind, reason(last.Result.Reason), last.Result.Message)
	case s.open.done && s.unreachable() != nil:
		c.False(kind, s.unreachable().Reason, s.unreachable().Message)
	case s.pair.Spec.Suspend && s.open.stepState.Progress == jobs.Create:
		c.False(kind, api.ReasonSuspended, "spec.suspend is set")
	default:
		c.False(kind, api.ReasonOpening, "the mobilizers open the channel")
	}
}

func blockersText(list []api.Blocker) string {
	if len(list) == 0 {
		return ""
	}
	b := list[0]
	text := b.Reason + ": " + b.Message
	if b.Object != "" {
		text = b.Object + ": " + text
	}
	if len(list) > 1 {
		return fmt.Sprintf("%s (and %d more)", text, len(list)-1)
	}
	return text
}

func reason(r string) string {
	if r == "" {
		return api.ReasonFailed
	}
	return r
}

// stall of the steps, else of the DataSyncs, else of children that do not appear.
func (s *state) stall(children []runtime.Object, c *hooks.Conditions) jobs.Stall {
	namespace := s.pair.Namespace
	previous := c.Previous(api.ConditionStalled)
	stall := jobs.Moving()
	if s.problem == nil && !s.frozen() {
		for _, st := range []step{s.plan, s.open} {
			if !st.done && st.stepState.Progress != jobs.Create {
				stall = jobs.Worse(stall, s.stepStall(st, previous))
				break
			}
			if !st.done {
				if st.stepState.Stuck {
					stall = jobs.Worse(stall, s.stepStall(st, previous))
				}
				break
			}
		}
		stall = jobs.Worse(stall, s.stalledSync())
	}
	stall = jobs.Worse(stall, s.watchStall(previous))
	return jobs.Worse(stall, jobs.CheckMissing(awaited(children), s.view.Children, namespace, previous, s.now))
}

// stalledSync is that of the first DataSync that is: people look at the engine and the pair.
func (s *state) stalledSync() jobs.Stall {
	for _, d := range s.syncs {
		if c := meta.FindStatusCondition(d.Status.Conditions, api.ConditionStalled); c != nil && c.Status == metav1.ConditionTrue {
			return jobs.Stall{Status: c.Status, Reason: c.Reason, Message: c.Message}
		}
	}
	return jobs.Moving()
}

// stepStall is that of a step; a plan with blockers tells them.
func (s *state) stepStall(st step, previous *metav1.Condition) jobs.Stall {
	stall := jobs.Check(st.stepState, s.pair.Namespace, previous, s.now)
	if st.want.Step == s.plan.want.Step && st.stepState.Stuck && len(s.blockers()) > 0 && hasPlan(*st.stepState.Last) {
		stall.Reason = api.ReasonBlocked
		stall.Message = task.Cut(blockersText(s.blockers()), task.MaxMessage-200) +
			": kubectl -n " + s.pair.Namespace + " get movepair " + s.pair.Name + " -o jsonpath='{.status.plan.blockers}'"
	}
	return stall
}
