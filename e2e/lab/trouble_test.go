package lab

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

func TestPodNotes(t *testing.T) {
	pod := func(phase corev1.PodPhase, cond corev1.PodCondition, containers ...corev1.ContainerStatus) *corev1.Pod {
		return &corev1.Pod{Status: corev1.PodStatus{Phase: phase, Conditions: []corev1.PodCondition{cond}, ContainerStatuses: containers}}
	}
	notReady := corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionFalse, Message: "no probe has succeeded"}
	ready := corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue}
	backOff := corev1.ContainerStatus{Name: "web", RestartCount: 3, State: corev1.ContainerState{
		Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}}
	for _, test := range []struct {
		reason string
		pod    *corev1.Pod
		want   string
	}{
		{"what has ended well is nothing to tell of", pod(corev1.PodSucceeded, notReady), ""},
		{"what runs is nothing to tell of", pod(corev1.PodRunning, ready), ""},
		{"the kubelet's words are kept", pod(corev1.PodRunning, notReady, backOff),
			" Ready: no probe has succeeded; web waits: CrashLoopBackOff ; web was restarted 3 times;"},
		{"a Pod of which nothing is said is the strangest", pod(corev1.PodPending, ready), " nothing is said of it"},
	} {
		t.Run(test.reason, func(t *testing.T) { require.Equal(t, test.want, podNotes(test.pod)) })
	}
}
