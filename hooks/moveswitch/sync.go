// Package moveswitch decides what a MoveSwitch needs: the Job that cuts over, the Job that
// rolls back, and the clean-up at its end.
package moveswitch

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
)

// New is the hook of MoveSwitch.
func New(c config.Config) hooks.Hook {
	return hooks.Hook{
		Related: func(name string) []hooks.Rule { return hooks.MovePairs(name) },
		Sync: func(view hooks.View, now time.Time) (hooks.Desired, error) {
			s, err := observe(view, c, now)
			if err != nil {
				return hooks.Desired{}, err
			}
			return s.sync()
		},
	}
}

// sync decides what is next and says so.
func (s *state) sync() (hooks.Desired, error) {
	d, err := s.decide()
	if err != nil {
		return hooks.Desired{}, err
	}
	status, recheck := s.status(d)
	return hooks.Desired{
		Children:    d.children,
		Status:      status,
		ResyncAfter: hooks.Sooner(hooks.Sooner(recheck, d.recheck), s.awaits(d)),
		Finalized:   d.finalized,
	}, nil
}

// awaits is when to look again, while the switch waits for its pair or its time.
func (s *state) awaits(d decision) time.Duration {
	switch {
	case d.phase != phaseWaiting:
		return 0
	case d.gate.reason == api.ReasonScheduled:
		return hooks.Until(s.begins(), s.now)
	case d.gate.reason == api.ReasonSyncing, waitsForDowntime(d):
		return s.patiently(hooks.RelatedRecheckLong)
	case d.gate.reason != api.ReasonNotReady:
		return 0
	case s.firstBlocker() != nil:
		return s.patiently(hooks.RelatedRecheckLong)
	}
	return s.patiently(hooks.RelatedRecheck)
}

// patiently looks again ever later, as long as nothing changes at the pair.
func (s *state) patiently(first time.Duration) time.Duration {
	since := s.sw.CreationTimestamp
	later := func(at metav1.Time) {
		if since.Before(&at) {
			since = at
		}
	}
	conditions := s.sw.Status.Conditions
	if s.pair != nil {
		later(s.pair.CreationTimestamp)
		conditions = append(slices.Clone(conditions), s.pair.Status.Conditions...)
	}
	for _, c := range conditions {
		later(c.LastTransitionTime)
	}
	return hooks.Patiently(first, since.Time, s.now)
}
