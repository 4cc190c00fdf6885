package application

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Timing is how long the application presumably takes to stop and to start, in seconds.
type Timing struct {
	// StopSeconds: until its Pods are gone.
	StopSeconds int64 `json:"stopSeconds,omitempty"`
	// StartSeconds: from the creation of its workloads until they are ready.
	StartSeconds int64 `json:"startSeconds,omitempty"`
}

const (
	// usualStop is how long a Pod takes to be gone when its program ends as soon as it is told to: the kubelet takes
	// most of it. How long a program needs that has more to do is not known before its first stop.
	usualStop = 2
	// usualStart is how long a Pod takes to become ready of which there is none to be looked at, and usualSetup the
	// part until its containers begin.
	usualStart = 5
	usualSetup = 1
	// longestStart of which a Pod's own times are believed: one that was ready, was not for a moment and is again says
	// when it was so last, and nothing of its start. The same goes for longestSetup and its sandbox.
	longestStart = 10 * time.Minute
	longestSetup = 2 * time.Minute
)

// timing of the application. Its workloads are stopped all at once, and created all at once: the slowest counts.
func (v *view) timing() (out Timing) {
	pods := v.podsByMaker()
	for i := range v.plan.Workloads {
		w := &v.plan.Workloads[i]
		n := v.x.byRef[w.Ref]
		if isScheduled(w.kind()) || n == nil || n.template == nil {
			continue
		}
		if w.Replicas > 0 {
			out.StopSeconds = max(out.StopSeconds, stopSeconds(n.obj, &n.template.Spec, int64(w.Replicas)))
		}
		if !v.dataOnly() {
			out.StartSeconds = max(out.StartSeconds, v.startSeconds(n, w, pods[w.Ref]))
		}
	}
	return out
}

// stopSeconds of a workload.
func stopSeconds(obj *unstructured.Unstructured, spec *corev1.PodSpec, replicas int64) int64 {
	grace := int64(usualGrace)
	if g := spec.TerminationGracePeriodSeconds; g != nil {
		grace = *g
	}
	sleeps := int64(0)
	for _, c := range containers(spec) {
		if l := c.Lifecycle; l != nil && l.PreStop != nil && l.PreStop.Sleep != nil {
			sleeps = max(sleeps, l.PreStop.Sleep.Seconds)
		}
	}
	return turns(obj, replicas) * min(sleeps+usualStop, max(grace, 1))
}

// turns in which the Pods of a workload stop, or start.
func turns(obj *unstructured.Unstructured, replicas int64) int64 {
	if isOrdered(obj) {
		return replicas
	}
	return 1
}

// startSeconds of a workload at the target, by its Pods at the source.
func (v *view) startSeconds(n *node, w *Workload, pods []*node) int64 {
	obj, replicas := n.obj, int64(w.Replicas)
	if o := v.plan.ofSource(w.Ref); o != nil {
		obj = &o.Object
	}
	if w.TargetReplicas != nil {
		replicas = int64(*w.TargetReplicas)
	}
	if replicas == 0 {
		return 0
	}
	slowest := time.Duration(-1)
	for _, pod := range pods {
		if took, ok := startTook(read[corev1.Pod](pod)); ok {
			slowest = max(slowest, took)
		}
	}
	if slowest < 0 {
		slowest = usualStart * time.Second
	}
	ready, _, _ := unstructured.NestedInt64(obj.Object, "spec", "minReadySeconds")
	return turns(obj, replicas)*wholeSeconds(slowest) + max(ready, 0)
}

// podsByMaker are the Pods of the namespace by what has made them, and by what has made that.
func (v *view) podsByMaker() map[Ref][]*node {
	out := map[Ref][]*node{}
	for _, n := range v.x.ofKind(kindPod) {
		up := n
		for range len(kinds) {
			owner := metav1.GetControllerOfNoCopy(up.obj)
			if owner == nil {
				break
			}
			ref := ownerRef(owner)
			out[ref] = append(out[ref], n)
			if up = v.x.byRef[ref]; up == nil {
				break
			}
		}
	}
	return out
}

// startTook is how long a Pod took to become ready, without the time in which its images were pulled: those the target
// has before the switch. Of one whose containers were started again it is the last start.
func startTook(pod *corev1.Pod) (time.Duration, bool) {
	ready, is := since(pod, corev1.PodReady)
	if !is {
		return 0, false
	}
	var began time.Time
	for _, c := range pod.Status.ContainerStatuses {
		if c.State.Running == nil {
			return 0, false
		}
		if at := c.State.Running.StartedAt.Time; at.After(began) {
			began = at
		}
	}
	program := max(ready.Sub(began), 0)
	if began.IsZero() || program > longestStart {
		return 0, false
	}
	return setupTook(pod) + initTook(pod) + program, true
}

// setupTook is how long it took until the volumes and the network of a Pod were there.
func setupTook(pod *corev1.Pod) time.Duration {
	at, is := since(pod, corev1.PodReadyToStartContainers)
	if begin := pod.Status.StartTime; is && begin != nil {
		if took := at.Sub(begin.Time); took >= 0 && took <= longestSetup {
			return took
		}
	}
	return usualSetup * time.Second
}

// initTook is how long the init containers of a Pod ran, one after the other. Sidecars go on.
func initTook(pod *corev1.Pod) (sum time.Duration) {
	for _, c := range pod.Status.InitContainerStatuses {
		if t := c.State.Terminated; t != nil {
			sum += max(t.FinishedAt.Sub(t.StartedAt.Time), 0)
		}
	}
	return sum
}

// since when a condition of a Pod is True.
func since(pod *corev1.Pod, kind corev1.PodConditionType) (time.Time, bool) {
	is := func(c corev1.PodCondition) bool { return c.Type == kind && c.Status == corev1.ConditionTrue }
	i := slices.IndexFunc(pod.Status.Conditions, is)
	if i < 0 {
		return time.Time{}, false
	}
	return pod.Status.Conditions[i].LastTransitionTime.Time, true
}
