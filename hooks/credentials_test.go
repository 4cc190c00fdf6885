package hooks_test

import (
	"testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// A copy on request has the credentials that a final run has.
func TestFlowRequestWithCredentials(t *testing.T) {
	f := newFlowWith(t, placesConfig())
	got := map[task.Verb]string{}
	f.player.Fail = func(x task.Task, _ int) *task.Result {
		got[x.Verb] = x.Move.Mobilizers[0].CredentialsSecret
		return nil
	}
	f.world.Create(engine(func(e *api.MoveEngine) {
		e.Spec.Data.Mobilizers = []api.Mobilizer{{Name: "restic", CredentialsSecretRef: &api.LocalReference{Name: "s3"}}}
	}))
	f.run(0)
	f.patch(syncID, map[string]any{"request": "one"})
	f.run(0)
	for _, verb := range []task.Verb{task.VerbPlan, task.VerbOpen, task.VerbSync} {
		if got[verb] != "s3" {
			t.Errorf("the task of %s names the Secret %q, want s3", verb, got[verb])
		}
	}
}
