// Package datasync decides what a DataSync needs: a Job for each run, asked for or due, and the
// granular state of the copies, be they made by that Job or by the final run of a switch.
package datasync

import (
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/jobs"
)

// New is the hook of DataSync.
func New(c config.Config) hooks.Hook {
	return hooks.Hook{
		Related: func(name string) []hooks.Rule {
			pairs := hooks.PairNames(name)
			return append(hooks.MovePairs(pairs...), hooks.MoveSwitches(pairs...)...)
		},
		Sync: func(view hooks.View, now time.Time) (hooks.Desired, error) {
			s, err := observe(view, c, now)
			if err != nil {
				return hooks.Desired{}, err
			}
			if view.Finalizing {
				return s.finalize(), nil
			}
			return s.sync()
		},
	}
}

func (s *state) sync() (hooks.Desired, error) {
	children := jobs.KeptChildren(jobs.Keep(s.attempts, nil))
	if s.waits() && s.stepState.Progress == jobs.Create {
		job, err := s.job()
		if problem := jobs.TooLarge(err); problem != nil {
			s.problem = problem
		} else if err != nil {
			return hooks.Desired{}, err
		} else {
			children = append(children, job)
		}
	}
	status, recheck := s.status(children)
	reason, _ := s.hindrance()
	switch {
	case s.switches.Busy != nil || reason == api.ReasonNotReady && s.wanted != nil:
		recheck = hooks.Sooner(recheck, hooks.RelatedRecheck)
	case reason == "" && s.wanted != nil && s.stepState.Current == nil && s.now.Before(s.wanted.at):
		recheck = hooks.Sooner(recheck, hooks.Until(s.wanted.at, s.now))
	}
	return hooks.Desired{Children: children, Status: status, ResyncAfter: recheck}, nil
}
