package moveengine

import (
	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/switches"
	"github.com/kubemove/kubemove/task"
)

func (s *state) status(c *hooks.Conditions) api.MoveEngineStatus {
	st := api.MoveEngineStatus{
		ObservedGeneration: s.engine.Generation,
		Conditions:         c.List(),
		Active:             s.active(),
		Targets:            s.targets(),
		Step:               task.Cut(s.step(), 256),
		Stalled:            c.ReasonIfTrue(api.ConditionStalled),
	}
	if s.pair != nil {
		st.PredictedDowntimeSeconds = s.pair.Status.PredictedDowntimeSeconds
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
	if a.Side != api.ActiveTarget {
		return a
	}
	a.Since = s.sw.Status.CommittedAt
	if w := s.last(); w != nil {
		a.Side, a.Since = w.side, w.since
	} else if old := s.remembered(); old != nil {
		return old
	}
	if a.Side == api.ActiveTarget {
		a.Target = s.targetOf(s.sw.Spec.PairRef.Name)
	}
	return a
}

// switchedTo says where the application is after the switch.
func (s *state) switchedTo() string {
	target := s.targetOf(s.switchPair())
	switch {
	case s.leaves():
		return "the application was at target " + target + ", and a MoveReverse takes it away"
	case s.isBack():
		return "the application was at target " + target + ", and is back at the source"
	}
	return "the application runs at target " + s.activeTarget()
}

// isBack: a way back has led the application to the source; leaves: one is about to lead it somewhere.
func (s *state) isBack() bool {
	a := s.active()
	return a.Side == api.ActiveSource && a.Since != nil
}

func (s *state) leaves() bool {
	w := s.last()
	return w != nil && w.side == api.ActiveNone
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
			st.LastSuccessTime, st.PredictedDowntimeSeconds = p.Status.LastSuccessTime, p.Status.PredictedDowntimeSeconds
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
		switch {
		case s.leaves():
			return "A MoveReverse cuts over"
		case s.isBack():
			return "Back at the source"
		}
		return "Switched to " + s.activeTarget()
	case s.problem != nil:
		return "Refused: " + s.problem.Reason
	}
	if s.sw != nil {
		if text := switches.Step(s.sw); text != "" {
			return text
		}
	}
	if s.pair == nil {
		return "Starting"
	}
	return switches.Waits(s.pair, s.sw)
}
