package moveswitch

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/check"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

func (s *state) status(d decision) (api.MoveSwitchStatus, time.Duration) {
	f, old := s.facts, s.sw.Status
	st := api.MoveSwitchStatus{
		ObservedGeneration: s.sw.Generation,
		Active:             s.active(d),
		PlanHash:           d.gate.hash,
		CommittedAt:        f.committedAt,
		Steps:              s.steps(),
		DowntimeSeconds:    old.DowntimeSeconds,
		ObservedRetry:      s.observedRetry(d),
		FinalRun:           old.FinalRun,
	}
	if p := f.progress; p != nil {
		if p.DowntimeSeconds > 0 {
			st.DowntimeSeconds = p.DowntimeSeconds
		}
		if p.FinalRun != nil {
			run := *p.FinalRun
			run.Message = task.Cut(run.Message, task.MaxMessage)
			st.FinalRun = &run
		}
	}
	c := hooks.NewConditions(old.Conditions, s.sw.Generation, s.now)
	check.Accepted(c, s.problem)
	s.approvedCondition(c, d)
	s.committed(c)
	s.switched(c, d)
	s.rolledBack(c, d)
	s.fenced(c, d, st.Steps)
	stall := s.stall(d, c)
	stall.Set(c)
	st.Conditions, st.Stalled = c.List(), c.ReasonIfTrue(api.ConditionStalled)
	return st, stall.Recheck
}

// active side, as far as this switch is concerned. It goes back to the source only with a roll back
// that has succeeded.
func (s *state) active(d decision) api.ActiveSide {
	f := s.facts
	side := api.ActiveSource
	later := func(a api.ActiveSide) {
		if side.Before(a) {
			side = a
		}
	}
	switch {
	case f.switched || f.committedAt != nil:
		return api.ActiveTarget
	case d.phase == phaseRolledBack || f.reset || !f.touched:
		return side
	}
	if f.progress != nil {
		later(f.progress.Active)
	}
	if f.rolledBack != nil {
		later(f.rolledBack.Active)
	}
	later(s.sw.Status.Active)
	return side
}

// steps of the newest cutover, then those of the roll back that followed. Without a report
// they stay as they were in this round.
func (s *state) steps() []api.SwitchStep {
	f := s.facts
	var list []api.SwitchStep
	if f.progress != nil {
		list = append(list, f.progress.Steps...)
	}
	if f.rolledBack != nil {
		for _, step := range f.rolledBack.Steps {
			list = overlay(list, step)
		}
	}
	if len(list) == 0 && s.sw.Status.ObservedRetry == s.sw.Spec.Retry {
		list = s.sw.Status.Steps
	}
	const most = 32
	list = list[:min(len(list), most)]
	for i := range list {
		list[i].Message = task.Cut(list[i].Message, task.MaxMessage)
	}
	return list
}

func overlay(list []api.SwitchStep, step api.SwitchStep) []api.SwitchStep {
	for i := range list {
		if list[i].Name == step.Name {
			list[i] = step
			return list
		}
	}
	return append(list, step)
}

// observedRetry is the token that is being acted on; an older round is brought to its end
// first.
func (s *state) observedRetry(d decision) string {
	f := s.facts
	if d.phase == phaseRollingBack && f.cutover != nil && f.cutover.Round != round(s.sw) {
		return s.sw.Status.ObservedRetry
	}
	return s.sw.Spec.Retry
}

// quiesced says whether the source was stopped, from the steps.
func quiesced(steps []api.SwitchStep) *metav1.Time {
	for _, step := range steps {
		if step.Name == "Quiesce" && step.State == "Done" {
			return step.FinishedAt
		}
	}
	return nil
}

func lastFailure(a *jobs.Attempt) string {
	if a == nil || a.State == jobs.Running || a.State == jobs.Succeeded {
		return ""
	}
	if a.Result.Message != "" {
		return a.Result.Message
	}
	return a.Result.Reason
}
