package render

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/metacontroller/apply"
	"github.com/kubemove/kubemove/internal/cli/installation"
)

// objects that are observed.
type objects []unstructured.Unstructured

// Get an object; nil: there is none.
func (l objects) Get(k hooks.Kind, namespace, name string) *unstructured.Unstructured {
	for _, o := range l.List(k, namespace) {
		if o.GetName() == name {
			return o
		}
	}
	return nil
}

// List the objects of a kind in a namespace, by name.
func (l objects) List(k hooks.Kind, namespace string) (out []*unstructured.Unstructured) {
	for i := range l {
		if o := &l[i]; o.GetAPIVersion() == k.APIVersion && o.GetKind() == k.Kind && o.GetNamespace() == namespace {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b *unstructured.Unstructured) int { return cmp.Compare(a.GetName(), b.GetName()) })
	return out
}

// kinds of the resources that hooks ask for, by their definitions. Nothing is written, so there is no cluster behind it.
type kinds struct {
	apply.Cluster
	definitions []unstructured.Unstructured
}

// Kind of a resource.
func (k kinds) Kind(apiVersion, resource string) (hooks.Kind, error) {
	for i := range k.definitions {
		d := installation.Defined(&k.definitions[i])
		if d.GroupVersion().String() == apiVersion && d.Resource == resource {
			kind, _, _ := unstructured.NestedString(k.definitions[i].Object, "spec", "names", "kind")
			return hooks.Kind{APIVersion: apiVersion, Kind: kind}, nil
		}
	}
	return hooks.Kind{}, fmt.Errorf("the hooks ask for %s %s, of which nothing is known here", apiVersion, resource)
}

// setDefaults of the fields that the definition of an object's kind has.
func setDefaults(o *unstructured.Unstructured, definitions []unstructured.Unstructured) {
	for i := range definitions {
		kind, _, _ := unstructured.NestedString(definitions[i].Object, "spec", "names", "kind")
		group, _, _ := unstructured.NestedString(definitions[i].Object, "spec", "group")
		if kind != o.GetKind() || group != o.GroupVersionKind().Group {
			continue
		}
		versions, _, _ := unstructured.NestedSlice(definitions[i].Object, "spec", "versions")
		for _, v := range versions {
			version, _ := v.(map[string]any)
			if version["name"] == o.GroupVersionKind().Version {
				properties, _, _ := unstructured.NestedMap(version, "schema", "openAPIV3Schema")
				fill(o.Object, properties)
			}
		}
	}
}

// fill what is missing in a value, as the API server does: a default counts where the object around it is there.
func fill(value any, in map[string]any) {
	switch v := value.(type) {
	case map[string]any:
		properties, _ := in["properties"].(map[string]any)
		for name, p := range properties {
			property, _ := p.(map[string]any)
			if _, has := v[name]; !has && property["default"] != nil {
				v[name] = runtime.DeepCopyJSONValue(property["default"])
			}
			fill(v[name], property)
		}
		if other, _ := in["additionalProperties"].(map[string]any); other != nil {
			for name := range v {
				if properties[name] == nil {
					fill(v[name], other)
				}
			}
		}
	case []any:
		items, _ := in["items"].(map[string]any)
		for i := range v {
			fill(v[i], items)
		}
	}
}
