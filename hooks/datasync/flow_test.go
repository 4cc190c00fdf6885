package datasync_test

import (
	"testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
	"github.com/kubemove/kubemove/task"
)

// A request runs once, and again for another token.
func TestFlowRequest(t *testing.T) {
	f := simulation.NewFlow(t)
	f.World.Create(simulation.Engine(nil))
	f.Run(0)
	f.Patch(simulation.SyncID, map[string]any{"request": "one"})
	f.Run(0)
	f.Want(simulation.SyncID, api.ConditionSynced, "True", api.ReasonSucceeded)
	var d api.DataSync
	f.Read(simulation.SyncID, &d)
	if d.Status.LastRun == nil || d.Status.LastRun.Request != "one" || d.Status.LastRun.Outcome != "Succeeded" {
		t.Errorf("lastRun = %+v, want the request one, Succeeded", d.Status.LastRun)
	}
	f.Fixed()
	f.Patch(simulation.SyncID, map[string]any{"request": "two"})
	f.Run(0)
	f.WantStarted(map[task.Verb]int{task.VerbPlan: 1, task.VerbOpen: 1, task.VerbSync: 2})
	f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-1"})
	f.Run(0)
	f.Patch(simulation.SyncID, map[string]any{"request": "three"})
	f.Run(2)
	f.WantStarted(map[task.Verb]int{task.VerbPlan: 1, task.VerbOpen: 1, task.VerbSync: 2, task.VerbCutover: 1})
	f.Done()
}

// A copy on request has the credentials that a final run has.
func TestFlowRequestWithCredentials(t *testing.T) {
	f := simulation.NewFlowWith(t, simulation.PlacesConfig())
	got := map[task.Verb]string{}
	f.Player.Fail = func(x task.Task, _ int) *task.Result {
		got[x.Verb] = x.Move.Mobilizers[0].CredentialsSecret
		return nil
	}
	f.World.Create(simulation.Engine(func(e *api.MoveEngine) {
		e.Spec.Data.Mobilizers = []api.Mobilizer{{Name: "restic", CredentialsSecretRef: &api.LocalReference{Name: "s3"}}}
	}))
	f.Run(0)
	f.Patch(simulation.SyncID, map[string]any{"request": "one"})
	f.Run(0)
	for _, verb := range []task.Verb{task.VerbPlan, task.VerbOpen, task.VerbSync} {
		if got[verb] != "s3" {
			t.Errorf("the task of %s names the Secret %q, want s3", verb, got[verb])
		}
	}
}
