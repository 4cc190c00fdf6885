package hooks_test

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
	"github.com/kubemove/kubemove/task"
)

// A move with manual approval goes from the engine to the target, and each Job runs once.
func TestFlowManual(t *testing.T) {
	f := simulation.NewFlow(t)
	f.World.Create(simulation.Engine(nil))
	f.Run(0)
	f.Want(simulation.PairID, api.ConditionReady, "True", api.ReasonActive)
	f.Want(simulation.SwitchID, api.ConditionApproved, "False", api.ReasonWaiting)
	f.Want(simulation.EngineID, api.ConditionSwitched, "False", api.ReasonWaiting)
	command := `kubectl -n shop patch moveswitch shop-cloud --type=merge -p '{"spec":{"approvedPlan":"plan-1"}}'`
	if m := f.Condition(simulation.SwitchID, api.ConditionApproved).Message; !strings.HasSuffix(m, command) {
		t.Errorf("the message %q does not end with %s", m, command)
	}
	f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-1"})
	f.Run(3)
	f.Done()
	f.WantStarted(map[task.Verb]int{task.VerbPlan: 1, task.VerbOpen: 1, task.VerbCutover: 1})
}

// Suspended, nothing new is started; resumed, it goes on.
func TestFlowSuspend(t *testing.T) {
	f := simulation.NewFlow(t)
	f.World.Create(simulation.Engine(func(e *api.MoveEngine) { simulation.Automatic(e); e.Spec.Suspend = true }))
	f.Run(3)
	f.WantStarted(nil)
	f.Patch(simulation.EngineID, map[string]any{"suspend": false})
	f.Run(3)
	f.Done()
}

// A clean-up that cannot be done is given up after ten minutes, or at once by annotation.
func TestGiveUp(t *testing.T) {
	for name, c := range map[string]struct {
		reason string
		force  bool
		least  time.Duration
		most   time.Duration
	}{
		"Deadline": {"ten minutes each for the switch and the pair", false, 10 * time.Minute, 25 * time.Minute},
		"Force":    {"the annotation ends it at once", true, 0, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			f := simulation.NewFlow(t)
			f.World.Create(simulation.Engine(simulation.Automatic))
			f.Until(task.VerbCutover)
			f.World.Refuse = func(id simulation.ID) bool { return id.Kind == hooks.KindJob }
			deleted := f.World.Now
			f.World.Delete(simulation.EngineID)
			f.Settle()
			if c.force {
				for _, id := range []simulation.ID{simulation.SwitchID, simulation.PairID, simulation.EngineID} {
					f.World.Update(id, func(o *unstructured.Unstructured) {
						o.SetAnnotations(map[string]string{api.ForceDeleteAnnotation: "true"})
					})
				}
			}
			f.Run(40)
			if o := f.World.Get(simulation.EngineID); o != nil {
				t.Fatalf("%s: the engine is still there", c.reason)
			}
			if took := f.World.Now.Sub(deleted); took < c.least || took > c.most {
				t.Errorf("%s: it took %s", c.reason, took)
			}
		})
	}
}
