package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/quota"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/internal/workload"
	"github.com/kubemove/kubemove/task"
)

// available is what a namespace leaves to those who come.
type available struct {
	// side and namespace that it is of.
	side, namespace string
	quotas          []corev1.ResourceQuota
	limits          []corev1.LimitRange
	// inUse is what the Pods of the pair's runs take now: they are gone before others come.
	inUse []quota.Item
}

// checkQuota adds a blocker for each quota that is too small: at the target for the application, when
// all of it is there, or for the workers that fill its claims before; at the source for the workers
// that read them while the application still runs.
func checkQuota(ctx context.Context, s transfer.Spec, p *application.Plan) error {
	if p.BlockedBy(api.ReasonNamespaceNotFound) {
		return nil
	}
	if err := checkSourceQuota(ctx, s, p); err != nil {
		return err
	}
	r, err := readAvailable(ctx, s.Target, s.PairUID, p)
	if err != nil || len(r.quotas) == 0 {
		return err
	}
	claims, err := repositoryNeeds(ctx, s, p)
	if err != nil {
		return err
	}
	workers, err := workerNeeds(s, task.RoleTarget, p, r.limits)
	if err != nil {
		return err
	}
	needs, err := appNeeds(p, r.limits, func(gvk schema.GroupVersionKind) (schema.GroupResource, bool) {
		m, err := s.Target.Mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
		if err != nil {
			return schema.GroupResource{}, false // That it is not served is told elsewhere.
		}
		return m.Resource.GroupResource(), true
	})
	if err != nil {
		return err
	}
	r.judge(p, "the application, with the repositories that KubeMove makes for it", append(needs, claims...))
	r.judge(p, "KubeMove's worker Pods, while the data is copied", workers)
	return nil
}

// readAvailable reads the quotas and limits. Without the right to, nothing is known of them.
func readAvailable(ctx context.Context, c *cluster.Cluster, pairUID string, p *application.Plan) (available, error) {
	r := available{side: c.Side, namespace: c.Namespace}
	quotas, err := c.Kube.CoreV1().ResourceQuotas(c.Namespace).List(ctx, metav1.ListOptions{})
	if err == nil && len(quotas.Items) == 0 {
		return r, nil
	}
	var limits *corev1.LimitRangeList
	if err == nil {
		r.quotas = quotas.Items
		limits, err = c.Kube.CoreV1().LimitRanges(c.Namespace).List(ctx, metav1.ListOptions{})
	}
	if cluster.KindOf(err) == cluster.Forbidden {
		p.AddWarning(application.Ref{}, "the account at the %s may not list ResourceQuotas and LimitRanges in namespace %s, "+
			"so KubeMove cannot tell whether there is room for the whole application and the worker Pods", c.Side, c.Namespace)
		return available{}, nil
	}
	if err != nil {
		return available{}, c.Wrap("list the ResourceQuotas and LimitRanges", err)
	}
	r.limits = limits.Items
	pods, err := c.Kube.CoreV1().Pods(c.Namespace).List(ctx,
		metav1.ListOptions{LabelSelector: api.PairLabel + "=" + pairUID + "," + api.RunLabel})
	if err != nil {
		return available{}, c.Wrap("list the worker Pods", err)
	}
	for i := range pods.Items {
		if phase := pods.Items[i].Status.Phase; phase != corev1.PodSucceeded && phase != corev1.PodFailed {
			r.inUse = append(r.inUse, quota.Pod(&pods.Items[i].Spec, 1, nil))
			if pods.Items[i].Labels[api.RoleLabel] == c.Side {
				r.inUse = append(r.inUse, secretsOfWorker())
			}
		}
	}
	return r, nil
}

// judge adds what of the quotas is too small for what is needed at the same time. That a single
// Pod or claim exceeds such a quota says the same, and goes.
func (r available) judge(p *application.Plan, who string, needs []quota.Item) {
	for i := range r.quotas {
		q := &r.quotas[i]
		short, known := quota.Shortages(q, needs, r.inUse)
		if !known {
			p.AddWarning(quotaRef(q),
				"the ResourceQuota %s at the %s has a scope that KubeMove cannot judge, so it cannot tell whether it leaves room",
				q.Name, r.side)
			continue
		}
		if len(short) == 0 {
			continue
		}
		p.Blockers = slices.DeleteFunc(p.Blockers, func(b api.Blocker) bool {
			bySide := api.ReasonRejected
			if r.side == cluster.SideSource {
				bySide = api.ReasonRejectedBySource
			}
			return b.Reason == bySide && strings.Contains(b.Message, "exceeded quota: "+q.Name+",")
		})
		p.AddBlocker(api.ReasonQuotaExceeded, quotaRef(q),
			"the ResourceQuota %s in the %s namespace %s is too small for %s: %s. "+
				"Raise it (kubectl -n %s edit resourcequota %s), or free what is used there",
			q.Name, r.side, r.namespace, who, describeShortages(short), r.namespace, q.Name)
	}
}

func describeShortages(list []quota.Shortage) string {
	var parts []string
	for _, s := range list {
		parts = append(parts, fmt.Sprintf("%s: needs %s, left %s of %s", s.Resource, s.Needs.String(), s.Left.String(), s.Hard.String()))
	}
	return strings.Join(parts, "; ")
}

func checkSourceQuota(ctx context.Context, s transfer.Spec, p *application.Plan) error {
	if !slices.ContainsFunc(p.Volumes, func(v application.Volume) bool { return v.Policy == api.ClaimCopy }) {
		return nil
	}
	r, err := readAvailable(ctx, s.Source, s.PairUID, p)
	if err != nil || len(r.quotas) == 0 {
		return err
	}
	workers, err := workerNeeds(s, task.RoleSource, p, r.limits)
	if err != nil {
		return err
	}
	r.judge(p, "KubeMove's worker Pods in addition to the application, while the data is copied", workers)
	return nil
}

