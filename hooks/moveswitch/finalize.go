package moveswitch

import (
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/jobs"
)

// leaveIf adds the rules of deletion when the switch is being deleted.
func (s *state) leaveIf(finalizing bool) func(decision, error) (decision, error) {
	if finalizing {
		return s.leave
	}
	return func(d decision, err error) (decision, error) { return d, err }
}

// leave lets a switch go when everything is rolled back or cleaned up, or when that cannot be.
func (s *state) leave(d decision, err error) (decision, error) {
	if err != nil {
		return d, err
	}
	deadline := jobs.GiveUpDeadline(s.sw, d.stepState.Current, s.now)
	switch {
	case d.phase == phaseRolledBack || d.phase == phaseCleanup && d.stepState.Progress == jobs.Done:
		d.finalized, d.leaving = true, "cleaned up"
	case d.phase == phaseCleanup && s.pair == nil && s.deletedFor(orphanWait):
		// Without the pair the clusters are not known any more.
		d.finalized, d.leaving = true, s.left()
	case deadline.Over:
		d.finalized, d.leaving = true, s.left()
	default:
		d.leaving = "given up at " + deadline.Until.UTC().Format("15:04:05") + " UTC; then " + s.left()
		d.recheck = hooks.Until(deadline.Until, s.now)
	}
	return d, nil
}

// orphanWait is how long a switch that is done waits for a pair that is out of sight.
const orphanWait = time.Minute

func (s *state) deletedFor(d time.Duration) bool {
	at := s.sw.DeletionTimestamp
	return at != nil && !s.now.Before(at.Add(d))
}

// left says what a clean-up that was given up leaves behind.
func (s *state) left() string {
	holder := " of switch " + string(s.sw.UID)
	if s.facts.committedAt != nil || s.facts.switched {
		return "the lock " + api.LockName + " and the record" + holder +
			" may be left in the namespaces of source and target; the application stays at the target"
	}
	return "the source may be stopped, and the lock " + api.LockName + " and the record" + holder +
		" may be left in the namespaces of source and target: scale the source's workloads up by hand, as their annotation " +
		api.LedgerAnnotation + " says"
}
