package apply

import (
	"bytes"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

const (
	// lastAppliedAnnotation is where Metacontroller keeps what it has applied.
	lastAppliedAnnotation = "metacontroller.k8s.io/last-applied-configuration"
	// selectorLabel is on every child, with the UID of its parent.
	selectorLabel = "controller-uid"
)

// Memory keeps what was applied last to a child.
type Memory interface {
	// Last is what was applied to an observed child; nil: nothing is known.
	Last(child *unstructured.Unstructured) (map[string]any, error)
	// Remember what is about to be written to a child with it.
	Remember(child *unstructured.Unstructured, applied map[string]any) error
}

// Annotation is Metacontroller's memory: it is on the child itself.
type Annotation struct{}

// Last reads the annotation.
func (Annotation) Last(child *unstructured.Unstructured) (map[string]any, error) {
	text := child.GetAnnotations()[lastAppliedAnnotation]
	if text == "" {
		return nil, nil
	}
	out := map[string]any{}
	if err := utiljson.Unmarshal([]byte(text), &out); err != nil {
		return nil, fmt.Errorf("cannot decode the annotation %s of %s %s: %w", lastAppliedAnnotation, child.GetKind(), child.GetName(), err)
	}
	return out, nil
}

// Remember writes the annotation.
func (Annotation) Remember(child *unstructured.Unstructured, applied map[string]any) error {
	text, err := json.Marshal(applied)
	if err != nil {
		return err
	}
	a := child.GetAnnotations()
	if a == nil {
		a = map[string]string{}
	}
	a[lastAppliedAnnotation] = string(text)
	child.SetAnnotations(a)
	return nil
}

// systemFields of the metadata belong to the API server.
var systemFields = []string{
	"selfLink", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
}

// updated is an observed child as it is desired.
func (l *Loop) updated(observed, desired *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	last, err := l.memory().Last(observed)
	if err != nil {
		return nil, err
	}
	out := &unstructured.Unstructured{Object: Merge(observed.Object, last, desired.Object)}
	for _, field := range systemFields {
		revert(out, observed, "metadata", field)
	}
	revert(out, observed, "status")
	return out, l.memory().Remember(out, desired.Object)
}

// revert a field to what it was.
func revert(o, was *unstructured.Unstructured, path ...string) {
	value, found, _ := unstructured.NestedFieldCopy(was.Object, path...)
	if !found {
		unstructured.RemoveNestedField(o.Object, path...)
		return
	}
	_ = unstructured.SetNestedField(o.Object, value, path...)
}

// created is a desired child as it is created.
func (l *Loop) created(parent, desired *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	out := desired.DeepCopy()
	if err := l.memory().Remember(out, desired.Object); err != nil {
		return nil, err
	}
	out.SetNamespace(parent.GetNamespace())
	out.SetOwnerReferences(append(out.GetOwnerReferences(), metav1.OwnerReference{
		APIVersion: parent.GetAPIVersion(), Kind: parent.GetKind(), Name: parent.GetName(), UID: parent.GetUID(),
		Controller: new(true), BlockOwnerDeletion: new(true),
	}))
	return out, nil
}

// label lets a desired child match the generated selector of its parent.
func label(parent, desired *unstructured.Unstructured) {
	labels := desired.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	if labels[selectorLabel] == "" {
		labels[selectorLabel] = string(parent.GetUID())
	}
	desired.SetLabels(labels)
}

// isChild: the parent owns the object and has labelled it.
func isChild(parent, o *unstructured.Unstructured) bool {
	owner := metav1.GetControllerOfNoCopy(o)
	return owner != nil && owner.UID == parent.GetUID() && o.GetLabels()[selectorLabel] == string(parent.GetUID())
}

// same compares what is written as JSON.
func same(a, b any) bool {
	x, err := json.Marshal(a)
	if err != nil {
		return false
	}
	y, err := json.Marshal(b)
	return err == nil && bytes.Equal(x, y)
}
