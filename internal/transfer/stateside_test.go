package transfer

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/task"
)

// TestStateSide: the worker of one side mounts the state, makes it before it is told to begin, and both are
// told which side that is.
func TestStateSide(t *testing.T) {
	m := ownMobilizer("")
	v := application.Volume{Name: "data", Target: "copy", Policy: api.ClaimCopy}
	cases := map[string]struct {
		reason string
		side   task.Role
		holds  task.Role
		claim  string
	}{
		"Default": {"a copy is read where it is written", "", task.RoleTarget, "copy"},
		"Target":  {"the same by its name", task.RoleTarget, task.RoleTarget, "copy"},
		"Source":  {"the direction has turned", task.RoleSource, task.RoleSource, "data"},
	}
	for name, tc := range cases {
		s := testSpec(api.TriggerFinal)
		s.StateSide, s.Mobilizers = tc.side, []task.Mobilizer{m}
		claim := buildRepository(s, v, "", nil)
		if claim.Namespace != s.endpoint(tc.holds).Namespace || claim.Annotations[ClaimAnnotation] != tc.claim {
			t.Errorf("%s: %s: the repository is beside %s in %s", name, tc.reason, claim.Annotations[ClaimAnnotation], claim.Namespace)
		}
		for _, role := range []task.Role{task.RoleSource, task.RoleTarget} {
			pod, err := Worker(s, role, v)
			if err != nil {
				t.Fatal(err)
			}
			mounts := slices.ContainsFunc(pod.Spec.Volumes, func(x corev1.Volume) bool {
				return x.Name == "state" && x.PersistentVolumeClaim != nil && x.PersistentVolumeClaim.ClaimName == claim.Name
			})
			opens := slices.ContainsFunc(pod.Spec.InitContainers, func(c corev1.Container) bool { return c.Name == "open" })
			if mounts != (role == tc.holds) || opens != (role == tc.holds) {
				t.Errorf("%s: %s: the worker of the %s mounts it: %t, opens it: %t", name, tc.reason, role, mounts, opens)
			}
			told, err := task.Decode([]byte(pod.Annotations[task.TaskAnnotation]))
			if err != nil || told.HoldsState() != (role == tc.holds) {
				t.Errorf("%s: %s: the worker of the %s is told so: %v", name, tc.reason, role, err)
			}
		}
	}
	s := testSpec(api.TriggerFinal)
	s.StateSide = "both"
	if err := s.validate(); err == nil {
		t.Error("a side that there is not was taken")
	}
}
