package movepair

import (
	"cmp"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/internal/check"
	"github.com/kubemove/kubemove/hooks/internal/switches"
	"github.com/kubemove/kubemove/hooks/jobs"
)

// state is what is known, and what follows from it.
type state struct {
	config   config.Config
	now      time.Time
	view     hooks.View
	pair     *api.MovePair
	attempts []jobs.Attempt
	syncs    []*api.DataSync
	switches switches.Summary

	problem *config.Problem
	// unlabelled: its switch and its DataSyncs do not see the pair. What is known of it stays, and nothing new begins.
	unlabelled *config.Problem
	plan       step
	open       step
	watch      step
	// newest plan that is known, of whatever intent.
	newest *api.PlanStatus
	// there: every DataSync that is desired is observed.
	there bool
}

// step is where a step stands.
type step struct {
	want      jobs.Want
	stepState jobs.StepState
	done      bool
}

func observe(view hooks.View, c config.Config, now time.Time) (*state, error) {
	p, err := hooks.As[api.MovePair](view.Parent)
	if err != nil {
		return nil, err
	}
	attempts, err := jobs.Decode(view.Children)
	if err != nil {
		return nil, err
	}
	syncs, err := hooks.List[api.DataSync](view.Children, hooks.KindDataSync)
	if err != nil {
		return nil, err
	}
	related, err := switches.Of(view.Related, p.Namespace, p.Name)
	if err != nil {
		return nil, err
	}
	s := &state{
		config: c, now: now, view: view, pair: p, attempts: attempts, syncs: syncs,
		switches: related,
		problem:  cmp.Or(check.Move(p.Spec.Source, p.Spec.Target, p.Spec.Data, c), check.Sync(p.Spec.Sync)),

		unlabelled: check.PairLabel(p, "movepair", p.Name),
	}
	s.decide()
	return s, nil
}
