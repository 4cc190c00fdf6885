package moveswitch

import (
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// phase is where the switch stands, in one word.
type phase string

const (
	phaseWaiting     phase = "Waiting"     // for the pair, an approval or the end of a suspension
	phaseCutover     phase = "Cutover"     // a cutover runs or is about to
	phaseHeld        phase = "Held"        // a cutover has failed and a person decides
	phaseRollingBack phase = "RollingBack" // a roll back runs or is about to
	phaseRolledBack  phase = "RolledBack"  // rolled back, or never begun and not wanted
	phaseSwitched    phase = "Switched"    // done
	phaseCleanup     phase = "Cleanup"     // deleted after the switch: removes what is left
)

// decision is what follows from the facts.
type decision struct {
	phase    phase
	children []runtime.Object
	// stepState of the step that the phase is about.
	stepState jobs.StepState
	gate      gate
	recheck   time.Duration
	// message for a switch that is being deleted.
	leaving   string
	finalized bool
}

// decide is the heart: the first rule that fits.
func (s *state) decide() (decision, error) {
	f := s.facts
	finalizing := s.view.Finalizing
	switch {
	case f.switched && finalizing:
		return s.leave(s.step(phaseCleanup, task.VerbCleanup))
	case f.switched:
		return s.stay(phaseSwitched), nil
	case f.committedAt != nil:
		// Nothing goes back from here: the cutover is tried until its last steps are done.
		return s.leaveIf(finalizing)(s.step(phaseCutover, task.VerbCutover))
	case f.rollbackRuns != nil || f.rollingBack:
		return s.leaveIf(finalizing)(s.step(phaseRollingBack, task.VerbRollback))
	case finalizing || s.unwanted():
		return s.leaveIf(finalizing)(s.goBack())
	case f.roundOver:
		return s.stay(phaseRolledBack), nil
	case f.cutoverRuns != nil:
		return s.step(phaseCutover, task.VerbCutover)
	case f.cutover != nil && f.cutover.Round == round(s.sw) && touched(f.cutover) && f.touched:
		if s.sw.Spec.OnFailure == api.FailureHold {
			return s.stay(phaseHeld), nil
		}
		return s.step(phaseRollingBack, task.VerbRollback)
	}
	return s.forward()
}

// unwanted: the operator wants the source back, or the switch never to begin.
func (s *state) unwanted() bool {
	return s.sw.Spec.Desired == api.DesiredRolledBack || s.sw.Spec.Desired == api.DesiredCancelled
}

// stay keeps the Jobs that are there and starts nothing.
func (s *state) stay(p phase) decision {
	return decision{phase: p, children: jobs.KeptChildren(s.kept(nil)), gate: s.gate()}
}

// step goes on with a step: its Job runs, is created or waits for its next attempt.
func (s *state) step(p phase, verb task.Verb) (decision, error) {
	d := s.stay(p)
	want := s.want(verb)
	if verb == task.VerbCutover && s.facts.committedAt != nil && s.facts.cutover != nil {
		// The same cutover, to its end: neither a token nor an approval changes it any more.
		want.Intent = s.facts.cutover.Intent
	}
	d.stepState = jobs.Next(s.attempts, want, s.now)
	if d.stepState.Progress != jobs.Create || s.pair == nil {
		return d, nil
	}
	job, err := s.job(want, d.stepState.Number)
	if err != nil {
		return decision{}, err
	}
	d.children = append(d.children, job)
	return d, nil
}

// goBack undoes what was done. A running cutover is dropped first: the roll back is desired
// only when it is out of sight.
func (s *state) goBack() (decision, error) {
	if s.facts.cutoverRuns != nil {
		d := s.stay(phaseRollingBack)
		d.children = jobs.KeptChildren(s.kept(func(a jobs.Attempt) bool {
			return a.Step == task.VerbCutover && a.State == jobs.Running
		}))
		d.stepState.Current = s.facts.cutoverRuns
		d.stepState.Progress = jobs.Run
		return d, nil
	}
	if s.facts.touched {
		return s.step(phaseRollingBack, task.VerbRollback)
	}
	return s.stay(phaseRolledBack), nil
}

// forward begins a cutover once the gate is open.
func (s *state) forward() (decision, error) {
	// A cutover whose Job is gone goes on, whatever has changed since it began.
	resume := s.facts.touched && s.facts.cutover == nil && s.sw.Status.ObservedRetry == s.sw.Spec.Retry
	if !s.gate().open && !resume {
		d := s.stay(phaseWaiting)
		d.stepState = jobs.Next(s.attempts, s.want(task.VerbCutover), s.now)
		return d, nil
	}
	return s.step(phaseCutover, task.VerbCutover)
}
