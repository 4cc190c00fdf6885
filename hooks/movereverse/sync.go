// Package movereverse decides what a MoveReverse needs: a MovePair that leads back from where a switch has led, and its
// MoveSwitch.
package movereverse

import (
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/jobs"
)

// New is the hook of MoveReverse.
func New(c config.Config) hooks.Hook {
	return hooks.Hook{
		Related: hooks.AllMoves,
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

func (s *state) sync() hooks.Desired {
	children := s.children()
	c := s.conditions()
	stall := jobs.Worse(s.stall(), jobs.CheckMissing(children, s.view.Children, s.reverse.Namespace,
		c.Previous(api.ConditionStalled), s.now))
	stall.Set(c)
	recheck := stall.Recheck
	if s.problem != nil && s.pair == nil {
		recheck = hooks.Sooner(recheck, hooks.RelatedRecheck) // The switch may come, or end.
	}
	return hooks.Desired{Children: children, Status: s.status(c), ResyncAfter: recheck}
}
