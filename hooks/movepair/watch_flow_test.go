package movepair_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
	"github.com/kubemove/kubemove/task"
)

// An outage while the pair waits is told, no switch begins meanwhile, and its end is seen by itself.
func TestFlowOutage(t *testing.T) {
	f := simulation.NewFlow(t)
	down := false
	f.Player.Fail = func(x task.Task, _ int) *task.Result {
		if down && x.Verb == task.VerbWatch {
			return &task.Result{Outcome: task.OutcomeFailed, Retry: task.RetryLater, Reason: api.ReasonEndpointUnreachable, Message: "no answer"}
		}
		return nil
	}
	f.World.Create(simulation.Engine(nil))
	f.Run(2)
	f.Want(simulation.PairID, api.ConditionConnected, "True", api.ReasonSucceeded)
	f.Fixed()
	down = true
	f.Run(4)
	f.Want(simulation.PairID, api.ConditionConnected, "False", api.ReasonEndpointUnreachable)
	for _, id := range []simulation.ID{simulation.PairID, simulation.EngineID} {
		f.Want(id, api.ConditionReady, "False", api.ReasonEndpointUnreachable)
		f.Want(id, api.ConditionStalled, "True", api.ReasonEndpointUnreachable)
	}
	if got := f.PairStatus().Channel; got != api.ChannelUnknown {
		t.Errorf("the channel is %s", got)
	}
	f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-1"})
	f.Run(4)
	if n := f.Player.Started[task.VerbCutover]; n > 0 {
		t.Errorf("%d cutovers were started towards an endpoint that does not answer", n)
	}
	f.Want(simulation.SwitchID, api.ConditionSwitched, "False", api.ReasonNotReady)
	down = false
	f.Run(8)
	f.Done()
}

// Credentials that end too early are told on all that waits for them, and keep nothing from going on.
func TestFlowCredentialsExpire(t *testing.T) {
	f := simulation.NewFlow(t)
	f.Cluster.Expires = []task.Expiry{{Role: task.RoleTarget, Kind: "token", At: metav1.NewTime(f.World.Now.Add(time.Hour))}}
	f.World.Create(simulation.Engine(nil))
	f.Run(2)
	for _, id := range []simulation.ID{simulation.PairID, simulation.EngineID, simulation.SwitchID} {
		f.Want(id, api.ConditionStalled, "True", api.ReasonCredentialsExpire)
	}
	f.Want(simulation.PairID, api.ConditionReady, "True", api.ReasonActive)
	f.Cluster.Expires = nil
	f.Run(2)
	for _, id := range []simulation.ID{simulation.PairID, simulation.EngineID, simulation.SwitchID} {
		f.Want(id, api.ConditionStalled, "False", api.ReasonNotStalled)
	}
	f.Cluster.Expires = []task.Expiry{{Role: task.RoleTarget, Kind: "token", At: metav1.NewTime(f.World.Now.Add(time.Hour))}}
	f.Run(2)
	f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-1"})
	f.Run(1)
	f.Done()
}

// A source that is started again after the switch is told, until it is stopped.
func TestFlowSourceActive(t *testing.T) {
	f := simulation.NewFlow(t)
	f.World.Create(simulation.Engine(simulation.Automatic))
	f.Run(2)
	f.Done()
	f.Cluster.WatchRuns = []string{"Deployment.apps/web"}
	f.Run(8) // The engine looks for ways back every two minutes.
	for _, id := range []simulation.ID{simulation.PairID, simulation.EngineID} {
		f.Want(id, api.ConditionStalled, "True", api.ReasonSourceActive)
	}
	f.Want(simulation.SwitchID, api.ConditionSourceFenced, "False", api.ReasonSourceActive)
	if got := f.PairStatus().Channel; got != api.ChannelComplete {
		t.Errorf("the channel is %s", got)
	}
	f.Fixed()
	f.Cluster.WatchRuns = nil
	f.Run(8)
	f.Want(simulation.SwitchID, api.ConditionSourceFenced, "True", api.ReasonCommitted)
	f.Done()
	if n := len(f.World.List(hooks.KindJob)); n > 4 {
		t.Errorf("%d Jobs have piled up", n)
	}
}
