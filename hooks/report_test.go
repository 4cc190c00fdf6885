package hooks_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// TestFailureIsNoProof: a cutover that has stopped the source, and then fails, is rolled back whatever
// its last report says. A status that was shown once does not go back before that.
func TestFailureIsNoProof(t *testing.T) {
	untouched := func(p *task.SwitchProgress) { *p = task.SwitchProgress{Active: api.ActiveSource} }
	for name, report := range map[string]func(p *task.SwitchProgress){
		"Untouched":  untouched,
		"NotActive":  func(p *task.SwitchProgress) { p.Active = api.ActiveSource },
		"NoSteps":    func(p *task.SwitchProgress) { p.Steps, p.Touched = nil, false },
		"RolledBack": func(p *task.SwitchProgress) { untouched(p); p.RolledBack = true },
	} {
		for how, undo := range map[string]func(*flow){
			"by itself": func(*flow) {},
			"asked for": func(f *flow) { f.patch(switchID, map[string]any{"desired": "RolledBack"}) },
			"deleted":   func(f *flow) { f.world.Delete(engineID) },
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				f := newFlow(t)
				f.player.Fail = func(x task.Task, _ int) *task.Result {
					if x.Verb != task.VerbCutover {
						return nil
					}
					return &task.Result{Outcome: task.OutcomeFailed, Retry: task.RetryLater, Reason: api.ReasonEndpointUnreachable,
						Message: "cannot read the lock at the source"}
				}
				f.player.Report = func(_ task.Task, p *task.SwitchProgress) { report(p) }
				f.world.Create(engine(automatic))
				f.until(task.VerbCutover)
				f.settle()
				f.player.Tick() // the cutover ends
				f.settle()
				if a := f.switchStatus().Active; a != api.ActiveNone {
					t.Errorf("active is %s, while the source is stopped", a)
				}
				if c := f.condition(switchID, api.ConditionRolledBack); c.Status == metav1.ConditionTrue {
					t.Errorf("RolledBack is True before any roll back: %s", c.Message)
				}
				undo(f)
				f.run(4)
				if n := f.player.Started[task.VerbRollback]; n != 1 || f.cluster.Touched {
					t.Errorf("%d roll backs were started, touched %t", n, f.cluster.Touched)
				}
			})
		}
	}
}

// TestCommitIsNotForgotten: what was committed stays so, whatever a later process reports.
func TestCommitIsNotForgotten(t *testing.T) {
	f := newFlow(t)
	failures := 2
	at := metav1.NewTime(start)
	f.player.Fail = func(x task.Task, _ int) *task.Result {
		if x.Verb != task.VerbCutover || failures == 0 {
			return nil
		}
		failures--
		f.cluster.Committed, f.cluster.CommittedAt = true, &at
		return &task.Result{Outcome: task.OutcomeFailed, Message: "no answer"}
	}
	f.player.Report = func(_ task.Task, p *task.SwitchProgress) {
		if failures == 0 {
			*p = task.SwitchProgress{Active: api.ActiveSource}
		}
	}
	f.world.Create(engine(automatic))
	f.until(task.VerbCutover)
	for range 3 {
		f.settle()
		f.player.Tick()
	}
	f.settle()
	if st := f.switchStatus(); st.CommittedAt == nil || st.Active != api.ActiveTarget {
		t.Errorf("committedAt %v, active %s: want the commit and the target", st.CommittedAt, st.Active)
	}
	f.run(4)
	f.done()
}

// TestSourceRunsIsTold: a source that was started again after the commit is no fenced one.
func TestSourceRunsIsTold(t *testing.T) {
	f := newFlow(t)
	f.cluster.SourceRuns = []string{"Deployment.apps/web"}
	f.world.Create(engine(automatic))
	f.run(3)
	f.want(switchID, api.ConditionSwitched, "True", api.ReasonSucceeded)
	f.want(switchID, api.ConditionSourceFenced, "False", api.ReasonSourceActive)
	if m := f.condition(switchID, api.ConditionSourceFenced).Message; !strings.Contains(m, "Deployment.apps/web") {
		t.Errorf("the message does not name it: %s", m)
	}
}

// TestStalledTaskIsTold: what a running task waits for in vain is shown while it runs, and a roll back
// that has failed once is told at once.
func TestStalledTaskIsTold(t *testing.T) {
	f := newFlow(t)
	f.player.Stalled = func(x task.Task) *task.Stalled {
		if x.Verb != task.VerbCutover {
			return nil
		}
		return &task.Stalled{Since: metav1.NewTime(start), Reason: api.ReasonEndpointUnreachable, Message: "the source does not answer"}
	}
	f.player.Fail = func(x task.Task, attempt int) *task.Result {
		if x.Verb == task.VerbCutover || x.Verb == task.VerbRollback && attempt == 1 {
			return &task.Result{Outcome: task.OutcomeFailed, Retry: task.RetrySoon, Reason: api.ReasonFailed, Message: "no answer"}
		}
		return nil
	}
	f.world.Create(engine(automatic))
	f.until(task.VerbCutover)
	f.settle()
	f.want(switchID, api.ConditionStalled, "True", api.ReasonEndpointUnreachable)
	f.want(engineID, api.ConditionStalled, "True", api.ReasonEndpointUnreachable)
	if m := f.condition(switchID, api.ConditionStalled).Message; !strings.Contains(m, "the source does not answer, since 08:00:00 UTC") {
		t.Errorf("the message is %q", m)
	}
	f.until(task.VerbRollback)
	f.settle()
	f.player.Tick()
	f.settle()
	f.want(switchID, api.ConditionStalled, "True", api.ReasonFailed)
	f.run(4)
	f.want(switchID, api.ConditionRolledBack, "True", api.ReasonRolledBack)
}
