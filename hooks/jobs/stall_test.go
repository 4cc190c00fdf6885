package jobs

import (
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// TestCheckKeepsUnreachable: an API server that does not answer shows in Stalled until a process has
// reached it, whatever becomes of the processes meanwhile.
func TestCheckKeepsUnreachable(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	unreachable := &metav1.Condition{
		Type: api.ConditionStalled, Status: metav1.ConditionTrue, Reason: api.ReasonEndpointUnreachable, Message: "no answer",
	}
	held := &metav1.Condition{Type: api.ConditionStalled, Status: metav1.ConditionTrue, Reason: api.ReasonHeld, Message: "held"}
	failed := &task.Status{Step: "Quiesce", Result: &task.Result{Outcome: task.OutcomeFailed, Reason: api.ReasonEndpointUnreachable}}
	cases := map[string]struct {
		reason   string
		ready    int32
		status   *task.Status
		previous *metav1.Condition
		want     metav1.ConditionStatus
	}{
		"Ended":     {"its process has given up, and the next one is to come", 0, failed, unreachable, metav1.ConditionTrue},
		"New":       {"another Job goes on, such as a roll back", 0, nil, unreachable, metav1.ConditionTrue},
		"Connects":  {"the next process has not reached both sides", 1, &task.Status{Step: task.StepConnect}, unreachable, metav1.ConditionTrue},
		"Reached":   {"it has", 1, &task.Status{Step: "Quiesce"}, unreachable, metav1.ConditionFalse},
		"NeverLost": {"nothing was said of it", 1, &task.Status{Step: task.StepConnect}, nil, metav1.ConditionFalse},
		"Other":     {"what else was said is no matter of the clusters", 1, &task.Status{Step: task.StepConnect}, held, metav1.ConditionFalse},
	}
	if got := Check(StepState{Progress: Create}, "shop", unreachable, now); got.Status != metav1.ConditionTrue {
		t.Errorf("the next Job is still to come: got %+v", got)
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "j", CreationTimestamp: metav1.NewTime(now.Add(-10 * time.Second))}}
			job.Status.Active, job.Status.Ready = 1, &tc.ready
			got := Check(StepState{Progress: Run, Current: &Attempt{Job: job, Status: tc.status}}, "shop", tc.previous, now)
			if got.Status != tc.want || got.Status == metav1.ConditionTrue && got.Message != "no answer" {
				t.Errorf("%s: got %+v, want %s", tc.reason, got, tc.want)
			}
		})
	}
}
