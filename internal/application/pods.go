package application

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/podstate"
)

// podPatience after the time by which a Pod should have been gone: the clocks differ, and its
// containers are killed only then.
const podPatience = time.Minute

// checkPods refuses Pods that stay for good and may run all the same: the switch would stop the
// application, wait for them in vain, and bring it back.
func checkPods(v *view) (out Findings) {
	for _, n := range v.x.ofKind(kindPod) {
		lost, late := isFinished(n), v.isLate(n)
		if n.own || !lost && !late {
			continue
		}
		pod := read[corev1.Pod](n)
		root, _ := v.x.root(n)
		uses := slices.ContainsFunc(n.mounts, func(mt mount) bool { return v.isIncluded(kindClaim, mt.claim) })
		switch {
		case podstate.Ended(pod) || !uses && !v.moves(root):
		case lost:
			out.AddBlocker(api.ReasonPodNotEnded, n.ref,
				"%s has failed, and it is not known whether its containers have ended: they may still run on the node %q; "+
					"expected a Pod that has ended; see to that node, then delete the Pod: kubectl -n %s delete pod %s",
				n.ref, pod.Spec.NodeName, n.obj.GetNamespace(), n.ref.Name)
		default:
			out.AddBlocker(api.ReasonPodNotEnded, n.ref,
				"%s was to be gone by %s and is still there: its containers may run on the node %q; expected a Pod that ends when it is deleted; %s",
				n.ref, pod.DeletionTimestamp.UTC().Format(time.RFC3339), pod.Spec.NodeName, whatHolds(pod))
		}
	}
	return out
}

// isLate says whether a Pod should be gone. Its deletionTimestamp is the time by which that should
// be, its grace period included.
func (v *view) isLate(pod *node) bool {
	by := pod.obj.GetDeletionTimestamp()
	return by != nil && !v.in.Now.IsZero() && v.in.Now.Sub(by.Time) > podPatience
}

// whatHolds a Pod that is being deleted, as a fix.
func whatHolds(pod *corev1.Pod) string {
	if len(pod.Finalizers) > 0 {
		return "see to that node, and to what is to take away its finalizers: " + strings.Join(pod.Finalizers, ", ")
	}
	return "see to that node and its kubelet"
}
