// Package movepair decides what a MovePair needs: its accounts, the Jobs that plan and open the
// channel, and a DataSync per mobilizer.
package movepair

import (
	"slices"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/jobs"
)

// New is the hook of MovePair.
func New(c config.Config) hooks.Hook {
	return hooks.Hook{
		Related: func(name string) []hooks.Rule { return hooks.MoveSwitches(name) },
		Sync: func(view hooks.View, now time.Time) (hooks.Desired, error) {
			s, err := observe(view, c, now)
			if err != nil {
				return hooks.Desired{}, err
			}
			if view.Finalizing {
				return s.finalize()
			}
			return s.sync()
		},
	}
}

// sync desires the accounts, the Jobs and the DataSyncs.
func (s *state) sync() (hooks.Desired, error) {
	children := s.accounts()
	children = append(children, jobs.KeptChildren(s.keptJobs())...)
	if next := s.next(); next != nil {
		job, err := s.job(next, s.account(next.want.Step))
		if problem := jobs.TooLarge(err); problem != nil {
			s.problem = problem
		} else if err != nil {
			return hooks.Desired{}, err
		} else {
			children = append(children, job)
		}
	}
	var names []string
	s.there = true
	for _, d := range s.dataSyncs() {
		names = append(names, d.Name)
		children = append(children, d)
		s.there = s.there && slices.ContainsFunc(s.syncs, func(o *api.DataSync) bool { return o.Name == d.Name })
	}
	status, recheck := s.status(names, children)
	recheck = hooks.Sooner(hooks.Sooner(recheck, s.renewal()), s.nextLook())
	if s.switches.Busy != nil {
		recheck = hooks.Sooner(recheck, hooks.RelatedRecheck)
	}
	return hooks.Desired{Children: children, Status: status, ResyncAfter: recheck}, nil
}
