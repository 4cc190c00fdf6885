package corpus

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// droppedFields of what a user wrote stay behind on purpose, as the rules of cleaning say:
// they mean something in the source cluster only. A "*" stands for the rest of a key, "[]" for
// each item.
var droppedFields = []string{
	"status", "metadata.namespace", "metadata.uid", "metadata.resourceVersion", "metadata.generation", "metadata.creationTimestamp",
	"metadata.managedFields", "metadata.generateName", "metadata.ownerReferences", "metadata.finalizers", "metadata.selfLink",
	"metadata.annotations.kubemove.io/*", "metadata.labels.kubemove.io/*",
	"metadata.annotations.kubectl.kubernetes.io/last-applied-configuration",
	"metadata.annotations.deployment.kubernetes.io/*",
	"metadata.annotations.pv.kubernetes.io/*", "metadata.annotations.volume.kubernetes.io/*",
	"metadata.annotations.volume.beta.kubernetes.io/*",
	"spec.volumeName", "spec.dataSource", "spec.dataSourceRef",
	// Older annotations name the class: the field for it is planned instead.
	"spec.volumeClaimTemplates[].metadata.annotations.volume.beta.kubernetes.io/*",
	"spec.volumeClaimTemplates[].spec.volumeName", "spec.volumeClaimTemplates[].spec.dataSource",
	"spec.volumeClaimTemplates[].spec.dataSourceRef",
	"spec.template.spec.nodeName", "spec.jobTemplate.spec.template.spec.nodeName",
	"spec.clusterIP", "spec.clusterIPs", "spec.healthCheckNodePort",
	// The account's namespace is the target's.
	"subjects[].namespace",
	// An autoscaler has set it since.
	"spec.replicas",
}

// isSourceField says whether a field must not be in a plan at all: the others that stay behind
// are there with another value.
func isSourceField(shape string, value any) bool {
	switch shape {
	case "metadata.namespace", "subjects[].namespace", "spec.replicas":
		return false
	case "spec.clusterIP", "spec.clusterIPs":
		return !strings.Contains(fmt.Sprint(value), "None")
	}
	return isDropped(shape)
}

// foreign lists what belongs to the source and is planned all the same: fields that stay behind,
// node ports that were not written, and the name of the source namespace.
func foreign(written, planned map[string]any, namespace string) []string {
	out := foreignAt("", "", planned, namespace)
	before, _, _ := unstructured.NestedSlice(written, "spec", "ports")
	after, _, _ := unstructured.NestedSlice(planned, "spec", "ports")
	for i := range min(len(before), len(after)) {
		w, _ := before[i].(map[string]any)
		p, _ := after[i].(map[string]any)
		if p["nodePort"] != nil && w["nodePort"] == nil {
			out = append(out, fmt.Sprintf("spec.ports[%d].nodePort: not asked for: %v", i, p["nodePort"]))
		}
	}
	return out
}

func foreignAt(path, shape string, value any, namespace string) []string {
	if isSourceField(shape, value) {
		return []string{fmt.Sprintf("%s: %s", path, brief(value))}
	}
	var out []string
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out = append(out, foreignAt(join(path, key), join(shape, key), v[key], namespace)...)
		}
	case []any:
		for i := range v {
			out = append(out, foreignAt(fmt.Sprintf("%s[%d]", path, i), shape+"[]", v[i], namespace)...)
		}
	case string:
		if v == namespace {
			out = append(out, fmt.Sprintf("%s: the source namespace %s", path, v))
		}
	}
	return out
}

// lost lists what a user wrote and the plan does not create: written is the manifest, stored
// what the API server made of it, planned what moves.
func lost(written, stored, planned map[string]any) []string {
	if written["apiVersion"] != planned["apiVersion"] {
		return nil // In another version the same thing has other fields; the other comparisons hold.
	}
	return lostAt("", "", written, stored, planned)
}

// lostAt compares at a path; shape is the path without the numbers of items.
func lostAt(path, shape string, written, stored, planned any) []string {
	if isDropped(shape) {
		return nil
	}
	switch stored := stored.(type) {
	case map[string]any:
		return lostInMap(path, shape, written, stored, planned)
	case []any:
		w, _ := written.([]any)
		p, ok := planned.([]any)
		if !ok || len(p) != len(stored) {
			return []string{fmt.Sprintf("%s: written %s, planned %s", path, brief(stored), brief(planned))}
		}
		var out []string
		for i := range min(len(w), len(stored)) {
			out = append(out, lostAt(fmt.Sprintf("%s[%d]", path, i), shape+"[]", w[i], stored[i], p[i])...)
		}
		return out
	}
	if reflect.DeepEqual(stored, planned) {
		return nil
	}
	return []string{fmt.Sprintf("%s: written %s, planned %s", path, brief(stored), brief(planned))}
}

func lostInMap(path, shape string, written any, stored map[string]any, planned any) []string {
	w, _ := written.(map[string]any)
	p, _ := planned.(map[string]any)
	var out []string
	for _, key := range slices.Sorted(maps.Keys(w)) {
		s, kept := stored[key]
		if !kept {
			continue // The API server has made something else of it, such as data of stringData.
		}
		at, form := join(path, key), join(shape, key)
		value, ok := p[key]
		if ok {
			out = append(out, lostAt(at, form, w[key], s, value)...)
		} else if !isDropped(form) && !allDropped(form, s) {
			out = append(out, fmt.Sprintf("%s: written %s, not planned", at, brief(s)))
		}
	}
	return out
}

func isDropped(shape string) bool {
	return slices.ContainsFunc(droppedFields, func(field string) bool {
		if prefix, ok := strings.CutSuffix(field, "*"); ok {
			return strings.HasPrefix(shape, prefix)
		}
		return shape == field
	})
}

// allDropped: a map all of whose keys stay behind goes with them.
func allDropped(shape string, value any) bool {
	m, ok := value.(map[string]any)
	if !ok {
		return false
	}
	for key := range m {
		if !isDropped(join(shape, key)) {
			return false
		}
	}
	return true
}
