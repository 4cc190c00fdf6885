package installation

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Definition is the kind of a definition of a kind.
const Definition = "CustomResourceDefinition"

// stages in which the kinds are applied. Metacontroller waits long for a kind that is not there when it looks, a Pod is not made
// without its account, and no controller begins before it may do its work.
var stages = [][]string{
	{"Namespace"},
	{Definition},
	{"ServiceAccount", "ClusterRole", "ClusterRoleBinding"},
	{"ConfigMap", "PodTemplate", "NetworkPolicy"},
	{"Deployment"},
	{"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"},
	{"CompositeController"},
}

func stageOf(o *unstructured.Unstructured) int {
	return slices.IndexFunc(stages, func(kinds []string) bool { return slices.Contains(kinds, o.GetKind()) })
}

// resources of the kinds.
var resources = map[string]schema.GroupVersionResource{
	"Namespace":                        {Version: "v1", Resource: "namespaces"},
	Definition:                         {Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"},
	"ServiceAccount":                   {Version: "v1", Resource: "serviceaccounts"},
	"ClusterRole":                      {Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"},
	"ClusterRoleBinding":               {Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings"},
	"ConfigMap":                        {Version: "v1", Resource: "configmaps"},
	"PodTemplate":                      {Version: "v1", Resource: "podtemplates"},
	"NetworkPolicy":                    {Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies"},
	"Deployment":                       {Group: "apps", Version: "v1", Resource: "deployments"},
	"ValidatingAdmissionPolicy":        {Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicies"},
	"ValidatingAdmissionPolicyBinding": {Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicybindings"},
	"CompositeController":              {Group: "metacontroller.k8s.io", Version: "v1alpha1", Resource: "compositecontrollers"},
}

// Resource of a kind that is installed.
func Resource(kind string) schema.GroupVersionResource { return resources[kind] }

// Removal are the objects in the order in which they are deleted, without the kinds: these are the last, each if it is empty. What is
// in the namespace goes with it, but for the Deployment: nothing may work on moves while what it needs is taken away.
func Removal(objects []unstructured.Unstructured) (rest, definitions []unstructured.Unstructured) {
	for _, o := range slices.Backward(objects) {
		switch {
		case o.GetKind() == Definition:
			definitions = append(definitions, o)
		case o.GetNamespace() == "" || o.GetKind() == "Deployment":
			rest = append(rest, o)
		}
	}
	return rest, definitions
}

// IsOurs says whether a definition that is there belongs to an installation of KubeMove: another Metacontroller may have those of
// the same name.
func IsOurs(o *unstructured.Unstructured) bool { return o.GetLabels()[PartOf] == PartOfValue }

// IsEstablished says whether a definition is served.
func IsEstablished(o *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	return slices.ContainsFunc(conditions, func(c any) bool {
		condition, _ := c.(map[string]any)
		return condition["type"] == "Established" && condition["status"] == "True"
	})
}

// Defined is the resource that a definition defines, in the version that it stores.
func Defined(o *unstructured.Unstructured) schema.GroupVersionResource {
	group, _, _ := unstructured.NestedString(o.Object, "spec", "group")
	plural, _, _ := unstructured.NestedString(o.Object, "spec", "names", "plural")
	versions, _, _ := unstructured.NestedSlice(o.Object, "spec", "versions")
	for _, v := range versions {
		version, _ := v.(map[string]any)
		if stored, _ := version["storage"].(bool); stored {
			name, _ := version["name"].(string)
			return schema.GroupVersionResource{Group: group, Version: name, Resource: plural}
		}
	}
	return schema.GroupVersionResource{Group: group, Resource: plural}
}

// Of a kind among the objects.
func Of(objects []unstructured.Unstructured, kind string) (out []unstructured.Unstructured) {
	for _, o := range objects {
		if o.GetKind() == kind {
			out = append(out, o)
		}
	}
	return out
}

// ImageOf a container of a Deployment; empty: it has none of that name.
func ImageOf(deployment *unstructured.Unstructured, container string) string {
	containers, _, _ := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", "containers")
	for _, c := range containers {
		if c, _ := c.(map[string]any); c["name"] == container {
			image, _ := c["image"].(string)
			return image
		}
	}
	return ""
}
