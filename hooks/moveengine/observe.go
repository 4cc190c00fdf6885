// Package moveengine decides what a MoveEngine needs: a MovePair for each target and the
// MoveSwitch of the target to switch to.
package moveengine

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/internal/check"
	"github.com/kubemove/kubemove/hooks/internal/switches"
)

// New is the hook of MoveEngine.
func New(c config.Config) hooks.Hook {
	return hooks.Hook{
		Sync: func(view hooks.View, now time.Time) (hooks.Desired, error) {
			s, err := observe(view, c, now)
			if err != nil {
				return hooks.Desired{}, err
			}
			if view.Finalizing {
				return s.finalize(), nil
			}
			return s.sync(), nil
		},
	}
}

// state is what is known.
type state struct {
	now      time.Time
	view     hooks.View
	engine   *api.MoveEngine
	pairs    []*api.MovePair
	switches []*api.MoveSwitch
	problem  *config.Problem
	// target to switch to; empty when that is not clear.
	target string
	// pair and sw of that target, as observed; nil: not there.
	pair *api.MovePair
	sw   *api.MoveSwitch
}

func observe(view hooks.View, c config.Config, now time.Time) (*state, error) {
	e, err := hooks.As[api.MoveEngine](view.Parent)
	if err != nil {
		return nil, err
	}
	pairs, err := hooks.List[api.MovePair](view.Children, hooks.KindMovePair)
	if err != nil {
		return nil, err
	}
	list, err := hooks.List[api.MoveSwitch](view.Children, hooks.KindMoveSwitch)
	if err != nil {
		return nil, err
	}
	s := &state{now: now, view: view, engine: e, pairs: pairs, switches: list, problem: problem(e, c)}
	s.target = target(e.Spec)
	s.sw = s.theSwitch()
	name := s.switchName()
	if s.sw != nil {
		// A switch that has begun decides which pair counts, whatever the spec says now.
		name = s.sw.Spec.PairRef.Name
	}
	for _, p := range pairs {
		if p.Name == name {
			s.pair = p
		}
	}
	return s, nil
}

// target to switch to.
func target(spec api.MoveEngineSpec) string {
	if spec.Switch != nil && spec.Switch.Target != "" {
		return spec.Switch.Target
	}
	if len(spec.Targets) == 1 {
		return spec.Targets[0].Name
	}
	return ""
}

// problem with what the user wrote, or nil.
func problem(e *api.MoveEngine, c config.Config) *config.Problem {
	if p := check.Workloads(e.Spec.Application); p != nil {
		return p
	}
	for _, t := range e.Spec.Targets {
		if p := check.Move(e.Spec.Source, t, e.Spec.Data, c); p != nil {
			return p
		}
	}
	if p := check.Targets(e.Spec.Targets); p != nil {
		return p
	}
	name := target(e.Spec)
	if !slices.ContainsFunc(e.Spec.Targets, func(t api.Target) bool { return t.Name == name }) {
		return &config.Problem{Reason: api.ReasonInvalidSpec,
			Message: "switch.target does not name one of the targets: set it to the target to switch to"}
	}
	return nil
}

// theSwitch that counts: one that has begun, else the one of the present target.
func (s *state) theSwitch() *api.MoveSwitch {
	for _, m := range s.switches {
		if switches.Begun(m) {
			return m
		}
	}
	for _, m := range s.switches {
		if m.Name == s.switchName() {
			return m
		}
	}
	return nil
}

// switched says whether the move is done. It stays so, though the switch is gone.
func (s *state) switched() bool {
	if s.sw != nil && meta.IsStatusConditionTrue(s.sw.Status.Conditions, api.ConditionSwitched) {
		return true
	}
	return meta.IsStatusConditionTrue(s.engine.Status.Conditions, api.ConditionSwitched)
}
