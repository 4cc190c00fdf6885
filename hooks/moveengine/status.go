package moveengine

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
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

func (s *state) activeTarget() string {
	if a := s.active(); a.Target != "" {
		return a.Target
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
			st.LastSuccessTime = p.Status.LastSuccessTime
			if p.Status.Plan != nil {
				st.PlanHash = p.Status.Plan.Hash
			}
		}
		list = append(list, st)
	}
	return list
}

// step that runs now, in a few words.
func (s *state) step() string {
	switch {
	case s.view.Finalizing:
		return "Deleting"
	case s.switched():
		return "Switched to " + s.activeTarget()
	case s.problem != nil:
		return "Refused: " + s.problem.Reason
	}
	if s.sw != nil {
		if text := switchStep(s.sw); text != "" {
			return text
		}
	}
	if s.pair == nil {
		return "Starting"
	}
	return s.pairStep()
}

// switchStep is what a switch does that has begun, or has ended without a switch.
func switchStep(m *api.MoveSwitch) string {
	x := switchCondition(m)
	if x == nil {
		return ""
	}
	verb := map[string]string{
		api.ReasonRunning:     "Cutover",
		api.ReasonRollingBack: "Rolling back",
		api.ReasonHeld:        "Held",
	}[x.Reason]
	switch {
	case x.Reason == api.ReasonRolledBack:
		return "Rolled back"
	case x.Reason == api.ReasonCancelled:
		return "Cancelled"
	case verb == "":
		return ""
	}
	for i := len(m.Status.Steps) - 1; i >= 0; i-- {
		if step := m.Status.Steps[i]; step.State != "Done" {
			return verb + ": " + step.Name
		}
	}
	return verb
}

func (s *state) pairStep() string {
	ready := meta.FindStatusCondition(s.pair.Status.Conditions, api.ConditionReady)
	if ready == nil {
		return "Planning"
	}
	if ready.Status != "True" {
		return s.notReady(ready.Reason)
	}
	if s.sw == nil {
		return "Ready"
	}
	if x := switchCondition(s.sw); x != nil {
		switch x.Reason {
		case api.ReasonWaiting, api.ReasonPlanChanged:
			return "Waiting for the approval of plan " + s.sw.Status.PlanHash
		case api.ReasonSuspended:
			return "Suspended"
		case api.ReasonSyncing:
			return "First copy"
		case api.ReasonScheduled:
			return "Waiting for " + s.sw.Spec.At
		case api.ReasonDeclined:
			return "Cutover declined"
		}
	}
	return "Ready"
}

// notReady is what a pair does that is not ready for this reason.
func (s *state) notReady(reason string) string {
	plan := s.plan()
	switch {
	case reason == api.ReasonBlocked && plan != nil:
		return fmt.Sprintf("Blocked: %d blockers", len(plan.Blockers))
	case reason == api.ReasonOpening:
		return "Opening the channel"
	case reason == api.ReasonSuspended:
		return "Suspended"
	case reason == api.ReasonPlanning:
		return "Planning"
	}
	return "Planning: " + reason
}
