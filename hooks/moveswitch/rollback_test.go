package moveswitch_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
	"github.com/kubemove/kubemove/task"
)

// A cutover that fails after the commit is tried until it is done, and never rolled back.
func TestFailureAfterCommit(t *testing.T) {
	f := simulation.NewFlow(t)
	failures := 2
	f.Player.Fail = func(x task.Task, _ int) *task.Result {
		if x.Verb != task.VerbCutover || failures == 0 {
			return nil
		}
		failures--
		at := metav1.NewTime(simulation.Start)
		f.Cluster.Committed, f.Cluster.CommittedAt = true, &at
		return &task.Result{Outcome: task.OutcomeFailed, Message: "the Ingress is refused"}
	}
	f.World.Create(simulation.Engine(simulation.Automatic))
	f.Run(4)
	f.Done()
	f.WantStarted(map[task.Verb]int{task.VerbPlan: 1, task.VerbOpen: 1, task.VerbCutover: 3})
}

// Asked to go back after the commit, a switch says that it cannot, and goes on.
func TestRollBackAfterCommit(t *testing.T) {
	f := simulation.NewFlow(t)
	f.World.Create(simulation.Engine(simulation.Automatic))
	f.Run(1)
	f.Patch(simulation.SwitchID, map[string]any{"desired": "RolledBack"})
	f.Run(1)
	f.Want(simulation.SwitchID, api.ConditionRolledBack, "False", api.ReasonAlreadyDone)
	f.Done()
}

// The commit may not have been reported when the cutover was stopped: the roll back finds it.
func TestRollBackFindsCommit(t *testing.T) {
	f := simulation.NewFlow(t)
	f.World.Create(simulation.Engine(simulation.Automatic))
	f.Until(task.VerbCutover)
	at := metav1.NewTime(simulation.Start)
	f.Cluster.Committed, f.Cluster.CommittedAt = true, &at
	f.Patch(simulation.SwitchID, map[string]any{"desired": "RolledBack"})
	f.Run(2)
	f.Want(simulation.SwitchID, api.ConditionRolledBack, "False", api.ReasonAlreadyDone)
	f.Done()
	f.WantStarted(map[task.Verb]int{task.VerbPlan: 1, task.VerbOpen: 1, task.VerbCutover: 2, task.VerbRollback: 1})
}

// A running cutover is dropped first; the roll back comes when it is out of sight.
func TestCancelRunningCutover(t *testing.T) {
	f := simulation.NewFlow(t)
	f.World.Create(simulation.Engine(simulation.Automatic))
	f.Until(task.VerbCutover)
	f.Patch(simulation.SwitchID, map[string]any{"desired": "Cancelled"})
	if err := f.Metacontroller.Round(); err != nil {
		t.Fatal(err)
	}
	for _, j := range f.World.List(hooks.KindJob) {
		if v := j.GetLabels()[api.StepLabel]; v == string(task.VerbRollback) {
			t.Error("the roll back is desired while the cutover is observed")
		}
	}
	f.Run(2)
	f.Want(simulation.SwitchID, api.ConditionRolledBack, "True", api.ReasonRolledBack)
	f.Want(simulation.SwitchID, api.ConditionStalled, "False", api.ReasonNotStalled)
	f.Fixed()
	if f.Cluster.Touched {
		t.Error("the clusters are left touched")
	}
}

// A switch that has not begun is cancelled without a Job, and never begins.
func TestCancelBeforeBegin(t *testing.T) {
	f := simulation.NewFlow(t)
	f.World.Create(simulation.Engine(nil))
	f.Run(0)
	f.Patch(simulation.SwitchID, map[string]any{"desired": "Cancelled"})
	f.Run(1)
	f.Want(simulation.SwitchID, api.ConditionRolledBack, "True", api.ReasonCancelled)
	f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-1"})
	f.Run(2)
	f.WantStarted(map[task.Verb]int{task.VerbPlan: 1, task.VerbOpen: 1})
}

// A switch that is tried again says which plan was approved for this try, from its beginning to
// its end, and keeps saying it whatever is approved later.
func TestRetryNamesItsPlan(t *testing.T) {
	f := simulation.NewFlow(t)
	fail := true
	f.Player.Fail = func(x task.Task, _ int) *task.Result {
		if x.Verb != task.VerbCutover || !fail {
			return nil
		}
		return &task.Result{Outcome: task.OutcomeFailed, Reason: api.ReasonHealthTimeout,
			Message: "the Pods are not ready", Retry: task.RetryLater}
	}
	approvedFor := func(plan string) {
		t.Helper()
		f.Want(simulation.SwitchID, api.ConditionApproved, "True", api.ReasonApproved)
		if m := f.Condition(simulation.SwitchID, api.ConditionApproved).Message; m != "plan "+plan+" is approved" {
			t.Errorf("Approved says %q, want %s", m, plan)
		}
	}
	f.World.Create(simulation.Engine(nil))
	f.Run(1)
	f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-1"})
	f.Run(3)
	f.Want(simulation.SwitchID, api.ConditionRolledBack, "True", api.ReasonRolledBack)
	approvedFor("plan-1")

	fail = false
	f.Cluster.PlanHash = "plan-2"
	f.Patch(simulation.PairID, map[string]any{"planRequest": "1"})
	f.Run(1)
	approvedFor("plan-1")
	clear(f.Player.Started)
	f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-2", "retry": "1"})
	f.Until(task.VerbCutover)
	f.Settle()
	approvedFor("plan-2")
	f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-3"})
	f.Settle()
	approvedFor("plan-2")
	f.Run(3)
	f.Want(simulation.SwitchID, api.ConditionSwitched, "True", api.ReasonSucceeded)
	approvedFor("plan-2")
}
