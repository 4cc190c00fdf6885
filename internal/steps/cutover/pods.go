package cutover

import (
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/podstate"
)

// owners are the objects between a workload and its Pods, as just read.
type owners struct {
	pods []corev1.Pod
	sets []appsv1.ReplicaSet
	jobs []batchv1.Job
}

// podOwner is a workload whose Pods are looked for: by what owns them, and where nothing does any more
// by its selector.
type podOwner struct {
	application.Ref
	Selector string
}

// podOwners are a workload of the source with each selector that its Pods may be found by: another
// client may have deleted it, or made it anew with other labels, and left its Pods.
func (s *switcher) podOwners(r *Record, w Workload) []podOwner {
	selectors := []string{w.Selector}
	if f := r.formerOf(w.Ref); f != nil && f.Selector != w.Selector {
		selectors = append(selectors, f.Selector)
	} else if w.Selector == "" && s.plan != nil {
		for i := range s.plan.Objects {
			if planned := &s.plan.Objects[i]; planned.SourceRef() == w.Ref {
				selectors = append(selectors, selector(&planned.Object))
			}
		}
	}
	var out []podOwner
	for _, text := range selectors {
		out = append(out, podOwner{Ref: w.Ref, Selector: text})
	}
	return out
}

// remaining names what of the application still runs or is about to: Pods that mount one of
// the claims or belong to one of the workloads, and controllers that have not come to zero
// yet (they could still make a Pod).
func (o *owners) remaining(workloads []podOwner, claims []string) []string {
	var left []string
	m := o.membersOf(workloads)
	for _, s := range o.sets {
		if m.belongs(&s) {
			m.ours["ReplicaSet/"+s.Name] = true
			if s.Spec.Replicas == nil || *s.Spec.Replicas != 0 || s.Status.Replicas != 0 || s.Status.ObservedGeneration < s.Generation {
				left = append(left, "ReplicaSet/"+s.Name)
			}
		}
	}
	for _, j := range o.jobs {
		if c := metav1.GetControllerOf(&j); c != nil && m.ours[c.Kind+"/"+c.Name] || c == nil && m.ofCronJob(j.Name) {
			m.ours["Job/"+j.Name] = true
			if !jobFinished(&j) {
				left = append(left, "Job/"+j.Name)
			}
		}
	}
	for _, p := range o.pods {
		if lineage.IsWork(p.Labels) || podstate.Ended(&p) {
			continue
		}
		uses := func(claim string) bool { return podstate.Mounts(&p, claim) }
		if m.belongs(&p) || slices.ContainsFunc(claims, uses) {
			left = append(left, "Pod/"+p.Name)
		}
	}
	slices.Sort(left)
	return left
}

// members tells what belongs to workloads: what one of them owns, and what has lost its owner and is
// found by a selector, or by the name that a CronJob gives its Jobs.
type members struct {
	// ours are owners, and there those that could be read, each as KIND/NAME.
	ours, there map[string]bool
	selectors   []labels.Selector
	cronJobs    []string
}

func (o *owners) membersOf(workloads []podOwner) *members {
	m := &members{ours: map[string]bool{}, there: map[string]bool{}}
	for _, w := range workloads {
		m.ours[w.Kind+"/"+w.Name] = true
		if isScheduled(w.Ref) {
			m.cronJobs = append(m.cronJobs, w.Name)
		}
		if s, err := labels.Parse(w.Selector); err == nil && !s.Empty() {
			m.selectors = append(m.selectors, s)
		}
	}
	for _, s := range o.sets {
		m.there["ReplicaSet/"+s.Name] = true
	}
	for _, j := range o.jobs {
		m.there["Job/"+j.Name] = true
	}
	return m
}

// belongs: it is a workload's. A Pod outlives its ReplicaSet or Job, when that was deleted, for as
// long as it takes to end.
func (m *members) belongs(o metav1.Object) bool {
	if c := metav1.GetControllerOf(o); c != nil {
		owner := c.Kind + "/" + c.Name
		between := c.Kind == "ReplicaSet" || c.Kind == "Job"
		if m.ours[owner] || !between || m.there[owner] {
			return m.ours[owner]
		}
		if c.Kind == "Job" && m.ofCronJob(c.Name) {
			return true
		}
	}
	return slices.ContainsFunc(m.selectors, func(s labels.Selector) bool { return s.Matches(labels.Set(o.GetLabels())) })
}

// ofCronJob: a Job of that name is one that a CronJob of the workloads makes, by the minute.
func (m *members) ofCronJob(name string) bool {
	return slices.ContainsFunc(m.cronJobs, func(cronJob string) bool {
		minute, is := strings.CutPrefix(name, cronJob+"-")
		return is && minute != "" && strings.Trim(minute, "0123456789") == ""
	})
}

// endedOn are the Pods that name one of the claims and have ended.
func (o *owners) endedOn(claims []string) []types.UID {
	var out []types.UID
	for i := range o.pods {
		p := &o.pods[i]
		if podstate.Ended(p) && !lineage.IsWork(p.Labels) &&
			slices.ContainsFunc(claims, func(claim string) bool { return podstate.Mounts(p, claim) }) {
			out = append(out, p.UID)
		}
	}
	return out
}

func sourceNames(volumes []application.Volume) []string {
	var out []string
	for _, v := range volumes {
		out = append(out, v.Name)
	}
	return out
}

func jobFinished(j *batchv1.Job) bool {
	return slices.ContainsFunc(j.Status.Conditions, func(c batchv1.JobCondition) bool {
		return c.Status == corev1.ConditionTrue && (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed)
	})
}

// left names what still runs of the target, or is about to, by what was read of the Pods before and
// after the workloads. It does not matter who made it: another client may have replaced what this
// switch has created, and Pods of a workload that was deleted may be left. As long as nothing was
// started only what mounts a claim counts.
func (o *Observed) left(before, after *owners) []string {
	var out, claims []string
	for _, c := range o.Claims {
		if !c.Used {
			claims = append(claims, c.Name)
		}
	}
	var started []podOwner
	for _, b := range slices.Concat(o.Objects, o.Made) {
		if !b.Workload || !b.Mine && !o.mayHaveStarted() {
			continue
		}
		switch asks := b.Exists && !b.Mine && !b.Stopped && !b.Runs; {
		case asks:
			out = append(out, b.Ref.String()+" (made by another client)")
		case b.Exists && b.Stopped && !b.Settled:
			out = append(out, b.Ref.String())
		}
		started = append(started, podOwner{Ref: b.Ref, Selector: b.Selector})
	}
	for _, w := range o.Workloads {
		if w.MadeBy != nil && o.mayHaveStarted() {
			started = append(started, podOwner{Ref: w.Ref, Selector: w.Selector})
		}
	}
	out = slices.Concat(out, before.remaining(started, claims), after.remaining(started, claims))
	slices.Sort(out)
	return slices.Compact(out)
}

// mayHaveStarted: the target was started, or whether it was is not known any more.
func (o *Observed) mayHaveStarted() bool { return o.progressLost() || o.Record.StartedAt != nil }
