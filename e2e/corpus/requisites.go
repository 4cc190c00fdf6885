package corpus

import (
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// requisites are the cluster-wide objects that the manifests name, as the administrators of both
// clusters would have created them.
func requisites(objects []unstructured.Unstructured) []unstructured.Unstructured {
	names := map[[2]string]bool{{"StorageClass", defaultClass}: true}
	for i := range objects {
		collectNames(objects[i].Object, names)
		if ref, _ := nested(&objects[i], "roleRef"); text(&objects[i], "roleRef", "kind") == "ClusterRole" && ref != nil {
			names[[2]string{"ClusterRole", text(&objects[i], "roleRef", "name")}] = true
		}
	}
	var out []unstructured.Unstructured
	for name := range names {
		if u := clusterWide(name[0], name[1]); u != nil {
			out = append(out, *u)
		}
	}
	return out
}

// defaultClass is the StorageClass of claims that name none.
const defaultClass = "standard"

// namingFields are the fields that name a cluster-wide object, and its kind.
var namingFields = map[string]string{
	"storageClassName": "StorageClass", "volume.beta.kubernetes.io/storage-class": "StorageClass",
	"volumeAttributesClassName": "VolumeAttributesClass",
	"priorityClassName":         "PriorityClass", "runtimeClassName": "RuntimeClass", "ingressClassName": "IngressClass",
}

func collectNames(value any, names map[[2]string]bool) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			collectNames(item, names)
		}
	case map[string]any:
		for field, item := range v {
			name, isText := item.(string)
			if kind := namingFields[field]; kind != "" && isText && name != "" {
				names[[2]string{kind, name}] = true
			}
			collectNames(item, names)
		}
	}
}

func clusterWide(kind, name string) *unstructured.Unstructured {
	var content map[string]any
	switch kind {
	case "StorageClass":
		content = map[string]any{"apiVersion": "storage.k8s.io/v1", "provisioner": "disk.example.com",
			"volumeBindingMode": "WaitForFirstConsumer"}
	case "VolumeAttributesClass":
		content = map[string]any{"apiVersion": "storage.k8s.io/v1", "driverName": "disk.example.com",
			"parameters": map[string]any{"iops": "3000"}}
	case "PriorityClass":
		if strings.HasPrefix(name, "system-") {
			return nil // The API server has its own.
		}
		content = map[string]any{"apiVersion": "scheduling.k8s.io/v1", "value": int64(1000)}
	case "RuntimeClass":
		content = map[string]any{"apiVersion": "node.k8s.io/v1", "handler": "runc"}
	case "IngressClass":
		content = map[string]any{"apiVersion": "networking.k8s.io/v1", "spec": map[string]any{"controller": "ingress.example.com/controller"}}
	case "ClusterRole":
		content = map[string]any{"apiVersion": "rbac.authorization.k8s.io/v1", "rules": []any{}}
	}
	out := &unstructured.Unstructured{Object: content}
	out.SetKind(kind)
	out.SetName(name)
	if kind == "StorageClass" && name == defaultClass {
		out.SetAnnotations(map[string]string{"storageclass.kubernetes.io/is-default-class": "true"})
	}
	return out
}

// furniture is what controllers put into every namespace.
func furniture(namespace string) []unstructured.Unstructured {
	account, bundle := unstructured.Unstructured{Object: map[string]any{}},
		unstructured.Unstructured{Object: map[string]any{"data": map[string]any{"ca.crt": "none"}}}
	account.SetGroupVersionKind(gvk("v1", "ServiceAccount"))
	account.SetName("default")
	bundle.SetGroupVersionKind(gvk("v1", "ConfigMap"))
	bundle.SetName("kube-root-ca.crt")
	account.SetNamespace(namespace)
	bundle.SetNamespace(namespace)
	return []unstructured.Unstructured{account, bundle}
}

// definition makes the API server serve a kind that it does not know: the author of such a
// manifest has its operator.
func definition(kind schema.GroupVersionKind) *unstructured.Unstructured {
	plural, singular := meta.UnsafeGuessKindToResource(kind)
	out := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"spec": map[string]any{
			"group": kind.Group, "scope": scopeOf(kind.Kind),
			"names": map[string]any{"kind": kind.Kind, "listKind": kind.Kind + "List", "plural": plural.Resource, "singular": singular.Resource},
			"versions": []any{map[string]any{"name": kind.Version, "served": true, "storage": true, "schema": map[string]any{
				"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true},
			}}},
		},
	}}
	out.SetName(plural.Resource + "." + kind.Group)
	if strings.HasSuffix(kind.Group, "k8s.io") || strings.HasSuffix(kind.Group, "kubernetes.io") {
		out.SetAnnotations(map[string]string{"api-approved.kubernetes.io": "unapproved, for a test"})
	}
	return out
}

// scopeOf guesses by the custom that cluster-wide kinds are called ClusterSomething.
func scopeOf(kind string) string {
	if strings.HasPrefix(kind, "Cluster") && kind != "Cluster" {
		return "Cluster"
	}
	return "Namespaced"
}
