package datasync

import (
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/internal/switches"
	"github.com/kubemove/kubemove/hooks/jobs"
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
	// wanted is the run that is wanted now, or next; nil: none. wantStep and stepState are its own.
	wanted    *wanted
	wantStep  jobs.Want
	stepState jobs.StepState
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
	s.decide()
	return s, nil
}
