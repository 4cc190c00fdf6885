package datasync

import (
	"cmp"
	"fmt"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/internal/check"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// decide works out which run is wanted, and where it stands.
func (s *state) decide() {
	d := s.dataSync
	s.problem = cmp.Or(check.SyncName(d), s.config.Check([]api.Mobilizer{{Name: d.Spec.Mobilizer, Parameters: d.Spec.Parameters}}),
		check.Sync(d.Spec.Sync))
	s.answered = s.isAnswered()
	if s.wanted = s.want(); s.wanted != nil {
		s.wantStep = jobs.Want{Step: task.VerbSync, Intent: s.wanted.intent}
		s.stepState = jobs.Next(s.attempts, s.wantStep, s.now)
	}
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

// waits: a run is wanted now, and nothing keeps it from being made.
func (s *state) waits() bool {
	reason, _ := s.hindrance()
	return s.wanted != nil && reason == "" && !s.now.Before(s.wanted.at)
}
