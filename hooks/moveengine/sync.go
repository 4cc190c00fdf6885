// Package moveengine decides what a MoveEngine needs: a MovePair for each target and the
// MoveSwitch of the target to switch to.
package moveengine

import (
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/jobs"
)

// New is the hook of MoveEngine.
func New(c config.Config) hooks.Hook {
	return hooks.Hook{
		Related: hooks.AllReverses,
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
	stall := jobs.Worse(s.stall(), jobs.CheckMissing(children, s.view.Children, s.engine.Namespace,
		c.Previous(api.ConditionStalled), s.now))
	stall.Set(c)
	return hooks.Desired{Children: children, Status: s.status(c), ResyncAfter: hooks.Sooner(stall.Recheck, s.looks())}
}
