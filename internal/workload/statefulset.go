package workload

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

type statefulSet struct{ scaled }

func (statefulSet) GVK() schema.GroupVersionKind {
	return appsv1.SchemeGroupVersion.WithKind("StatefulSet")
}

func (statefulSet) Resource() string { return "statefulsets" }

func (s statefulSet) Values(u *unstructured.Unstructured) Values {
	v := s.scaled.Values(u)
	v.Retention = retention(u)
	return v
}

func (s statefulSet) Restore(u *unstructured.Unstructured, v Values) error {
	if err := s.scaled.Restore(u, v); err != nil || v.Retention == nil {
		return err
	}
	was := map[string]any{"whenScaled": string(v.Retention.WhenScaled), "whenDeleted": string(v.Retention.WhenDeleted)}
	return unstructured.SetNestedMap(u.Object, was, "spec", retentionPolicy)
}

// Stop: a StatefulSet whose claims would be deleted by the stop is told to keep them first, and only
// stopped after that was read back: the deletion of a claim cannot be taken back.
func (s statefulSet) Stop(u *unstructured.Unstructured) error {
	if KeepsClaims(u) {
		return s.scaled.Stop(u)
	}
	retain := map[string]any{"whenScaled": "Retain", "whenDeleted": "Retain"}
	return unstructured.SetNestedMap(u.Object, retain, "spec", retentionPolicy)
}

// Ready: kstatus takes a StatefulSet with the strategy OnDelete for current before it looks at its Pods,
// and whether these have the newest template its owner decides. So it is asked without the strategy and
// the revisions.
func (statefulSet) Ready(u *unstructured.Unstructured) (bool, string) {
	strategy, _, _ := unstructured.NestedString(u.Object, "spec", "updateStrategy", "type")
	if strategy != string(appsv1.OnDeleteStatefulSetStrategyType) {
		return ready(u)
	}
	out := u.DeepCopy()
	unstructured.RemoveNestedField(out.Object, "spec", "updateStrategy")
	unstructured.RemoveNestedField(out.Object, "status", "currentRevision")
	unstructured.RemoveNestedField(out.Object, "status", "updateRevision")
	return ready(out)
}

const retentionPolicy = "persistentVolumeClaimRetentionPolicy"

// KeepsClaims says that neither scaling a workload down nor deleting it deletes claims. Only that of a
// StatefulSet may.
func KeepsClaims(u *unstructured.Unstructured) bool {
	for _, when := range []string{"whenScaled", "whenDeleted"} {
		if v, _, _ := unstructured.NestedString(u.Object, "spec", retentionPolicy, when); v == "Delete" {
			return false
		}
	}
	return true
}

// retention policy of the claims, when a stop has to change it.
func retention(u *unstructured.Unstructured) *appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy {
	if KeepsClaims(u) {
		return nil
	}
	get := func(when string) appsv1.PersistentVolumeClaimRetentionPolicyType {
		v, _, _ := unstructured.NestedString(u.Object, "spec", retentionPolicy, when)
		if v == "" {
			v = "Retain"
		}
		return appsv1.PersistentVolumeClaimRetentionPolicyType(v)
	}
	return &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{WhenScaled: get("whenScaled"), WhenDeleted: get("whenDeleted")}
}
