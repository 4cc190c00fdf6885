package cutover

import (
	"context"
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

// workloadResources are the kinds that run Pods and that a switch can stop.
var workloadResources = map[string]schema.GroupVersionResource{
	"Deployment":  {Group: "apps", Version: "v1", Resource: "deployments"},
	"StatefulSet": {Group: "apps", Version: "v1", Resource: "statefulsets"},
	"CronJob":     {Group: "batch", Version: "v1", Resource: "cronjobs"},
}

// isWorkload: a switch stops and starts it.
func isWorkload(r application.Ref) bool {
	resource, ok := workloadResources[r.Kind]
	return ok && resource.Group == r.Group
}

// isCronJob and isService: custom kinds may have these names, too.
func isCronJob(r application.Ref) bool { return r.Kind == "CronJob" && isWorkload(r) }

func isService(r application.Ref) bool { return r.Group == "" && r.Kind == "Service" }

// workloadKind is the kind of a workload in the version that a switch reads and writes.
func workloadKind(r application.Ref) schema.GroupVersionKind {
	return workloadResources[r.Kind].GroupVersion().WithKind(r.Kind)
}

// getWorkload reads a workload from the API server itself; nil when it is not there.
func getWorkload(ctx context.Context, c *cluster.Cluster, r application.Ref) (*unstructured.Unstructured, error) {
	u, err := c.Dynamic.Resource(workloadResources[r.Kind]).Namespace(c.Namespace).Get(ctx, r.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read %s at the %s: %w", r, c.Side, err)
	}
	return u, nil
}

// readWorkload turns what was read into what decisions are made of.
func readWorkload(w application.Workload, u *unstructured.Unstructured, self string) Workload {
	out := Workload{Workload: w}
	if u == nil {
		out.Missing, out.Stopped, out.Identity = true, true, "missing"
		return out
	}
	out.UID, out.Selector, out.Current = u.GetUID(), selector(u), values(u, self)
	out.Identity = fmt.Sprintf("%s/%d", u.GetUID(), u.GetGeneration())
	out.Stopped = stopped(u)
	if l, err := application.LedgerOf(u); err == nil && l != nil && l.Switch == self {
		out.Ledger, out.Written = true, l
	}
	if h := u.GetAnnotations()[api.HeldByAnnotation]; h != "" && h != self {
		out.Holder = h
	}
	return out
}

// selector of a workload's Pods; empty: it has none.
func selector(u *unstructured.Unstructured) string {
	m, found, err := unstructured.NestedMap(u.Object, "spec", "selector")
	if !found || err != nil {
		return ""
	}
	var s metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(m, &s); err != nil {
		return ""
	}
	return metav1.FormatLabelSelector(&s)
}

// values of a workload as they are now.
func values(u *unstructured.Unstructured, self string) application.Ledger {
	l := application.Ledger{Switch: self}
	if u.GetKind() == "CronJob" {
		s := stopped(u)
		l.Suspend = &s
		return l
	}
	n := int32(replicas(u))
	l.Replicas, l.Retention = &n, retention(u)
	return l
}

// allWorkloadResources in the order of their kinds.
func allWorkloadResources() []schema.GroupVersionResource {
	var out []schema.GroupVersionResource
	for _, kind := range slices.Sorted(maps.Keys(workloadResources)) {
		out = append(out, workloadResources[kind])
	}
	return out
}

// stopped: the workload asks for no Pods.
func stopped(u *unstructured.Unstructured) bool {
	if u.GetKind() == "CronJob" {
		s, _, _ := unstructured.NestedBool(u.Object, "spec", "suspend")
		return s
	}
	return replicas(u) == 0
}

// replicas that a Deployment or a StatefulSet asks for; absent means 1.
func replicas(u *unstructured.Unstructured) int64 {
	n, found, err := unstructured.NestedInt64(u.Object, "spec", "replicas")
	if err != nil || !found {
		return 1
	}
	return n
}

// keepsClaims: neither scaling down nor deleting the workload deletes claims.
func keepsClaims(u *unstructured.Unstructured) bool {
	for _, when := range []string{"whenScaled", "whenDeleted"} {
		if v, _, _ := unstructured.NestedString(u.Object, "spec", "persistentVolumeClaimRetentionPolicy", when); v == "Delete" {
			return false
		}
	}
	return true
}

// setStopped lets the workload ask for no Pods.
func setStopped(u *unstructured.Unstructured) error {
	if u.GetKind() == "CronJob" {
		return unstructured.SetNestedField(u.Object, true, "spec", "suspend")
	}
	return unstructured.SetNestedField(u.Object, int64(0), "spec", "replicas")
}

// settled: the workload's controller has seen the newest spec and runs nothing.
func settled(u *unstructured.Unstructured) bool {
	if u.GetKind() == "CronJob" {
		return true
	}
	seen, _, _ := unstructured.NestedInt64(u.Object, "status", "observedGeneration")
	running, _, _ := unstructured.NestedInt64(u.Object, "status", "replicas")
	return seen >= u.GetGeneration() && running == 0
}

// quiesceStep is the next change of one workload on its way to a stop. A StatefulSet whose
// claims would be deleted by the stop is told to keep them first, and only stopped after that
// was read back: the deletion of a claim cannot be undone. former are its values before the first
// change, as far as they are recorded.
func quiesceStep(u *unstructured.Unstructured, self string, former *application.Ledger) (*unstructured.Unstructured, error) {
	out := u.DeepCopy()
	if err := writeLedger(out, self, former); err != nil {
		return nil, err
	}
	if !keepsClaims(u) {
		retain := map[string]any{"whenScaled": "Retain", "whenDeleted": "Retain"}
		return out, unstructured.SetNestedMap(out.Object, retain, "spec", "persistentVolumeClaimRetentionPolicy")
	}
	return out, setStopped(out)
}

// writeLedger notes what a roll back needs, once: a ledger that is there already describes the
// state before the first change. Where another client has removed it, what is recorded counts and not
// the stopped state.
func writeLedger(u *unstructured.Unstructured, self string, former *application.Ledger) error {
	old, err := application.LedgerOf(u)
	if err != nil {
		return err
	}
	if old != nil {
		if old.Switch == self {
			return nil
		}
		return fmt.Errorf("%s/%s carries the ledger of another switch (UID %s)", u.GetKind(), u.GetName(), old.Switch)
	}
	l := values(u, self)
	if former != nil && stopped(u) && asksForPods(*former) {
		l.Replicas, l.Suspend = former.Replicas, former.Suspend
	}
	if former != nil && l.Retention == nil {
		l.Retention = former.Retention
	}
	a := u.GetAnnotations()
	if a == nil {
		a = map[string]string{}
	}
	a[api.LedgerAnnotation] = l.Encode()
	a[api.HeldByAnnotation] = self
	u.SetAnnotations(a)
	return nil
}

// restored gives a workload back what its ledger says, or, where another client has removed it, what
// is recorded, and removes the ledger in the same update.
func restored(u *unstructured.Unstructured, self string, former *application.Ledger) (*unstructured.Unstructured, error) {
	l, err := application.LedgerOf(u)
	if err != nil {
		return nil, err
	}
	if l == nil || l.Switch != self {
		if l = missingValues(u, self, former); l == nil {
			return nil, nil
		}
	}
	out := u.DeepCopy()
	if l.Replicas != nil {
		if err := unstructured.SetNestedField(out.Object, int64(*l.Replicas), "spec", "replicas"); err != nil {
			return nil, err
		}
	}
	if l.Suspend != nil {
		if err := unstructured.SetNestedField(out.Object, *l.Suspend, "spec", "suspend"); err != nil {
			return nil, err
		}
	}
	if l.Retention != nil {
		was := map[string]any{"whenScaled": string(l.Retention.WhenScaled), "whenDeleted": string(l.Retention.WhenDeleted)}
		if err := unstructured.SetNestedMap(out.Object, was, "spec", "persistentVolumeClaimRetentionPolicy"); err != nil {
			return nil, err
		}
	}
	a := out.GetAnnotations()
	delete(a, api.LedgerAnnotation)
	delete(a, api.HeldByAnnotation)
	out.SetAnnotations(a)
	return out, nil
}

// missingValues of a workload without a ledger: those of former that it has not; nil: none. One that
// runs with another number of replicas was started by another client, which knows better.
func missingValues(u *unstructured.Unstructured, self string, former *application.Ledger) *application.Ledger {
	holder := u.GetAnnotations()[api.HeldByAnnotation]
	if former == nil || holder != "" && holder != self {
		return nil
	}
	l := application.Ledger{Switch: self}
	if stopped(u) && asksForPods(*former) {
		l.Replicas, l.Suspend = former.Replicas, former.Suspend
	}
	if keepsClaims(u) {
		l.Retention = former.Retention
	}
	if l.Replicas == nil && l.Suspend == nil && l.Retention == nil {
		return nil
	}
	return &l
}

// retention policy of a StatefulSet's claims, when a stop has to change it.
func retention(u *unstructured.Unstructured) *appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy {
	if keepsClaims(u) {
		return nil
	}
	get := func(when string) appsv1.PersistentVolumeClaimRetentionPolicyType {
		v, _, _ := unstructured.NestedString(u.Object, "spec", "persistentVolumeClaimRetentionPolicy", when)
		if v == "" {
			v = "Retain"
		}
		return appsv1.PersistentVolumeClaimRetentionPolicyType(v)
	}
	return &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{WhenScaled: get("whenScaled"), WhenDeleted: get("whenDeleted")}
}
