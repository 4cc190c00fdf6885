package hooks_test

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
	"github.com/kubemove/kubemove/task"
)

// A cutover that fails after the commit is tried until it is done, and never rolled back.
func TestFailureAfterCommit(t *testing.T) {
	f := newFlow(t)
	failures := 2
	f.player.Fail = func(x task.Task, _ int) *task.Result {
		if x.Verb != task.VerbCutover || failures == 0 {
			return nil
		}
		failures--
		at := metav1.NewTime(start)
		f.cluster.Committed, f.cluster.CommittedAt = true, &at
		return &task.Result{Outcome: task.OutcomeFailed, Message: "the Ingress is refused"}
	}
	f.world.Create(engine(automatic))
	f.run(4)
	f.done()
	f.started(map[task.Verb]int{task.VerbPlan: 1, task.VerbOpen: 1, task.VerbCutover: 3})
}

// Asked to go back after the commit, a switch says that it cannot, and goes on.
func TestRollBackAfterCommit(t *testing.T) {
	f := newFlow(t)
	f.world.Create(engine(automatic))
	f.run(1)
	f.patch(switchID, map[string]any{"desired": "RolledBack"})
	f.run(1)
	f.want(switchID, api.ConditionRolledBack, "False", api.ReasonAlreadyDone)
	f.done()
}

// The commit may not have been reported when the cutover was stopped: the roll back finds it.
func TestRollBackFindsCommit(t *testing.T) {
	f := newFlow(t)
	f.world.Create(engine(automatic))
	f.until(task.VerbCutover)
	at := metav1.NewTime(start)
	f.cluster.Committed, f.cluster.CommittedAt = true, &at
	f.patch(switchID, map[string]any{"desired": "RolledBack"})
	f.run(2)
	f.want(switchID, api.ConditionRolledBack, "False", api.ReasonAlreadyDone)
	f.done()
	f.started(map[task.Verb]int{task.VerbPlan: 1, task.VerbOpen: 1, task.VerbCutover: 2, task.VerbRollback: 1})
}

// until plays until a task of the verb runs.
func (f *flow) until(verb task.Verb) {
	f.t.Helper()
	for f.player.Started[verb] == 0 {
		f.settle()
		if !f.player.Tick() {
			f.t.Fatalf("%s was never started", verb)
		}
		f.world.Now = f.world.Now.Add(time.Second)
	}
}

// A running cutover is dropped first; the roll back comes when it is out of sight.
func TestCancelRunningCutover(t *testing.T) {
	f := newFlow(t)
	f.world.Create(engine(automatic))
	f.until(task.VerbCutover)
	f.patch(switchID, map[string]any{"desired": "Cancelled"})
	if err := f.mc.Round(); err != nil {
		t.Fatal(err)
	}
	for _, j := range f.world.List(hooks.KindJob) {
		if v := j.GetLabels()[api.StepLabel]; v == string(task.VerbRollback) {
			t.Error("the roll back is desired while the cutover is observed")
		}
	}
	f.run(2)
	f.want(switchID, api.ConditionRolledBack, "True", api.ReasonRolledBack)
	f.want(switchID, api.ConditionStalled, "False", api.ReasonNotStalled)
	f.fixed()
	if f.cluster.Touched {
		t.Error("the clusters are left touched")
	}
}

// A switch that has not begun is cancelled without a Job, and never begins.
func TestCancelBeforeBegin(t *testing.T) {
	f := newFlow(t)
	f.world.Create(engine(nil))
	f.run(0)
	f.patch(switchID, map[string]any{"desired": "Cancelled"})
	f.run(1)
	f.want(switchID, api.ConditionRolledBack, "True", api.ReasonCancelled)
	f.patch(switchID, map[string]any{"approvedPlan": "plan-1"})
	f.run(2)
	f.started(map[task.Verb]int{task.VerbPlan: 1, task.VerbOpen: 1})
}

