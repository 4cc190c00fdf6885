package podstate

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Problem is the cluster's own word on why a Pod does not start; empty: it has none.
func Problem(pod *corev1.Pod) string {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return c.Reason + ": " + c.Message
		}
	}
	for _, c := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		w := c.State.Waiting
		if w == nil || w.Reason == "PodInitializing" || w.Reason == "ContainerCreating" || w.Reason == "" {
			continue
		}
		text := fmt.Sprintf("container %s (image %s): %s: %s", c.Name, c.Image, w.Reason, w.Message)
		if last := c.LastTerminationState.Terminated; last != nil {
			text += fmt.Sprintf(" (last ended with code %d, %s)", last.ExitCode, last.Reason)
		}
		return text
	}
	return ""
}

// EventTime is when an event was seen last.
func EventTime(e *corev1.Event) time.Time {
	for _, t := range []time.Time{e.LastTimestamp.Time, e.EventTime.Time, e.FirstTimestamp.Time} {
		if !t.IsZero() {
			return t
		}
	}
	return e.CreationTimestamp.Time
}
