package application

import (
	"fmt"
	"math"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// What the application says of its own times is compared with those of the switch, as far as they are
// known: one that does not fit ends in a roll back, with all the downtime in vain.

const (
	// usualGrace is the terminationGracePeriodSeconds that the API server fills in.
	usualGrace = 30
	// usualProgress is the progressDeadlineSeconds that it fills in: no user has chosen it.
	usualProgress = 600
)

// checkTimes warns of workloads that may end, or become ready, later than the switch waits.
func checkTimes(v *view) (out Findings) {
	for i := range v.plan.Workloads {
		w := &v.plan.Workloads[i]
		n := v.x.byRef[w.Ref]
		if isScheduled(w.kind()) {
			out = append(out, checkJobTimes(v, n, w)...)
			continue
		}
		if w.Replicas > 0 {
			out = append(out, checkGrace(v, n, int64(w.Replicas))...)
		}
		if !v.dataOnly() {
			out = append(out, checkStart(v, n, w)...)
		}
	}
	return out
}

// checkGrace compares how long the Pods of a workload may take to end with quiesce.timeout.
func checkGrace(v *view, n *node, replicas int64) (out Findings) {
	limit := wholeSeconds(v.in.QuiesceTimeout)
	grace := int64(usualGrace)
	if g := n.template.Spec.TerminationGracePeriodSeconds; g != nil {
		grace = *g
	}
	switch {
	case limit == 0:
	case grace >= limit:
		out.AddWarning(n.ref,
			"%s may take %ds to end (terminationGracePeriodSeconds), and a switch waits %ds for it (quiesce.timeout) before it rolls back: "+
				"raise quiesce.timeout, or shorten the grace period",
			n.ref, grace, limit)
	case isOrdered(n.obj) && replicas > 1 && (grace > usualGrace || hasPreStop(&n.template.Spec)) && replicas*grace >= limit:
		out.AddWarning(n.ref, "%s may take %ds to end (%d Pods one after the other, each with terminationGracePeriodSeconds %d), "+
			"and a switch waits %ds for it (quiesce.timeout) before it rolls back: "+
			"raise quiesce.timeout, or shorten the grace period", n.ref, replicas*grace, replicas, grace, limit)
	}
	return out
}

// isOrdered: the Pods of a StatefulSet start and end one after the other.
func isOrdered(o *unstructured.Unstructured) bool {
	policy, _, _ := unstructured.NestedString(o.Object, "spec", "podManagementPolicy")
	return o.GetKind() == "StatefulSet" && policy != string(appsv1.ParallelPodManagement)
}

func hasPreStop(spec *corev1.PodSpec) bool {
	for _, c := range containers(spec) {
		if c.Lifecycle != nil && c.Lifecycle.PreStop != nil {
			return true
		}
	}
	return false
}

// checkJobTimes compares how long the Jobs of a CronJob take with quiesce.timeout, which is how long a
// switch waits for one that runs. What its Jobs took says more than what they are allowed.
func checkJobTimes(v *view, n *node, w *Workload) (out Findings) {
	limit := v.in.QuiesceTimeout
	if limit == 0 {
		return nil
	}
	var longest *node
	var took time.Duration
	known := false
	for _, j := range v.x.ofKind(kindJob) {
		if v.cronJobOf(j) != w {
			continue
		}
		d, ended := v.jobTook(read[batchv1.Job](j))
		known = known || ended
		if d > took {
			longest, took = j, d
		}
	}
	const fix = "switch at a time when none runs, or raise quiesce.timeout"
	allowed := deadlineOf(read[batchv1.CronJob](n))
	switch {
	case took >= limit:
		out.AddWarning(longest.ref,
			"%s of %s took %ds or is at it for so long, and a switch waits %ds for one that runs (quiesce.timeout) before it gives up: %s",
			longest.ref, n.ref, wholeSeconds(took), wholeSeconds(limit), fix)
	case !known && !w.Suspended && allowed >= wholeSeconds(limit):
		out.AddWarning(n.ref, "Jobs of %s may take %ds (activeDeadlineSeconds), "+
			"and a switch waits %ds for one that runs (quiesce.timeout) before it gives up: %s", n.ref, allowed, wholeSeconds(limit), fix)
	}
	return out
}

// jobTook is how long a Job took, or takes until now; ended: it has come to its end.
func (v *view) jobTook(job *batchv1.Job) (took time.Duration, ended bool) {
	if job.Status.StartTime == nil {
		return 0, false
	}
	began := job.Status.StartTime.Time
	if done := job.Status.CompletionTime; done != nil {
		return done.Sub(began), true
	}
	for _, c := range job.Status.Conditions {
		if c.Type == batchv1.JobFailed && c.Status == corev1.ConditionTrue {
			return c.LastTransitionTime.Sub(began), true
		}
	}
	if v.in.Now.IsZero() || job.Spec.Suspend != nil && *job.Spec.Suspend {
		return 0, false
	}
	return v.in.Now.Sub(began), false
}

// deadlineOf the Jobs of a CronJob, or of their Pods, in seconds; 0: there is none.
func deadlineOf(c *batchv1.CronJob) int64 {
	deadline := int64(0)
	for _, d := range []*int64{c.Spec.JobTemplate.Spec.ActiveDeadlineSeconds, c.Spec.JobTemplate.Spec.Template.Spec.ActiveDeadlineSeconds} {
		if d != nil && (deadline == 0 || *d < deadline) {
			deadline = *d
		}
	}
	return deadline
}

// checkStart compares how long a workload takes to become ready at the target with healthTimeout.
func checkStart(v *view, n *node, w *Workload) (out Findings) {
	limit := wholeSeconds(v.in.HealthTimeout)
	obj, template, replicas := n.obj, n.template, int64(w.Replicas)
	if o := v.plan.ofSource(w.Ref); o != nil {
		// As a kustomization has left it.
		if t, err := podTemplate(&o.Object, o.kind()); err == nil && t != nil {
			obj, template = &o.Object, t
		}
	}
	if w.TargetReplicas != nil {
		replicas = int64(*w.TargetReplicas)
	}
	if limit == 0 || replicas == 0 {
		return out
	}
	s := startOf(obj, &template.Spec)
	turns, each := int64(1), ""
	if isOrdered(obj) && replicas > 1 {
		turns, each = replicas, fmt.Sprintf("%d Pods one after the other; each: ", replicas)
	}
	const fix = "raise switch.healthTimeout, or shorten that"
	switch {
	case s.least*turns >= limit:
		out.AddWarning(n.ref, "%s cannot be ready at the target before %ds have passed (%s%s), "+
			"and a switch waits %ds for it (healthTimeout) before it rolls back: %s",
			n.ref, s.least*turns, each, strings.Join(s.leastOf, ", "), limit, fix)
	case s.most*turns > limit:
		out.AddWarning(n.ref,
			"%s may take %ds to become ready at the target (%s%s), and a switch waits %ds for it (healthTimeout) before it rolls back: %s",
			n.ref, s.most*turns, each, strings.Join(s.mostOf, ", "), limit, fix)
	}
	return out
}

// start of one Pod, in seconds: it is ready after least at the earliest, and may take most. What
// these follow from is for people.
type start struct {
	least, most     int64
	leastOf, mostOf []string
}

// startOf a Pod: its sidecars start one after the other, its containers at once, and a controller
// waits until it has been ready for some time.
func startOf(obj *unstructured.Unstructured, spec *corev1.PodSpec) start {
	var out start
	for i := range spec.InitContainers {
		if c := &spec.InitContainers[i]; c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			out.add(startupOf(c))
		}
	}
	var slowest start
	for i := range spec.Containers {
		slowest.either(containerStart(&spec.Containers[i]))
	}
	out.add(slowest)
	if ready, found, _ := unstructured.NestedInt64(obj.Object, "spec", "minReadySeconds"); found && ready > 0 {
		of := []string{fmt.Sprintf("minReadySeconds %d", ready)}
		out.add(start{least: ready, most: ready, leastOf: of, mostOf: of})
	}
	if allowed, found, _ := unstructured.NestedInt64(obj.Object, "spec", "progressDeadlineSeconds"); found && allowed != usualProgress &&
		allowed < math.MaxInt32 && allowed > out.most {
		out.most, out.mostOf = allowed, []string{fmt.Sprintf("progressDeadlineSeconds %d", allowed)}
	}
	return out
}

