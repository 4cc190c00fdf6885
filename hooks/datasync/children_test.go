package datasync

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

func aJob(t *testing.T, s *state) (*batchv1.Job, *task.Task) {
	t.Helper()
	o, err := s.job()
	if err != nil {
		t.Fatal(err)
	}
	j := o.(*batchv1.Job)
	told, err := task.Decode([]byte(j.Spec.Template.Annotations[task.TaskAnnotation]))
	if err != nil {
		t.Fatal(err)
	}
	return j, told
}

// A run is told of its volumes and of its own mobilizer, with the credentials that the pair names for it.
func TestJob(t *testing.T) {
	s := given(request, attempt(jobs.Failed), func(s *state) {
		s.dataSync.Spec.Parameters = map[string]string{"k": "v"}
		s.pair.Spec.Data.Mobilizers = []api.Mobilizer{{Name: "driver", CredentialsSecretRef: &api.LocalReference{Name: "other"}},
			{Name: "restic", CredentialsSecretRef: &api.LocalReference{Name: "s3"}}}
	})
	j, told := aJob(t, s)
	got := []any{told.Run.Trigger, told.Parameters, told.Volumes, len(told.Move.Mobilizers), told.Move.Mobilizers[0].Name,
		told.Move.Mobilizers[0].CredentialsSecret,
		told.Move.Mobilizers[0].Parameters, j.Labels[api.AttemptLabel], j.Labels[api.IntentLabel], j.Spec.Template.Spec.ServiceAccountName}
	want := []any{api.TriggerRequest, map[string]string{"k": "v"}, []task.Volume{{Name: "data", Target: "d"}, {Name: "wal", Target: "w"}},
		1, "restic", "s3",
		map[string]string{"k": "v"}, "2", s.wantStep.Intent, "shop-a-data"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if !strings.HasPrefix(j.Name, jobs.PrefixSync+"-shop-a-restic-") {
		t.Errorf("it is called %s", j.Name)
	}
	if got := j.Spec.Template.Spec.Containers[0].Image; got != "task:1" {
		t.Errorf("it runs %s", got)
	}
	if got := given().credentials(); got != nil {
		t.Errorf("no credentials are named: got %v", got)
	}
}

// A driver runs itself, and is told nothing that is not in the contract.
func TestDriverJob(t *testing.T) {
	j, told := aJob(t, given(request, func(s *state) { s.dataSync.Spec.Mobilizer = "driver" }))
	images := map[string]bool{}
	for _, c := range append(j.Spec.Template.Spec.InitContainers, j.Spec.Template.Spec.Containers...) {
		images[c.Image] = true
	}
	if !images["driver:1"] || told.Move != nil {
		t.Errorf("images %v, move %v", images, told.Move)
	}
}