// repositoryNeeds are the claims that KubeMove keeps in addition to the application's.
func repositoryNeeds(ctx context.Context, s transfer.Spec, p *application.Plan) ([]quota.Item, error) {
	s.Volumes = p.Volumes
	missing, err := transfer.MissingRepositories(ctx, s, p.ClaimClass)
	if err != nil {
		return nil, err
	}
	var out []quota.Item
	for i := range missing {
		out = append(out, quota.Claim(&missing[i].Spec, 1))
	}
	return out, nil
}

// workerNeeds are the worker Pods of a side: all at once, as the final run starts them before the
// application is stopped.
func workerNeeds(s transfer.Spec, role task.Role, p *application.Plan, limits []corev1.LimitRange) ([]quota.Item, error) {
	s.Volumes = p.Volumes
	pods, err := transfer.Workers(s, role)
	if err != nil {
		return nil, err
	}
	var out []quota.Item
	for i := range pods {
		out = append(out, quota.Pod(&pods[i].Spec, 1, limits), secretsOfWorker())
	}
	return out, nil
}

func secretsOfWorker() quota.Item {
	return quota.Objects(schema.GroupResource{Resource: "secrets"}, transfer.SecretsOfWorker)
}

// appNeeds is what the plan's objects take of the namespace, but those that are there already. resource is what
// objects of a kind are counted as.
func appNeeds(
	p *application.Plan, limits []corev1.LimitRange, resource func(schema.GroupVersionKind) (schema.GroupResource, bool),
) ([]quota.Item, error) {
	var out []quota.Item
	for i := range p.Objects {
		o := &p.Objects[i]
		if o.Cluster || slices.ContainsFunc(p.Target, func(there application.Present) bool { return there.Ref == o.Ref }) {
			continue
		}
		items, err := needsOf(o, p, limits)
		if err != nil {
			return nil, fmt.Errorf("cannot work out what %s needs: %w", o.Ref, err)
		}
		if items == nil {
			if r, ok := resource(o.Object.GroupVersionKind()); ok {
				items = []quota.Item{quota.Objects(r, 1)}
			}
		}
		out = append(out, items...)
	}
	return out, nil
}

// needsOf an object and what its controllers make of it; nil: it is one more of its kind and
// nothing else.
func needsOf(o *application.Object, p *application.Plan, limits []corev1.LimitRange) ([]quota.Item, error) {
	switch kindName(o.Ref) {
	case "PersistentVolumeClaim":
		var claim corev1.PersistentVolumeClaim
		err := decode(o.Object.Object, &claim)
		return []quota.Item{quota.Claim(&claim.Spec, 1)}, err
	case "Service":
		var service corev1.Service
		err := decode(o.Object.Object, &service)
		return []quota.Item{quota.Service(&service.Spec)}, err
	}
	k := o.Workload()
	if k == nil || k.Scheduled() {
		return nil, nil
	}
	counted := []quota.Item{quota.Objects(workload.GVR(k).GroupResource(), 1)}
	for _, between := range k.Between() {
		counted = append(counted, quota.Objects(between, 1))
	}
	return addPods(counted, o, p, limits)
}

// addPods adds the Pods of a workload, and the claims that are made with them.
func addPods(items []quota.Item, o *application.Object, p *application.Plan, limits []corev1.LimitRange) ([]quota.Item, error) {
	made := podOf(p, o)
	if made == nil {
		return items, nil
	}
	var pod corev1.Pod
	if err := decode(made.Object, &pod); err != nil {
		return nil, err
	}
	replicas := int64(workload.Replicas(&o.Object))
	items = append(items, quota.Pod(&pod.Spec, replicas, limits))
	for _, v := range pod.Spec.Volumes {
		if v.Ephemeral != nil && v.Ephemeral.VolumeClaimTemplate != nil {
			items = append(items, quota.Claim(&v.Ephemeral.VolumeClaimTemplate.Spec, replicas))
		}
	}
	return addTemplateClaims(items, o, p, replicas)
}

// addTemplateClaims adds those that the StatefulSet itself will make: the plan has the others.
func addTemplateClaims(items []quota.Item, o *application.Object, p *application.Plan, replicas int64) ([]quota.Item, error) {
	templates, _, err := unstructured.NestedSlice(o.Object.Object, "spec", "volumeClaimTemplates")
	if err != nil {
		return nil, err
	}
	for _, t := range templates {
		var claim corev1.PersistentVolumeClaim
		content, _ := t.(map[string]any)
		if err := decode(content, &claim); err != nil {
			return nil, err
		}
		missing := int64(0)
		for n := range replicas {
			if name := fmt.Sprintf("%s-%s-%d", claim.Name, o.Name, n); p.Claim(name) == nil && !requires(p, name) {
				missing++
			}
		}
		items = append(items, quota.Claim(&claim.Spec, missing))
	}
	return items, nil
}

// requires says whether the target must have the claim already.
func requires(p *application.Plan, claim string) bool {
	want := application.Ref{Kind: "PersistentVolumeClaim", Name: claim}
	return slices.ContainsFunc(p.Requires, func(r application.Required) bool { return r.Ref == want })
}

func decode(content map[string]any, out any) error {
	return runtime.DefaultUnstructuredConverter.FromUnstructured(content, out)
}

func quotaRef(q *corev1.ResourceQuota) application.Ref {
	return application.Ref{Kind: "ResourceQuota", Name: q.Name}
}
