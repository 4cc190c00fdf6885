package transfer

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

func TestCheckGivesWay(t *testing.T) {
	unscheduled := corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable}
	waiting := corev1.PodCondition{Type: corev1.PodReadyToStartContainers, Status: corev1.ConditionFalse}
	started := corev1.PodCondition{Type: corev1.PodReadyToStartContainers, Status: corev1.ConditionTrue}
	pending := func(node, claim string, c corev1.PodCondition) corev1.Pod {
		p := user("app-0", claim)
		p.Spec.NodeName, p.Status = node, corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{c}}
		return p
	}
	request, final := testSpec(api.TriggerSchedule), testSpec(api.TriggerFinal)
	cases := map[string]struct {
		reason string
		spec   Spec
		pod    corev1.Pod
		want   bool
	}{
		"Runs": {"it has the claim", request, user("app-0", "data"), false},
		"Unschedulable": {"the worker may be what it waits for, with its claim or with its memory", request, pending("", "data",
			unscheduled), true},
		"New":        {"the scheduler has not looked at it", request, pending("", "data", corev1.PodCondition{}), false},
		"OtherNode":  {"the volume is attached to the worker's node", request, pending("node-2", "data", waiting), true},
		"SameNode":   {"both mount it there", request, pending("node-1", "data", waiting), false},
		"Pulls":      {"its volumes are mounted", request, pending("node-2", "data", started), false},
		"OtherClaim": {"that is not copied", request, pending("", "cache", unscheduled), false},
		"Final": {"the source is stopped, and what runs again ends the final run by itself", final, pending("", "data",
			unscheduled), false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := tc.spec.checkGivesWay([]corev1.Pod{workerOf(tc.spec, task.RoleSource, "data"), tc.pod}, tc.spec.Volumes[0])
			if (got != nil) != tc.want || got != nil && got.Reason != api.ReasonPodPending {
				t.Errorf("%s: got %v, want one: %t", tc.reason, got, tc.want)
			}
		})
	}
}
