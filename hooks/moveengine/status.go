package moveengine

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/jobs"
)

func (s *state) status(c *hooks.Conditions) api.MoveEngineStatus {
	st := api.MoveEngineStatus{
		ObservedGeneration: s.engine.Generation,
		Conditions:         c.List(),
		Active:             s.active(),
		Targets:            s.targets(),
		Step:               hooks.Cut(s.step(), 256),
		Stalled:            c.ReasonIfTrue(api.ConditionStalled),
	}
	if plan := s.plan(); plan != nil {
		st.Blockers = plan.Blockers
		if plan.SecretName != "" {
			st.PlanRef = &api.LocalReference{Name: plan.SecretName}
		}
	}
	return st
}

// plan of the pair to switch to.
func (s *state) plan() *api.PlanStatus {
	if s.pair == nil {
		return nil
	}
	return s.pair.Status.Plan
}

// active side: what the switch says, else what it was, else the source.
func (s *state) active() *api.EngineActive {
	if s.sw == nil {
		if s.engine.Status.Active != nil {
			return s.engine.Status.Active
		}
		return &api.EngineActive{Side: api.ActiveSource}
	}
	a := &api.EngineActive{Side: s.sw.Status.Active}
	if a.Side == "" {
		a.Side = api.ActiveSource
	}
	if a.Side == api.ActiveTarget {
		a.Target = s.targetOf(s.sw.Spec.PairRef.Name)
		a.Since = s.sw.Status.CommittedAt
	}
	return a
}

// targetOf is the name of the target that a pair belongs to.
func (s *state) targetOf(pair string) string {
	for _, p := range s.pairs {
		if p.Name == pair {
			return p.Spec.Target.Name
		}
	}
	if old := s.engine.Status.Active; old != nil && old.Target != "" {
		return old.Target
	}
	return s.target
}

func (s *state) targets() []api.EngineTargetStatus {
	list := make([]api.EngineTargetStatus, 0, len(s.engine.Spec.Targets))
	for _, t := range s.engine.Spec.Targets {
		st := api.EngineTargetStatus{Name: t.Name, Pair: s.childName(t.Name), Channel: api.ChannelInit}
		for _, p := range s.pairs {
			if p.Name != st.Pair {
				continue
			}
			if p.Status.Channel != "" {
				st.Channel = p.Status.Channel
			}
			if p.Status.Plan != nil {
				st.PlanHash = p.Status.Plan.Hash
			}
		}
		list = append(list, st)
	}
	return list
}

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
	const kind = api.ConditionAccepted
	if s.problem != nil {
		c.False(kind, s.problem.Reason, s.problem.Message)
		return
	}
	if plan := s.plan(); plan != nil && !s.switched() {
		for _, b := range plan.Blockers {
			if slices.Contains(refused, b.Reason) {
				c.False(kind, b.Reason, b.Message)
				return
			}
		}
	}
	c.True(kind, api.ReasonAccepted, "the spec can be worked on")
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
		c.True(kind, api.ReasonSucceeded, "the application runs at target "+s.activeTarget())
	case s.sw != nil && switchCondition(s.sw) != nil:
		x := switchCondition(s.sw)
		c.False(kind, x.Reason, x.Message)
	default:
		c.False(kind, api.ReasonPending, "the switch has not begun")
	}
}

func (s *state) activeTarget() string {
	if a := s.active(); a.Target != "" {
		return a.Target
	}
	return s.target
}

func switchCondition(m *api.MoveSwitch) *metav1.Condition {
	return meta.FindStatusCondition(m.Status.Conditions, api.ConditionSwitched)
}

// stall of the engine is that of its switch or pair; whoever is later in the move first.
func (s *state) stall() jobs.Stall {
	if s.problem != nil {
		return jobs.Stall{Status: metav1.ConditionTrue, Reason: s.problem.Reason, Message: s.problem.Message + ": " +
			fmt.Sprintf("kubectl -n %s edit moveengine %s", s.engine.Namespace, s.engine.Name)}
	}
	if child := s.stalledChild(); child != nil {
		return *child
	}
	return jobs.Moving()
}

func (s *state) stalledChild() *jobs.Stall {
	var lists [][]metav1.Condition
	if s.sw != nil {
		lists = append(lists, s.sw.Status.Conditions)
	}
	if s.pair != nil && !s.switched() {
		lists = append(lists, s.pair.Status.Conditions)
	}
	for _, l := range lists {
		if x := meta.FindStatusCondition(l, api.ConditionStalled); x != nil && x.Status == metav1.ConditionTrue {
			return &jobs.Stall{Status: x.Status, Reason: x.Reason, Message: x.Message}
		}
	}
	return nil
}
