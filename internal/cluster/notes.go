package cluster

import (
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Notes are what a switch writes at an endpoint apart from the application, its lock and its record, for a
// plan to ask about.
func (c *Cluster) Notes(h Holder) ([]unstructured.Unstructured, error) {
	lock := newLock(c.Namespace, h)
	lock.GetObjectKind().SetGroupVersionKind(coordinationv1.SchemeGroupVersion.WithKind("Lease"))
	record := newRecord(c.Namespace, h)
	record.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{Version: corev1.SchemeGroupVersion.Version, Kind: "ConfigMap"})
	if err := encodeRecord(record, struct{}{}); err != nil {
		return nil, err
	}
	var out []unstructured.Unstructured
	for _, o := range []runtime.Object{lock, record} {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
		if err != nil {
			return nil, err
		}
		out = append(out, unstructured.Unstructured{Object: content})
	}
	return out, nil
}
