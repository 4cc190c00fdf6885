package datasync

import (
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/jobs"
)

// finalize ends the runs; what they made in the clusters is the pair's to clean up.
func (s *state) finalize() hooks.Desired {
	status, _ := s.status(nil)
	if len(s.attempts) > 0 {
		deadline := jobs.GiveUpDeadline(s.dataSync, nil, s.now)
		return hooks.Desired{Status: status, Finalized: deadline.Over, ResyncAfter: hooks.Until(deadline.Until, s.now)}
	}
	return hooks.Desired{Status: status, Finalized: true}
}
