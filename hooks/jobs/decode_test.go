package jobs

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
)

// TestDecodeStatus: what decisions read of a Job's status is what the API server wrote there.
func TestDecodeStatus(t *testing.T) {
	want := batchv1.JobStatus{
		Active: 3, Ready: new(int32(1)), Succeeded: 4, Failed: 5, Terminating: new(int32(2)),
		Conditions: []batchv1.JobCondition{{Type: batchv1.JobFailed, Status: "False", Reason: "R", Message: "M",
			LastTransitionTime: metav1.NewTime(time.Unix(1e9, 0))}},
	}
	status, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	metadata, err := json.Marshal(metav1.ObjectMeta{Name: "j",
		Labels: map[string]string{api.AttemptLabel: "1", api.StepLabel: "plan"}})
	if err != nil {
		t.Fatal(err)
	}
	objects, err := hooks.NewObjects(nil, []hooks.Object{{Kind: hooks.KindJob, Name: "j", Fields: []hooks.Field{
		{Name: "metadata", Value: metadata}, {Name: "status", Value: status},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	list, err := Decode(objects)
	if err != nil || len(list) != 1 {
		t.Fatalf("got %v, %v; want one Job", list, err)
	}
	if diff := cmp.Diff(want, list[0].Job.Status); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
}
