package moveengine

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/check"
	"github.com/kubemove/kubemove/hooks/internal/switches"
	"github.com/kubemove/kubemove/hooks/jobs"
)

func (s *state) conditions() *hooks.Conditions {
	c := hooks.NewConditions(s.engine.Status.Conditions, s.engine.Generation, s.now)
	s.accepted(c)
	s.copyPair(c, api.ConditionPlanned, api.ReasonPlanning)
	s.copyPair(c, api.ConditionReady, api.ReasonPending)
	s.switchedCondition(c)
	return c
}

// refused are the reasons of blockers that concern what the user asked for as a whole.
var refused = []string{
	api.ReasonTargetIsActive, api.ReasonNothingSelected, api.ReasonUnknownMobilizer, api.ReasonInvalidSpec,
	api.ReasonWorkloadNotFound,
}

func (s *state) accepted(c *hooks.Conditions) {
	if plan := s.plan(); s.problem == nil && plan != nil && !s.switched() {
		for _, b := range plan.Blockers {
			if slices.Contains(refused, b.Reason) {
				c.False(api.ConditionAccepted, b.Reason, b.Message)
				return
			}
		}
	}
	check.Accepted(c, s.problem)
}

// copyPair shows a condition of the pair to switch to.
func (s *state) copyPair(c *hooks.Conditions, kind, pending string) {
	if s.pair != nil {
		if x := meta.FindStatusCondition(s.pair.Status.Conditions, kind); x != nil {
			c.Set(kind, x.Status, x.Reason, x.Message)
			return
		}
	}
	if s.switched() && c.WasTrue(kind) {
		old := c.Previous(kind)
		c.True(kind, old.Reason, old.Message)
		return
	}
	c.Unknown(kind, pending, "the pair says nothing yet")
}

func (s *state) switchedCondition(c *hooks.Conditions) {
	const kind = api.ConditionSwitched
	switch {
	case s.switched():
		c.True(kind, api.ReasonSucceeded, s.switchedTo())
	case s.sw != nil && switches.Condition(s.sw) != nil:
		x := switches.Condition(s.sw)
		c.False(kind, x.Reason, x.Message)
	default:
		c.False(kind, api.ReasonPending, "the switch has not begun")
	}
}

// stall of the engine is that of its switch or pair; the one that is later in the move first.
func (s *state) stall() jobs.Stall {
	if s.problem != nil {
		return jobs.Stall{Status: metav1.ConditionTrue, Reason: s.problem.Reason, Message: s.problem.Message + ": " +
			fmt.Sprintf("kubectl -n %s edit moveengine %s", s.engine.Namespace, s.engine.Name)}
	}
	return switches.Stall(s.sw, s.pair, s.switched())
}
