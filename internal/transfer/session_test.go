package transfer

import (
	"testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// TestOnePassInASession: a session whose pass was begun takes no other: its workers would do the first once
// more, and nothing would be verified that has changed since.
func TestOnePassInASession(t *testing.T) {
	s := &Session{spec: testSpec(api.TriggerFinal).withDefaults()}
	s.pass = newPass(s)
	s.pass.begun = true
	if pass, err := s.Begin(t.Context(), task.Run{ID: "again"}); pass != nil || AsError(err).ExitCode() != task.ExitPermanent {
		t.Errorf("a second pass was begun: %v", err)
	}
}

// TestSessionNames: what a session makes bears its ID, which today is that of its pass.
func TestSessionNames(t *testing.T) {
	s := testSpec(api.TriggerFinal)
	pod, err := Worker(s, task.RoleTarget, s.Volumes[0])
	if err == nil {
		t.Fatalf("there is no mobilizer, yet: %v", pod)
	}
	s.Mobilizers = []task.Mobilizer{ownMobilizer("")}
	if pod, err = Worker(s, task.RoleTarget, s.Volumes[0]); err != nil {
		t.Fatal(err)
	}
	if want := workerName(s.session(), "data", task.RoleTarget); pod.Name != want || pod.Labels[api.RunLabel] != hash10(s.session()) {
		t.Errorf("the Pod is %s with the label %s, want %s", pod.Name, pod.Labels[api.RunLabel], want)
	}
}
