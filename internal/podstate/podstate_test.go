package podstate

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestEnded(t *testing.T) {
	running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	ended := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1}}
	waits := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "PodInitializing"}}
	list := func(states ...corev1.ContainerState) []corev1.ContainerStatus {
		var out []corev1.ContainerStatus
		for _, s := range states {
			out = append(out, corev1.ContainerStatus{State: s})
		}
		return out
	}
	for name, c := range map[string]struct {
		reason string
		status corev1.PodStatus
		want   bool
	}{
		"Pending":   {"it may start at any moment", corev1.PodStatus{Phase: corev1.PodPending}, false},
		"Running":   {"it writes", corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: list(running)}, false},
		"Unknown":   {"it is not known", corev1.PodStatus{Phase: corev1.PodUnknown, ContainerStatuses: list(ended)}, false},
		"Unset":     {"it has just been made", corev1.PodStatus{}, false},
		"Succeeded": {"only the kubelet says so, and at the end", corev1.PodStatus{Phase: corev1.PodSucceeded}, true},
		"Failed": {"its kubelet has seen every container end",
			corev1.PodStatus{Phase: corev1.PodFailed, ContainerStatuses: list(ended, ended)}, true},
		"Evicted": {"as a kubelet reports it",
			corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted", ContainerStatuses: list(ended)}, true},
		"FailedInit": {"what waits for a failed start is never started",
			corev1.PodStatus{Phase: corev1.PodFailed, InitContainerStatuses: list(ended, waits), ContainerStatuses: list(waits)}, true},
		"LostNode": {"set by the control plane: the kubelet's last word is that it runs",
			corev1.PodStatus{Phase: corev1.PodFailed, ContainerStatuses: list(ended, running)}, false},
		"LostSidecar": {"a sidecar may write, too",
			corev1.PodStatus{Phase: corev1.PodFailed, InitContainerStatuses: list(running), ContainerStatuses: list(ended)}, false},
		"LostDebugger": {"and so may a person's debug container",
			corev1.PodStatus{Phase: corev1.PodFailed, EphemeralContainerStatuses: list(running), ContainerStatuses: list(ended)}, false},
		"NoWord": {"the kubelet has said nothing of containers", corev1.PodStatus{Phase: corev1.PodFailed}, false},
		"EmptyState": {"nothing known is not ended",
			corev1.PodStatus{Phase: corev1.PodFailed, ContainerStatuses: list(corev1.ContainerState{})}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Ended(&corev1.Pod{Status: c.status}); got != c.want {
				t.Errorf("%s: got %v, want %v", c.reason, got, c.want)
			}
		})
	}
}

func TestMounts(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web-0"}, Spec: corev1.PodSpec{Volumes: []corev1.Volume{
		{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{}}},
		{Name: "v", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}},
		{Name: "scratch", VolumeSource: corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{}}},
	}}}
	for claim, want := range map[string]bool{"data": true, "web-0-scratch": true, "v": false, "config": false, "cache": false} {
		if got := Mounts(pod, claim); got != want {
			t.Errorf("%s: got %v, want %v", claim, got, want)
		}
	}
}