// Jobs that nobody lets be created are told of after a minute, and the end of that is enough.
func TestJobsRefused(t *testing.T) {
	f := newFlow(t)
	f.world.Refuse = func(id simulation.ID) bool { return id.Kind == hooks.KindJob }
	f.world.Create(engine(automatic))
	f.run(2)
	f.want(pairID, api.ConditionStalled, "True", api.ReasonChildMissing)
	f.want(engineID, api.ConditionStalled, "True", api.ReasonChildMissing)
	if m := f.condition(pairID, api.ConditionStalled).Message; !strings.Contains(m, ": kubectl -n shop ") {
		t.Errorf("%q ends with no command", m)
	}
	f.world.Refuse = nil
	f.run(3)
	f.done()
}

// A clean-up that cannot be done is given up after ten minutes, or at once by annotation.
func TestGiveUp(t *testing.T) {
	for name, c := range map[string]struct {
		reason string
		force  bool
		least  time.Duration
		most   time.Duration
	}{
		"Patience": {"ten minutes each for the switch and the pair", false, 10 * time.Minute, 25 * time.Minute},
		"Force":    {"the annotation ends it at once", true, 0, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFlow(t)
			f.world.Create(engine(automatic))
			f.until(task.VerbCutover)
			f.world.Refuse = func(id simulation.ID) bool { return id.Kind == hooks.KindJob }
			deleted := f.world.Now
			f.world.Delete(engineID)
			f.settle()
			if c.force {
				for _, id := range []simulation.ID{switchID, pairID, engineID} {
					f.world.Update(id, func(o *unstructured.Unstructured) {
						o.SetAnnotations(map[string]string{api.ForceDeleteAnnotation: "true"})
					})
				}
			}
			f.run(40)
			if o := f.world.Get(engineID); o != nil {
				t.Fatalf("%s: the engine is still there", c.reason)
			}
			if took := f.world.Now.Sub(deleted); took < c.least || took > c.most {
				t.Errorf("%s: it took %s", c.reason, took)
			}
		})
	}
}

// A second engine's pair of the same name does not disturb the first; the collision is told.
func TestNameCollision(t *testing.T) {
	f := newFlow(t)
	f.world.Create(toUnstructured(&api.MovePair{
		TypeMeta: hooks.KindMovePair.TypeMeta(), ObjectMeta: metav1.ObjectMeta{Name: "shop-cloud"},
		Spec: api.MovePairSpec{Engine: "other", Target: api.Target{Name: "x"}},
	}))
	f.world.Create(engine(automatic))
	f.run(2)
	f.want(engineID, api.ConditionStalled, "True", api.ReasonChildMissing)
}

// A switch that is tried again says which plan was approved for this try, from its beginning to
// its end, and keeps saying it whatever is approved later.
func TestRetryNamesItsPlan(t *testing.T) {
	f := newFlow(t)
	fail := true
	f.player.Fail = func(x task.Task, _ int) *task.Result {
		if x.Verb != task.VerbCutover || !fail {
			return nil
		}
		return &task.Result{Outcome: task.OutcomeFailed, Reason: api.ReasonHealthTimeout,
			Message: "the Pods are not ready", Retry: task.RetryLater}
	}
	approvedFor := func(plan string) {
		t.Helper()
		f.want(switchID, api.ConditionApproved, "True", api.ReasonApproved)
		if m := f.condition(switchID, api.ConditionApproved).Message; m != "plan "+plan+" is approved" {
			t.Errorf("Approved says %q, want %s", m, plan)
		}
	}
	f.world.Create(engine(nil))
	f.run(1)
	f.patch(switchID, map[string]any{"approvedPlan": "plan-1"})
	f.run(3)
	f.want(switchID, api.ConditionRolledBack, "True", api.ReasonRolledBack)
	approvedFor("plan-1")

	fail = false
	f.cluster.PlanHash = "plan-2"
	f.patch(pairID, map[string]any{"planRequest": "1"})
	f.run(1)
	approvedFor("plan-1")
	clear(f.player.Started)
	f.patch(switchID, map[string]any{"approvedPlan": "plan-2", "retry": "1"})
	f.until(task.VerbCutover)
	f.settle()
	approvedFor("plan-2")
	f.patch(switchID, map[string]any{"approvedPlan": "plan-3"})
	f.settle()
	approvedFor("plan-2")
	f.run(3)
	f.want(switchID, api.ConditionSwitched, "True", api.ReasonSucceeded)
	approvedFor("plan-2")
}
