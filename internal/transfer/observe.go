package transfer

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubemove/kubemove/internal/podstate"
	"github.com/kubemove/kubemove/task"
)

// side is what is observed of the worker of one side of a volume.
type side struct {
	// Exists, Terminating: the Pod object.
	Exists, Terminating bool
	// Scheduled: the Pod has a node.
	Scheduled bool
	// Agent runs: it can be dialled.
	Agent bool
	// Running: the mobilizer's container has started.
	Running bool
	// Exit of the mobilizer's container.
	Exit *exit
	// Lost is why the Pod has failed without its worker having ended.
	Lost string
	// Problem is why it does not start, as the cluster says it.
	Problem string

	// Connected, Started: the coordinator's session with the agent, and go received.
	Connected, Started bool
	// DialErr is why the last attempt to connect has failed.
	DialErr error
	// Status of the worker, of this run only.
	Status *task.Status
}

// ran tells whether the mobilizer's container has started.
func (s side) ran() bool { return s.Running || s.Exit != nil }

// atWork tells whether the worker was told to begin, by this coordinator or another one.
func (s side) atWork() bool { return s.Exists && !s.Terminating && (s.Started || s.Exit != nil) }

// exit is how the mobilizer's container has ended.
type exit struct {
	Code   int32
	Reason string
	At     time.Time
	// Memory that the container could have, if it was killed for it.
	Memory string
}

// oomKilled is the kubelet's word for a container whose memory was not enough.
const oomKilled = "OOMKilled"

// observePod reads the state of a worker out of its Pod.
func observePod(pod *corev1.Pod, runID string) side {
	if pod == nil {
		return side{}
	}
	out := side{Exists: true, Terminating: pod.DeletionTimestamp != nil, Scheduled: pod.Spec.NodeName != "",
		Problem: clip(podstate.Problem(pod))}
	for _, c := range pod.Status.InitContainerStatuses {
		if c.Name != agentContainer {
			continue
		}
		out.Agent = c.State.Running != nil
		out.Started = c.Started != nil && *c.Started
		if t := c.State.Terminated; t != nil && t.Message != "" {
			out.Status = decodeStatus(t.Message, runID)
		}
	}
	for _, c := range pod.Status.ContainerStatuses {
		if c.Name != workerContainer {
			continue
		}
		out.Running = c.State.Running != nil
		if t := c.State.Terminated; t != nil && !neverRan(t) {
			out.Exit = &exit{Code: t.ExitCode, Reason: t.Reason, At: t.FinishedAt.Time}
			if t.Reason == oomKilled {
				out.Exit.Memory = memoryLimit(pod, workerContainer)
			}
		}
	}
	if pod.Status.Phase == corev1.PodFailed && out.Exit == nil {
		out.Lost = strings.TrimSuffix(fmt.Sprintf("the Pod has failed: %s: %s", orUnknown(pod.Status.Reason), pod.Status.Message), ": ")
	}
	return out
}

// memoryLimit of a container; empty: it has none.
func memoryLimit(pod *corev1.Pod, container string) string {
	for _, c := range pod.Spec.Containers {
		if limit, ok := c.Resources.Limits[corev1.ResourceMemory]; ok && c.Name == container {
			return limit.String()
		}
	}
	return ""
}

// neverRan tells the mark of a kubelet that lost track of a container from a real end.
func neverRan(t *corev1.ContainerStateTerminated) bool {
	return t.Reason == "ContainerStatusUnknown"
}

func orUnknown(s string) string {
	if s == "" {
		return "Unknown"
	}
	return s
}

// decodeStatus of a termination message; nil for anything but a status of the run.
func decodeStatus(message, runID string) *task.Status {
	s, err := task.DecodeStatus([]byte(message))
	if err != nil || s.RunID != runID {
		return nil
	}
	return s
}

// clip keeps a foreign text short.
func clip(text string) string {
	const limit = 400
	return task.Cut(strings.TrimSuffix(strings.Join(strings.Fields(text), " "), ":"), limit)
}
