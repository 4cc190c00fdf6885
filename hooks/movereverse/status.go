package movereverse

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/check"
	"github.com/kubemove/kubemove/hooks/internal/switches"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

func (s *state) conditions() *hooks.Conditions {
	c := hooks.NewConditions(s.reverse.Status.Conditions, s.reverse.Generation, s.now)
	check.Accepted(c, s.problem)
	s.copyPair(c, api.ConditionPlanned, api.ReasonPlanning)
	s.copyPair(c, api.ConditionReady, api.ReasonPending)
	s.switchedCondition(c)
	return c
}

// copyPair shows a condition of the pair.
func (s *state) copyPair(c *hooks.Conditions, kind, pending string) {
	if s.pair != nil {
		if x := meta.FindStatusCondition(s.pair.Status.Conditions, kind); x != nil {
			c.Set(kind, x.Status, x.Reason, x.Message)
			return
		}
	}
	c.Unknown(kind, pending, "the pair says nothing yet")
}

func (s *state) switchedCondition(c *hooks.Conditions) {
	const kind = api.ConditionSwitched
	switch {
	case s.switched():
		c.True(kind, api.ReasonSucceeded, "the application is back where MoveSwitch "+s.reverse.Spec.SwitchRef.Name+" had taken it from")
	case s.sw != nil && switches.Condition(s.sw) != nil:
		x := switches.Condition(s.sw)
		c.False(kind, x.Reason, x.Message)
	default:
		c.False(kind, api.ReasonPending, "the switch has not begun")
	}
}

func (s *state) status(c *hooks.Conditions) api.MoveReverseStatus {
	st := api.MoveReverseStatus{
		ObservedGeneration: s.reverse.Generation,
		Conditions:         c.List(),
		Active:             s.active(),
		Step:               task.Cut(s.step(), 256),
		Stalled:            c.ReasonIfTrue(api.ConditionStalled),
	}
	st.Since = s.reverse.Status.Since
	if s.sw != nil {
		st.Since = s.sw.Status.CommittedAt
	}
	if s.pair == nil {
		return st
	}
	st.Channel, st.LastSuccessTime = s.pair.Status.Channel, s.pair.Status.LastSuccessTime
	if plan := s.pair.Status.Plan; plan != nil {
		st.PlanHash, st.Blockers = plan.Hash, plan.Blockers
		if plan.SecretName != "" {
			st.PlanRef = &api.LocalReference{Name: plan.SecretName}
		}
	}
	return st
}

// step that runs now, in a few words.
func (s *state) step() string {
	switch {
	case s.view.Finalizing:
		return "Deleting"
	case s.switched():
		return "Switched back"
	case s.problem != nil:
		return "Refused: " + s.problem.Reason
	case s.sw != nil && switches.Step(s.sw) != "":
		return switches.Step(s.sw)
	case s.pair == nil:
		return "Starting"
	}
	return switches.Waits(s.pair, s.sw)
}

// stall is that of the switch or the pair; what is later in the move comes first.
func (s *state) stall() jobs.Stall {
	switch {
	case s.problem != nil && s.problem.Reason == api.ReasonNotReady:
		return jobs.Moving() // It goes on by itself.
	case s.problem != nil:
		return jobs.Stall{Status: metav1.ConditionTrue, Reason: s.problem.Reason, Message: s.problem.Message +
			": kubectl -n " + s.reverse.Namespace + " edit movereverse " + s.reverse.Name}
	}
	return switches.Stall(s.sw, s.pair, s.switched())
}
