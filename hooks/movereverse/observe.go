package movereverse

import (
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/internal/switches"
)

// state is what is known.
type state struct {
	now     time.Time
	view    hooks.View
	config  config.Config
	reverse *api.MoveReverse
	// pair and sw are its own, as observed; nil: not there.
	pair *api.MovePair
	sw   *api.MoveSwitch
	// forward is the switch that is reversed, and way its pair; nil: not there.
	forward *api.MoveSwitch
	way     *api.MovePair
	problem *config.Problem
}

func observe(view hooks.View, c config.Config, now time.Time) (*state, error) {
	r, err := hooks.As[api.MoveReverse](view.Parent)
	if err != nil {
		return nil, err
	}
	s := &state{now: now, view: view, config: c, reverse: r}
	if s.pair, err = switches.Pair(view.Children, r.Namespace, r.Name); err != nil {
		return nil, err
	}
	if s.sw, err = switches.Named(view.Children, r.Namespace, r.Name); err != nil {
		return nil, err
	}
	if s.forward, err = switches.Named(view.Related, r.Namespace, r.Spec.SwitchRef.Name); err != nil {
		return nil, err
	}
	if s.forward != nil {
		if s.way, err = switches.Pair(view.Related, r.Namespace, s.forward.Spec.PairRef.Name); err != nil {
			return nil, err
		}
	}
	taken, err := switches.Pair(view.Related, r.Namespace, r.Name)
	if err != nil {
		return nil, err
	}
	s.problem = s.judge(taken)
	return s, nil
}
