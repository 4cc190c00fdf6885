package moveengine

import (
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
)

// state is what is known.
type state struct {
	now      time.Time
	view     hooks.View
	engine   *api.MoveEngine
	pairs    []*api.MovePair
	switches []*api.MoveSwitch
	// reverses are the ways back of the namespace.
	reverses []*api.MoveReverse
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
	reverses, err := hooks.List[api.MoveReverse](view.Related, hooks.KindMoveReverse)
	if err != nil {
		return nil, err
	}
	s := &state{now: now, view: view, engine: e, pairs: pairs, switches: list, reverses: reverses, problem: problem(e, c)}
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
