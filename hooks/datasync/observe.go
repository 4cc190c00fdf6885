// Package datasync decides what a DataSync needs: a Job for each requested run, and the
// granular state of the copies, be they made by that Job or by the final run of a switch.
package datasync

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/internal/switches"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// New is the hook of DataSync.
func New(c config.Config) hooks.Hook {
	return hooks.Hook{
		Related: []hooks.Rule{hooks.RuleMovePairs, hooks.RuleMoveSwitches},
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

// retired: the application belongs to the target, so these volumes are never copied again.
func (s *state) retired() bool {
	if s.switches.Committed != nil {
		return true
	}
	for _, c := range s.dataSync.Status.Conditions {
		if c.Type == api.ConditionRetired && c.Status == "True" {
			// Retired for good, though the switch is out of sight.
			return true
		}
	}
	return false
}

// hindrance says why no run is started now, or nothing.
func (s *state) hindrance() (reason, message string) {
	switch {
	case s.problem != nil:
		return s.problem.Reason, s.problem.Message
	case s.retired():
		return api.ReasonRetired, "a switch is committed: no run is started any more"
	case s.dataSync.Spec.Suspend:
		return api.ReasonSuspended, "spec.suspend is set"
	case s.switches.Busy != nil:
		return api.ReasonLocked, fmt.Sprintf("MoveSwitch %s has begun: it makes the final run", s.switches.Busy.Name)
	case s.pair == nil:
		return api.ReasonNotReady, fmt.Sprintf("MovePair %s is not there", s.dataSync.Spec.PairRef.Name)
	case s.pair.DeletionTimestamp != nil:
		return api.ReasonNotReady, fmt.Sprintf("MovePair %s is being deleted", s.pair.Name)
	}
	return "", ""
}

func (s *state) sync() (hooks.Desired, error) {
	children := jobs.KeptChildren(jobs.Keep(s.attempts, nil))
	reason, _ := s.hindrance()
	if reason == "" && !s.answered && s.outlook.Progress == jobs.Create {
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
	if s.switches.Busy != nil || reason == api.ReasonNotReady && !s.answered {
		recheck = hooks.Sooner(recheck, hooks.RelatedRecheck)
	}
	return hooks.Desired{Children: children, Status: status, ResyncAfter: recheck}, nil
}

// finalize ends the runs; what they made in the clusters is the pair's to clean up.
func (s *state) finalize() hooks.Desired {
	status, _ := s.status(nil)
	if len(s.attempts) > 0 {
		patience := jobs.HavePatience(s.dataSync, nil, s.now)
		return hooks.Desired{Status: status, Finalized: patience.Over, ResyncAfter: hooks.Until(patience.Until, s.now)}
	}
	return hooks.Desired{Status: status, Finalized: true}
}

// credentials that the pair names for the mobilizer; nil: none.
func (s *state) credentials() *api.LocalReference {
	for _, m := range s.pair.Spec.Data.Mobilizers {
		if m.Name == s.dataSync.Spec.Mobilizer {
			return m.CredentialsSecretRef
		}
	}
	return nil
}

// job of the requested run.
func (s *state) job() (runtime.Object, error) {
	spec := s.dataSync.Spec
	t := jobs.Task(s.pair, task.VerbSync, s.config)
	all := t.Move.Mobilizers
	t.Run.Trigger = api.TriggerRequest
	t.Parameters = spec.Parameters
	for _, v := range spec.Volumes {
		t.Volumes = append(t.Volumes, task.Volume{Name: v.Name, Target: v.Target})
	}
	t.Move.Mobilizers = s.config.Task([]api.Mobilizer{{Name: spec.Mobilizer, Parameters: spec.Parameters,
		CredentialsSecretRef: s.credentials()}})
	build := jobs.Spec{
		Subject:     jobs.OfPair(jobs.PrefixSync, s.dataSync, s.pair),
		Intent:      s.ask.Intent,
		Attempt:     s.outlook.Number,
		Task:        t,
		Credentials: all,
		Account:     jobs.DataAccount(s.pair.Name),
		Config:      s.config,
	}
	if m := s.config.Mobilizers[spec.Mobilizer]; m.Spec.Type == config.Driver {
		build.Driver = &m
		build.Task.Move = nil
	}
	return jobs.Build(build)
}
