package datasync

import (
	"cmp"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/internal/check"
	"github.com/kubemove/kubemove/hooks/internal/switches"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// state is what is known, and what follows from it.
type state struct {
	config   config.Config
	now      time.Time
	view     hooks.View
	dataSync *api.DataSync
	pair     *api.MovePair
	switches switches.Summary
	attempts []jobs.Attempt

	problem *config.Problem
	// answered: the request has had its run.
	answered bool
	// wanted is the run that is wanted now, or next; nil: none. ask and outlook are its own.
	wanted  *wanted
	ask     jobs.Ask
	outlook jobs.Outlook
}

func observe(view hooks.View, c config.Config, now time.Time) (*state, error) {
	d, err := hooks.As[api.DataSync](view.Parent)
	if err != nil {
		return nil, err
	}
	attempts, err := jobs.Decode(view.Children)
	if err != nil {
		return nil, err
	}
	pair, err := switches.Pair(view.Related, d.Namespace, d.Spec.PairRef.Name)
	if err != nil {
		return nil, err
	}
	related, err := switches.Of(view.Related, d.Namespace, d.Spec.PairRef.Name)
	if err != nil {
		return nil, err
	}
	s := &state{config: c, now: now, view: view, dataSync: d, pair: pair, switches: related, attempts: attempts}
	s.problem = cmp.Or(c.Check([]api.Mobilizer{{Name: d.Spec.Mobilizer, Parameters: d.Spec.Parameters}}), check.Sync(d.Spec.Sync))
	s.answered = s.isAnswered()
	if s.problem == nil {
		s.wanted = s.want()
	}
	if s.wanted != nil {
		s.ask = jobs.Ask{Step: task.VerbSync, Intent: s.wanted.intent}
		s.outlook = jobs.Next(attempts, s.ask, now)
	}
	return s, nil
}
