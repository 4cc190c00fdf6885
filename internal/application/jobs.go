package application

import (
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// jobPatience: a Job that runs nothing, and of which nothing was heard for so long, is stuck. The
// pauses that Kubernetes makes between two tries are shorter, and so is the start of most Jobs. One
// that is only about to run must be no blocker: the plan that is made when a switch begins would
// refuse it. A younger one that is stuck all the same fails the switch before it has stopped anything
// but CronJobs.
const jobPatience = 10 * time.Minute

// checkJobs looks at what a switch has to wait for when it has suspended the CronJobs.
func checkJobs(v *view) (out Findings) {
	for _, n := range v.x.ofKind(kindJob) {
		w := v.cronJobOf(n)
		if w == nil || n.own || isFinished(n) {
			continue
		}
		job, pods := read[batchv1.Job](n), v.podsOf(n.ref)
		if v.isStuck(job, pods) {
			out.AddBlocker(api.ReasonJobNotEnded, n.ref,
				"%s of %s has not ended and runs nothing: %s. A switch would wait for it in vain; "+
					"expected a Job that has ended, or runs; if it is not needed: kubectl -n %s delete job %s",
				n.ref, w.Ref, whyIdle(job, pods), n.obj.GetNamespace(), n.ref.Name)
			continue
		}
		when := "before it stops anything else"
		if w.MadeBy != nil {
			when = "with the application stopped"
		}
		out.AddWarning(n.ref,
			"%s of %s has not ended: a switch suspends the CronJob and waits for the Job %s, until quiesce.timeout", n.ref, w.Ref, when)
	}
	return out
}

// cronJobOf is the workload that has made a Job and is stopped by the switch; nil: there is none.
func (v *view) cronJobOf(job *node) *Workload {
	owner := metav1.GetControllerOfNoCopy(job.obj)
	if owner == nil {
		return nil
	}
	i := slices.IndexFunc(v.plan.Workloads, func(w Workload) bool { return w.kind() == kindCronJob && w.Ref == ownerRef(owner) })
	if i < 0 {
		return nil
	}
	return &v.plan.Workloads[i]
}

// podsOf a controller.
func (v *view) podsOf(ref Ref) []*corev1.Pod {
	var out []*corev1.Pod
	for _, n := range v.x.ofKind(kindPod) {
		if owner := metav1.GetControllerOfNoCopy(n.obj); owner != nil && ownerRef(owner) == ref {
			out = append(out, read[corev1.Pod](n))
		}
	}
	return out
}

// isStuck says whether a Job that has not ended runs nothing, and has not for long.
func (v *view) isStuck(job *batchv1.Job, pods []*corev1.Pod) bool {
	last := job.CreationTimestamp.Time
	heard := func(at metav1.Time) {
		if at.After(last) {
			last = at.Time
		}
	}
	if job.Status.StartTime != nil {
		heard(*job.Status.StartTime)
	}
	for _, pod := range pods {
		heard(pod.CreationTimestamp)
		for _, c := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
			if c.State.Running != nil {
				return false
			}
			for _, s := range []corev1.ContainerState{c.State, c.LastTerminationState} {
				if s.Terminated != nil {
					heard(s.Terminated.FinishedAt)
				}
			}
		}
	}
	return !v.in.Now.IsZero() && !last.IsZero() && v.in.Now.Sub(last) > jobPatience
}

// whyIdle says why a Job runs nothing.
func whyIdle(job *batchv1.Job, pods []*corev1.Pod) string {
	if job.Spec.Suspend != nil && *job.Spec.Suspend {
		return "it is suspended"
	}
	for _, pod := range pods {
		if pod.Status.Phase == corev1.PodPending {
			return "its Pod/" + pod.Name + " is Pending"
		}
	}
	return "no container of its Pods runs"
}
