package transfer

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/relay"
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

// TestCopySeconds: what a run has taken tells how long the next takes, so it is only said where it is known.
func TestCopySeconds(t *testing.T) {
	began := time.Unix(1_800_000_000, 0)
	for name, tc := range map[string]struct {
		reason  string
		took    time.Duration
		adopted bool
		want    int64
	}{
		"Whole":   {"in whole seconds", 3400 * time.Millisecond, false, 3},
		"Short":   {"0 would be not known", 20 * time.Millisecond, false, 1},
		"Adopted": {"the workers may have begun in another process", 3 * time.Second, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := Result{StartedAt: began, FinishedAt: began.Add(tc.took), Adopted: tc.adopted}
			if got := r.CopySeconds(); got != tc.want {
				t.Errorf("%s: got %d", tc.reason, got)
			}
		})
	}
}

// TestAdopts: a session knows whether it goes on with what another process has placed.
func TestAdopts(t *testing.T) {
	spec := testSpec(api.TriggerSchedule).withDefaults()
	for _, there := range []bool{false, true} {
		w := newWorkerPair(spec, spec.Volumes[0])
		w.link = &relay.Link{} // Connected already.
		s := &Session{spec: spec, workers: []*workerPair{w}}
		pods := map[task.Role]map[string]*corev1.Pod{task.RoleSource: {"another": {}}}
		if there {
			pods[task.RoleSource][workerName(spec.session(), "data", task.RoleSource)] = &corev1.Pod{}
		}
		if s.adopt(pods); s.adopted != there {
			t.Errorf("a Pod is there: %t, adopted: %t", there, s.adopted)
		}
	}
}
