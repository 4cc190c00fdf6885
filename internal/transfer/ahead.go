package transfer

import (
	"encoding/json"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubemove/kubemove/internal/agent"
)

// Volumes of what is opened ahead: its task, and a result of its own, as one in the worker's place
// would be taken for that of the run.
const (
	aheadTask   = "ahead-task"
	aheadResult = "ahead-result"
	// aheadAnnotation of a worker's Pod holds the task.
	aheadAnnotation = "task.kubemove.io/open"
)

// opensAhead says whether the worker's Pod opens the state before it is told to go. To make a
// repository takes seconds, in which the application would be down. A place of the user's own was
// opened before the plan was approved.
func (s Spec) opensAhead(in podInput) bool {
	return in.Role == s.stateSide() && len(in.Mobilizer.Open) > 0 && in.Mobilizer.ManagedState()
}

// addAhead lets the init container that pulls the mobilizer's image run the mobilizer's verb open,
// too. What fails there the worker does again, and reports.
func addAhead(pod *corev1.Pod, s Spec, in podInput) error {
	data, err := json.Marshal(openTask(s, in))
	if err != nil {
		return fmt.Errorf("cannot encode the task of what is opened ahead: %w", err)
	}
	pod.Annotations[aheadAnnotation] = string(data)
	pod.Spec.Volumes = append(pod.Spec.Volumes, taskVolume(aheadTask, aheadAnnotation), emptyVolume(aheadResult, resultSize))
	c := &pod.Spec.InitContainers[1]
	c.Name = "open"
	c.Command = slices.Concat([]string{installed, "agent", agent.ArgPreOpen}, in.Mobilizer.Open)
	c.Resources, c.SecurityContext = pod.Spec.Containers[0].Resources, pod.Spec.Containers[0].SecurityContext
	for _, m := range pod.Spec.Containers[0].VolumeMounts {
		switch m.Name {
		case "volume":
			continue // Nothing is copied yet.
		case "task":
			m.Name = aheadTask
		case "result":
			m.Name = aheadResult
		}
		c.VolumeMounts = append(c.VolumeMounts, m)
	}
	return nil
}