func (s *start) add(o start) {
	s.least, s.most = s.least+o.least, s.most+o.most
	s.leastOf, s.mostOf = append(s.leastOf, o.leastOf...), append(s.mostOf, o.mostOf...)
}

// either takes what is longer.
func (s *start) either(o start) {
	if o.least > s.least {
		s.least, s.leastOf = o.least, o.leastOf
	}
	if o.most > s.most {
		s.most, s.mostOf = o.most, o.mostOf
	}
}

// startupOf a container: its startup probe may fail for as long as it says.
func startupOf(c *corev1.Container) start {
	p := c.StartupProbe
	if p == nil {
		return start{}
	}
	// The API server fills these in.
	period, failures := max(p.PeriodSeconds, 1), max(p.FailureThreshold, 1)
	s := start{least: int64(p.InitialDelaySeconds), most: int64(p.InitialDelaySeconds) + int64(period)*int64(failures)}
	if s.least > 0 {
		s.leastOf = []string{fmt.Sprintf("startupProbe of %s: initialDelaySeconds %d", c.Name, p.InitialDelaySeconds)}
	}
	s.mostOf = []string{fmt.Sprintf("startupProbe of %s: initialDelaySeconds %d, periodSeconds %d, failureThreshold %d",
		c.Name, p.InitialDelaySeconds, period, failures)}
	return s
}

// containerStart: a container is ready when its startup probe and then its readiness probe have
// succeeded.
func containerStart(c *corev1.Container) start {
	s := startupOf(c)
	p := c.ReadinessProbe
	if p == nil {
		return s
	}
	delay := int64(p.InitialDelaySeconds) + int64(max(p.PeriodSeconds, 1))*int64(max(p.SuccessThreshold, 1)-1)
	if delay == 0 {
		return s
	}
	of := fmt.Sprintf("readinessProbe of %s: initialDelaySeconds %d", c.Name, p.InitialDelaySeconds)
	if p.SuccessThreshold > 1 {
		of += fmt.Sprintf(", periodSeconds %d, successThreshold %d", p.PeriodSeconds, p.SuccessThreshold)
	}
	s.either(start{least: delay, most: delay, leastOf: []string{of}, mostOf: []string{of}})
	return s
}

// wholeSeconds of a duration, rounded up.
func wholeSeconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }
