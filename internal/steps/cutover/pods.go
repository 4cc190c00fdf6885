package cutover

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/podstate"
)

// owners are the objects between a workload and its Pods, as just read.
type owners struct {
	pods []corev1.Pod
	sets []appsv1.ReplicaSet
	jobs []batchv1.Job
}

// readOwners lists straight from the API server: a cache could hide a Pod that has just been
// made.
func readOwners(ctx context.Context, c *cluster.Cluster) (*owners, error) {
	pods, err := c.Kube.CoreV1().Pods(c.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("cannot list the Pods of the %s: %w", c.Side, err)
	}
	sets, err := c.Kube.AppsV1().ReplicaSets(c.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("cannot list the ReplicaSets of the %s: %w", c.Side, err)
	}
	jobs, err := c.Kube.BatchV1().Jobs(c.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("cannot list the Jobs of the %s: %w", c.Side, err)
	}
	return &owners{pods: pods.Items, sets: sets.Items, jobs: jobs.Items}, nil
}

// podOwner is a workload whose Pods are looked for: by what owns them, and where nothing does any more
// by its selector.
type podOwner struct {
	application.Ref
	Selector string
}

// remaining names what of the application still runs or is about to: Pods that mount one of
// the claims or belong to one of the workloads, and controllers that have not come to zero
// yet (they could still make a Pod).
func (o *owners) remaining(workloads []podOwner, claims []string) []string {
	var left []string
	ours := map[string]bool{}
	var selectors []labels.Selector
	for _, w := range workloads {
		ours[w.Kind+"/"+w.Name] = true
		if s, err := labels.Parse(w.Selector); err == nil && !s.Empty() {
			selectors = append(selectors, s)
		}
	}
	belongs := func(m metav1.Object) bool {
		if c := metav1.GetControllerOf(m); c != nil {
			return ours[c.Kind+"/"+c.Name]
		}
		return slices.ContainsFunc(selectors, func(s labels.Selector) bool { return s.Matches(labels.Set(m.GetLabels())) })
	}
	for _, s := range o.sets {
		if belongs(&s) {
			ours["ReplicaSet/"+s.Name] = true
			if s.Spec.Replicas == nil || *s.Spec.Replicas != 0 || s.Status.Replicas != 0 || s.Status.ObservedGeneration < s.Generation {
				left = append(left, "ReplicaSet/"+s.Name)
			}
		}
	}
	for _, j := range o.jobs {
		if c := metav1.GetControllerOf(&j); c != nil && ours[c.Kind+"/"+c.Name] {
			ours["Job/"+j.Name] = true
			if !jobFinished(&j) {
				left = append(left, "Job/"+j.Name)
			}
		}
	}
	for _, p := range o.pods {
		if isWorker(&p) || podstate.Ended(&p) {
			continue
		}
		uses := func(claim string) bool { return podstate.Mounts(&p, claim) }
		if belongs(&p) || slices.ContainsFunc(claims, uses) {
			left = append(left, "Pod/"+p.Name)
		}
	}
	slices.Sort(left)
	return left
}

func jobFinished(j *batchv1.Job) bool {
	return slices.ContainsFunc(j.Status.Conditions, func(c batchv1.JobCondition) bool {
		return c.Status == corev1.ConditionTrue && (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed)
	})
}

// isWorker: one of KubeMove's own workers; it is there because of the move.
func isWorker(p *corev1.Pod) bool {
	return p.Labels[api.ManagedByLabel] == api.ManagedByValue && p.Labels[api.PairLabel] != ""
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
	out = slices.Concat(out, before.remaining(started, claims), after.remaining(started, claims))
	slices.Sort(out)
	return slices.Compact(out)
}

// mayHaveStarted: the target was started, or whether it was is not known any more.
func (o *Observed) mayHaveStarted() bool { return o.progressLost() || o.Record.StartedAt != nil }
