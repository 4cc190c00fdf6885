package transfer

import (
	"encoding/json"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubemove/kubemove/internal/agent"
)

// Volumes of what is opened before: its task, and a result of its own, as one in the worker's place
// would be taken for that of the run.
const (
	preOpenTask   = "pre-open-task"
	preOpenResult = "pre-open-result"
	// preOpenAnnotation of a worker's Pod holds the task.
	preOpenAnnotation = "task.kubemove.io/open"
)

// preOpens says whether the worker's Pod opens the state before it is told to go. To make a
// repository takes seconds, in which the application would be down. A place of the user's own was
// opened before the plan was approved.
func (s Spec) preOpens(in podInput) bool {
	return in.Role == s.stateSide() && len(in.Mobilizer.Open) > 0 && in.Mobilizer.ManagedState()
}

// addPreOpen lets the init container that pulls the mobilizer's image run the mobilizer's verb open,
// too. What fails there the worker does again, and reports.
func addPreOpen(pod *corev1.Pod, s Spec, in podInput) error {
	data, err := json.Marshal(openTask(s, in))
	if err != nil {
		return fmt.Errorf("cannot encode the task of what is opened before: %w", err)
	}
	pod.Annotations[preOpenAnnotation] = string(data)
	pod.Spec.Volumes = append(pod.Spec.Volumes, taskVolume(preOpenTask, preOpenAnnotation), emptyVolume(preOpenResult, resultSize))
	c := &pod.Spec.InitContainers[1]
	c.Name = "open"
	c.Command = slices.Concat([]string{installed, "agent", agent.ArgPreOpen}, in.Mobilizer.Open)
	c.Resources, c.SecurityContext = pod.Spec.Containers[0].Resources, pod.Spec.Containers[0].SecurityContext
	for _, m := range pod.Spec.Containers[0].VolumeMounts {
		switch m.Name {
		case "volume":
			continue // Nothing is copied yet.
		case "task":
			m.Name = preOpenTask
		case "result":
			m.Name = preOpenResult
		}
		c.VolumeMounts = append(c.VolumeMounts, m)
	}
	return nil
}
