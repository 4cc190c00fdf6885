// Package podstate reads from a Pod's object what of it may still run. What stops an application
// and what copies its data have to agree on that.
package podstate

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Ended says whether nothing of the Pod runs any more and nothing of it will: its phase is final,
// and the kubelet has reported the end of each container. The phase Failed by itself does not say
// so. The control plane sets it when it has lost a node, on which the containers may well run
// (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-garbage-collection), and
// a kubelet that refuses a Pod when it starts anew sets it before it has ended the containers.
func Ended(pod *corev1.Pod) bool {
	switch pod.Status.Phase {
	case corev1.PodSucceeded:
		return true
	case corev1.PodFailed:
		s := pod.Status
		return len(s.ContainerStatuses) > 0 &&
			!slices.ContainsFunc(slices.Concat(s.InitContainerStatuses, s.ContainerStatuses, s.EphemeralContainerStatuses), mayRun)
	}
	return false
}

// mayRun says whether a container may run as far as the kubelet has told. One that waits does not:
// in a Pod that has failed it is never started again.
func mayRun(c corev1.ContainerStatus) bool {
	return c.State.Terminated == nil && c.State.Waiting == nil
}

// Mounts says whether the Pod names the claim as a volume. The claim of an ephemeral volume is
// named after the Pod.
func Mounts(pod *corev1.Pod, claim string) bool {
	return slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool {
		return v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == claim ||
			v.Ephemeral != nil && pod.Name+"-"+v.Name == claim
	})
}
