package application

import (
	"encoding/json"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// Tools that apply manifests find out by two notes on an object which of its fields are theirs: the API
// server's list of field managers, and what kubectl apply has written down. Both belong to the source,
// so cleaning removes them; but without them the next release at the target conflicts with KubeMove,
// and what it drops stays.

// Origin is what says at the source whose the fields of an object are.
type Origin struct {
	// Managers of the fields, but for the status and other subresources.
	Managers []metav1.ManagedFieldsEntry `json:"managers,omitempty"`
	// LastApplied is what a client has applied last, as it has written it down.
	LastApplied string `json:"lastApplied,omitempty"`
}

// originOf an object of the source; nil: it says nothing.
func originOf(o *unstructured.Unstructured) *Origin {
	if o == nil {
		return nil
	}
	out := Origin{LastApplied: o.GetAnnotations()[corev1.LastAppliedConfigAnnotation]}
	for _, m := range o.GetManagedFields() {
		if m.Subresource == "" {
			out.Managers = append(out.Managers, m)
		}
	}
	if len(out.Managers) == 0 && out.LastApplied == "" {
		return nil
	}
	return &out
}

// annotationsSize is what the API server allows the annotations of an object, less some room for those
// of others.
const annotationsSize = 256<<10 - 4<<10

// AddLastApplied writes down on the object at the target what was applied last at the source, by the
// name and namespace of the target. It says whether that has changed anything.
func (o *Object) AddLastApplied(u *unstructured.Unstructured) bool {
	annotations := u.GetAnnotations()
	if o.Origin == nil || o.Origin.LastApplied == "" || annotations[corev1.LastAppliedConfigAnnotation] != "" {
		return false
	}
	applied := &unstructured.Unstructured{}
	if json.Unmarshal([]byte(o.Origin.LastApplied), &applied.Object) != nil || applied.Object == nil {
		return false // No client that applies could read it either.
	}
	applied.SetName(o.Name)
	if namespace := o.Object.GetNamespace(); namespace != "" {
		applied.SetNamespace(namespace)
	}
	text, err := json.Marshal(applied.Object)
	if err != nil {
		return false
	}
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[corev1.LastAppliedConfigAnnotation] = string(text) + "\n" // As kubectl writes it.
	size := 0
	for key, value := range annotations {
		size += len(key) + len(value)
	}
	if size > annotationsSize {
		return false
	}
	u.SetAnnotations(annotations)
	return true
}

// HandOver gives the fields of an object that one manager has written to those who have them at the
// source. live are the managers that the object has. What another client has written since stays that
// client's, and what has no manager at the source has none. Not changed: the manager has no fields.
func HandOver(
	live []metav1.ManagedFieldsEntry, origin *Origin, manager string,
) (managers []metav1.ManagedFieldsEntry, changed bool, err error) {
	written := map[string]*fieldpath.Set{} // By the version of the API.
	for _, m := range live {
		if m.Manager != manager || m.Subresource != "" {
			managers = append(managers, m)
			continue
		}
		changed = true
		fields, err := fieldsOf(m)
		if err != nil {
			return nil, false, err
		}
		if before := written[m.APIVersion]; before != nil {
			fields = fields.Union(before)
		}
		written[m.APIVersion] = fields
	}
	if !changed || origin == nil {
		return managers, changed, nil
	}
	for _, m := range origin.Managers {
		if m.Manager == manager {
			continue // Of an earlier move, or roll back.
		}
		fields, err := fieldsOf(m)
		if err != nil {
			return nil, false, err
		}
		// Fields of another version have other names. The API server converts them when it has to.
		if ours := written[m.APIVersion]; ours != nil {
			fields = fields.Intersection(ours)
		}
		if managers, err = give(managers, m, fields); err != nil {
			return nil, false, err
		}
	}
	return managers, true, nil
}

// give a manager fields, beside those that it has.
func give(managers []metav1.ManagedFieldsEntry, m metav1.ManagedFieldsEntry, fields *fieldpath.Set) ([]metav1.ManagedFieldsEntry, error) {
	if fields.Empty() {
		return managers, nil
	}
	i := slices.IndexFunc(managers, func(has metav1.ManagedFieldsEntry) bool { return isManager(has, m) })
	if i >= 0 {
		has, err := fieldsOf(managers[i])
		if err != nil {
			return nil, err
		}
		fields = fields.Union(has)
	}
	data, err := fields.ToJSON()
	if err != nil {
		return nil, fmt.Errorf("cannot encode the fields of %s: %w", m.Manager, err)
	}
	m.FieldsV1 = metav1.NewFieldsV1(string(data))
	if i < 0 {
		return append(managers, m), nil
	}
	managers = slices.Clone(managers)
	managers[i].FieldsV1 = m.FieldsV1
	return managers, nil
}

// isManager says whether two entries are those of one manager, as the API server tells them apart.
func isManager(a, b metav1.ManagedFieldsEntry) bool {
	return a.Manager == b.Manager && a.Operation == b.Operation && a.Subresource == b.Subresource &&
		(a.APIVersion == b.APIVersion || a.Operation == metav1.ManagedFieldsOperationApply)
}

func fieldsOf(m metav1.ManagedFieldsEntry) (*fieldpath.Set, error) {
	out := &fieldpath.Set{}
	if m.FieldsV1 == nil {
		return out, nil
	}
	if err := out.FromJSON(m.FieldsV1.GetRawReader()); err != nil {
		return nil, fmt.Errorf("cannot read the fields of the manager %s: %w", m.Manager, err)
	}
	return out, nil
}
