package workload

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// scaled is what the kinds with spec.replicas have in common.
type scaled struct{}

func (scaled) Template() []string { return []string{"spec", "template"} }

func (scaled) Between() []schema.GroupResource { return nil }

func (scaled) Scheduled() bool { return false }

func (scaled) Values(u *unstructured.Unstructured) Values {
	n := Replicas(u)
	return Values{Replicas: &n}
}

func (scaled) Restore(u *unstructured.Unstructured, v Values) error {
	if v.Replicas == nil {
		return nil
	}
	return unstructured.SetNestedField(u.Object, int64(*v.Replicas), "spec", "replicas")
}

func (scaled) Stopped(u *unstructured.Unstructured) bool { return Replicas(u) == 0 }

func (scaled) Stop(u *unstructured.Unstructured) error {
	return unstructured.SetNestedField(u.Object, int64(0), "spec", "replicas")
}

func (scaled) Settled(u *unstructured.Unstructured) bool {
	seen, _, _ := unstructured.NestedInt64(u.Object, "status", "observedGeneration")
	running, _, _ := unstructured.NestedInt64(u.Object, "status", "replicas")
	return seen >= u.GetGeneration() && running == 0
}

func (scaled) Start(*unstructured.Unstructured) error { return nil }

func (scaled) Ready(u *unstructured.Unstructured) (bool, string) { return ready(u) }

// Replicas that an object of a scaled kind asks for; absent means 1.
func Replicas(u *unstructured.Unstructured) int32 {
	value, _, _ := unstructured.NestedFieldNoCopy(u.Object, "spec", "replicas")
	switch n := value.(type) {
	case int64:
		return int32(n)
	case float64: // Content that was decoded without the API machinery.
		return int32(n)
	}
	return 1
}
