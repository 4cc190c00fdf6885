package cutover

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// stepLog keeps the steps that a status shows, with their times.
type stepLog struct {
	steps []api.SwitchStep
}

// load takes over what an earlier process of this task has reported.
func (l *stepLog) load(s *task.Status) {
	if s != nil && s.Switch != nil {
		l.steps = s.Switch.Steps
	}
}

// begin notes that the step of an action has begun; a step before it that still runs is done.
func (l *stepLog) begin(a Action, now time.Time, rollback bool) {
	name := l.name(a, rollback)
	if name == "" {
		if a.Kind == End && a.Result.Outcome == task.OutcomeSucceeded {
			l.finish("", now)
		}
		return
	}
	l.finish(name, now)
	s := l.find(name)
	if s == nil {
		l.steps = append(l.steps, api.SwitchStep{Name: name, StartedAt: metaTime(now)})
		s = &l.steps[len(l.steps)-1]
	}
	s.State, s.Message, s.FinishedAt = "Running", task.Cut(a.Message, task.MaxMessage), nil
}

// name of the step that an action belongs to. Waiting belongs to the step that it names.
func (l *stepLog) name(a Action, rollback bool) string {
	switch {
	case a.Kind == End:
		return ""
	case rollback:
		return "RollBack"
	case a.Kind == Wait && a.Step != "":
		return a.Step
	}
	return actions[a.Kind].step
}

// finish marks every running step but the named one as done.
func (l *stepLog) finish(but string, now time.Time) {
	for i := range l.steps {
		if s := &l.steps[i]; s.State == "Running" && s.Name != but {
			s.State, s.FinishedAt, s.Message = "Done", metaTime(now), ""
		}
	}
}

// fail marks the running step as failed.
func (l *stepLog) fail(message string, now time.Time) {
	for i := range l.steps {
		if s := &l.steps[i]; s.State == "Running" {
			s.State, s.FinishedAt, s.Message = "Failed", metaTime(now), task.Cut(message, task.MaxMessage)
		}
	}
}

func (l *stepLog) find(name string) *api.SwitchStep {
	for i := range l.steps {
		if l.steps[i].Name == name {
			return &l.steps[i]
		}
	}
	return nil
}

func (l *stepLog) list() []api.SwitchStep {
	return append([]api.SwitchStep(nil), l.steps...)
}

func metaTime(t time.Time) *metav1.Time {
	m := metav1.NewTime(t.Truncate(time.Second))
	return &m
}
