package moveswitch

import (
	"cmp"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/internal/check"
	"github.com/kubemove/kubemove/hooks/internal/switches"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// state is what is known.
type state struct {
	config   config.Config
	now      time.Time
	view     hooks.View
	sw       *api.MoveSwitch
	pair     *api.MovePair
	attempts []jobs.Attempt
	facts    facts
	problem  *config.Problem
}

func observe(view hooks.View, c config.Config, now time.Time) (*state, error) {
	m, err := hooks.As[api.MoveSwitch](view.Parent)
	if err != nil {
		return nil, err
	}
	attempts, err := jobs.Decode(view.Children)
	if err != nil {
		return nil, err
	}
	pair, err := switches.Pair(view.Related, m.Namespace, m.Spec.PairRef.Name)
	if err != nil {
		return nil, err
	}
	s := &state{config: c, now: now, view: view, sw: m, pair: pair, attempts: attempts}
	s.facts = s.gather()
	s.problem = cmp.Or(check.SwitchName(m), check.PairLabel(m, "moveswitch", m.Spec.PairRef.Name))
	if owner := metav1.GetControllerOf(m); s.problem == nil &&
		(owner == nil || owner.Kind != hooks.KindMoveEngine.Kind && owner.Kind != hooks.KindMoveReverse.Kind) {
		// Of a switch that an engine or a way back has made that one looks at the time.
		s.problem = check.SwitchTime(m.Spec.At, m.CreationTimestamp)
	}
	return s, nil
}

// facts are what has happened, from the Jobs and from the previous status. None of them is
// ever taken back because a Job is out of sight.
type facts struct {
	// committedAt: the point of no return was passed.
	committedAt *metav1.Time
	// switched: the application runs at the target.
	switched bool
	// cutover is the newest Job of that step, rollback likewise; nil: none is observed.
	cutover, rollback *jobs.Attempt
	// running Jobs.
	cutoverRuns, rollbackRuns *jobs.Attempt
	// roundOver: the present round has been rolled back, or cancelled before it began.
	roundOver bool
	// touched: something has been done that a roll back must undo, or may have been.
	touched bool
	// rollingBack: a roll back has begun and has not succeeded.
	rollingBack bool
	// progress is the newest report of a cutover, rolledBack that of a roll back after it.
	progress, rolledBack *task.SwitchProgress
	// reset: what comes next begins from nothing.
	reset bool
}

// round is the hash of the retry token: what is done between two tokens belongs together.
func round(m *api.MoveSwitch) string {
	return jobs.Intent(string(m.UID), "round", m.Spec.Retry)
}

func (s *state) gather() facts {
	st := s.sw.Status
	f := facts{
		committedAt: st.CommittedAt,
		switched:    meta.IsStatusConditionTrue(st.Conditions, api.ConditionSwitched),
		cutover:     jobs.Newest(s.attempts, task.VerbCutover, nil),
		rollback:    jobs.Newest(s.attempts, task.VerbRollback, nil),
	}
	for i := range s.attempts {
		f.read(&s.attempts[i])
	}
	s.older(&f)
	f.close(s)
	return f
}

// read takes one Job into account; they come oldest first.
func (f *facts) read(a *jobs.Attempt) {
	live := a.State == jobs.Running || a.Deleting()
	var p *task.SwitchProgress
	if a.Status != nil {
		p = a.Status.Switch
	}
	if p != nil && p.CommittedAt != nil && f.committedAt == nil {
		f.committedAt = p.CommittedAt
	}
	switch a.Step {
	case task.VerbCutover:
		if live {
			f.cutoverRuns = a
		}
		if f.reset {
			f.progress, f.reset = nil, false
		}
		if p != nil {
			f.progress = p
		}
		f.switched = f.switched || a.State == jobs.Succeeded
		f.touched = f.touched || touched(a)
		f.rolledBack = nil
	case task.VerbRollback:
		if live {
			f.rollbackRuns = a
		}
		if p != nil {
			f.rolledBack = p
		}
		if a.State == jobs.Succeeded {
			f.touched, f.reset = false, true
		}
	}
}

// touched says whether a cutover has done, or may have done, something that must be rolled back. Only one
// that was declined, or that could not make a sure plan, can say that it has not: it ended before its
// first change. What a failure reports is no proof, as it may be what was seen before the change.
func touched(a *jobs.Attempt) bool {
	if !a.Trusted || a.State != jobs.Declined && a.Result.Reason != api.ReasonPlanUnsure {
		return true
	}
	if p := a.Status.Switch; p != nil {
		return p.Touched
	}
	return a.State != jobs.Declined
}

// older adds what the previous status knows of Jobs that are gone.
func (s *state) older(f *facts) {
	st := s.sw.Status
	back := meta.FindStatusCondition(st.Conditions, api.ConditionRolledBack)
	rolledBack := back != nil && back.Status == metav1.ConditionTrue
	if !rolledBack && (f.rollback == nil || f.rollback.State != jobs.Succeeded) {
		f.touched = f.touched || f.cutover == nil && switches.Begun(s.sw) || api.ActiveSource.Before(st.Active)
	}
	f.rollingBack = f.rollback != nil && f.rollback.State != jobs.Succeeded &&
		(f.cutover == nil || !f.cutover.Job.CreationTimestamp.After(f.rollback.Job.CreationTimestamp.Time))
	if f.rollback == nil && f.cutover == nil && back != nil && back.Status == metav1.ConditionFalse && back.Reason == api.ReasonRollingBack {
		f.rollingBack = true
	}
	if f.committedAt != nil || f.switched {
		f.rollingBack = false
	}
}

// close finds out whether the present round is over without a switch.
func (f *facts) close(s *state) {
	if f.committedAt != nil || f.switched || f.touched || f.rollingBack {
		return
	}
	newest := f.rollback
	if newest != nil && newest.State == jobs.Succeeded && newest.Round == round(s.sw) {
		f.roundOver = true
		return
	}
	f.roundOver = meta.IsStatusConditionTrue(s.sw.Status.Conditions, api.ConditionRolledBack) &&
		s.sw.Status.ObservedRetry == s.sw.Spec.Retry && f.cutoverRuns == nil
}
