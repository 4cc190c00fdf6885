package moveswitch_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
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
		for how, undo := range map[string]func(*simulation.Flow){
			"by itself": func(*simulation.Flow) {},
			"asked for": func(f *simulation.Flow) { f.Patch(simulation.SwitchID, map[string]any{"desired": "RolledBack"}) },
			"deleted":   func(f *simulation.Flow) { f.World.Delete(simulation.EngineID) },
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				f := simulation.NewFlow(t)
				f.Player.Fail = func(x task.Task, _ int) *task.Result {
					if x.Verb != task.VerbCutover {
						return nil
					}
					return &task.Result{Outcome: task.OutcomeFailed, Retry: task.RetryLater, Reason: api.ReasonEndpointUnreachable,
						Message: "cannot read the lock at the source"}
				}
				f.Player.Report = func(_ task.Task, p *task.SwitchProgress) { report(p) }
				f.World.Create(simulation.Engine(simulation.Automatic))
				f.Until(task.VerbCutover)
				f.Settle()
				f.Player.Tick() // the cutover ends
				f.Settle()
				if a := f.SwitchStatus().Active; a != api.ActiveNone {
					t.Errorf("active is %s, while the source is stopped", a)
				}
				if c := f.Condition(simulation.SwitchID, api.ConditionRolledBack); c.Status == metav1.ConditionTrue {
					t.Errorf("RolledBack is True before any roll back: %s", c.Message)
				}
				undo(f)
				f.Run(4)
				if n := f.Player.Started[task.VerbRollback]; n != 1 || f.Cluster.Touched {
					t.Errorf("%d roll backs were started, touched %t", n, f.Cluster.Touched)
				}
			})
		}
	}
}

// TestCommitIsNotForgotten: what was committed stays so, whatever a later process reports.
func TestCommitIsNotForgotten(t *testing.T) {
	f := simulation.NewFlow(t)
	failures := 2
	at := metav1.NewTime(simulation.Start)
	f.Player.Fail = func(x task.Task, _ int) *task.Result {
		if x.Verb != task.VerbCutover || failures == 0 {
			return nil
		}
		failures--
		f.Cluster.Committed, f.Cluster.CommittedAt = true, &at
		return &task.Result{Outcome: task.OutcomeFailed, Message: "no answer"}
	}
	f.Player.Report = func(_ task.Task, p *task.SwitchProgress) {
		if failures == 0 {
			*p = task.SwitchProgress{Active: api.ActiveSource}
		}
	}
	f.World.Create(simulation.Engine(simulation.Automatic))
	f.Until(task.VerbCutover)
	for range 3 {
		f.Settle()
		f.Player.Tick()
	}
	f.Settle()
	if st := f.SwitchStatus(); st.CommittedAt == nil || st.Active != api.ActiveTarget {
		t.Errorf("committedAt %v, active %s: want the commit and the target", st.CommittedAt, st.Active)
	}
	f.Run(4)
	f.Done()
}

// TestSourceRunsIsTold: a source that was started again after the commit is no fenced one.
func TestSourceRunsIsTold(t *testing.T) {
	f := simulation.NewFlow(t)
	f.Cluster.SourceRuns = []string{"Deployment.apps/web"}
	f.World.Create(simulation.Engine(simulation.Automatic))
	f.Run(3)
	f.Want(simulation.SwitchID, api.ConditionSwitched, "True", api.ReasonSucceeded)
	f.Want(simulation.SwitchID, api.ConditionSourceFenced, "False", api.ReasonSourceActive)
	if m := f.Condition(simulation.SwitchID, api.ConditionSourceFenced).Message; !strings.Contains(m, "Deployment.apps/web") {
		t.Errorf("the message does not name it: %s", m)
	}
}

// TestStalledTaskIsTold: what a running task waits for in vain is shown while it runs, and a roll back
// that has failed once is told at once.
func TestStalledTaskIsTold(t *testing.T) {
	f := simulation.NewFlow(t)
	f.Player.Stalled = func(x task.Task) *task.Stalled {
		if x.Verb != task.VerbCutover {
			return nil
		}
		return &task.Stalled{Since: metav1.NewTime(simulation.Start), Reason: api.ReasonEndpointUnreachable,
			Message: "the source does not answer"}
	}
	f.Player.Fail = func(x task.Task, attempt int) *task.Result {
		if x.Verb == task.VerbCutover || x.Verb == task.VerbRollback && attempt == 1 {
			return &task.Result{Outcome: task.OutcomeFailed, Retry: task.RetrySoon, Reason: api.ReasonFailed, Message: "no answer"}
		}
		return nil
	}
	f.World.Create(simulation.Engine(simulation.Automatic))
	f.Until(task.VerbCutover)
	f.Settle()
	f.Want(simulation.SwitchID, api.ConditionStalled, "True", api.ReasonEndpointUnreachable)
	f.Want(simulation.EngineID, api.ConditionStalled, "True", api.ReasonEndpointUnreachable)
	if m := f.Condition(simulation.SwitchID, api.ConditionStalled).Message; !strings.Contains(m,
		"the source does not answer, since 08:00:00 UTC") {
		t.Errorf("the message is %q", m)
	}
	f.Until(task.VerbRollback)
	f.Settle()
	f.Player.Tick()
	f.Settle()
	f.Want(simulation.SwitchID, api.ConditionStalled, "True", api.ReasonFailed)
	f.Run(4)
	f.Want(simulation.SwitchID, api.ConditionRolledBack, "True", api.ReasonRolledBack)
}
