package datasync

import (
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
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
	ask     jobs.Ask
	outlook jobs.Outlook
	// answered: the request has had its run.
	answered bool
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
	s.problem = c.Check([]api.Mobilizer{{Name: d.Spec.Mobilizer, Parameters: d.Spec.Parameters}})
	s.ask = jobs.Ask{Step: task.VerbSync, Intent: jobs.Intent(string(d.UID), "sync", d.Spec.Request)}
	s.outlook = jobs.Next(attempts, s.ask, now)
	last := d.Status.LastRun
	// A request that was answered stays answered, though its Job is gone.
	s.answered = d.Spec.Request == "" || s.outlook.Progress == jobs.Done ||
		s.outlook.Last == nil && last != nil && last.Request == d.Spec.Request && last.Outcome == string(task.OutcomeSucceeded)
	return s, nil
}
