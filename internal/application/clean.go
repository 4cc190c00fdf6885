package application

import (
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// clean copies an object without what belongs to the source cluster.
func clean(o *unstructured.Unstructured) *unstructured.Unstructured {
	out := o.DeepCopy()
	kind := RefOf(o).kind()
	for _, r := range cleanRules {
		if r.kind == "" || r.kind == kind {
			remove(out.Object, r.path, func(at map[string]any) bool {
				return r.keep != nil && r.keep(o.Object, at)
			})
		}
	}
	for _, field := range []string{"annotations", "labels"} {
		dropEmpty(out.Object, "metadata", field)
	}
	for _, template := range claimTemplates(out) {
		dropEmpty(template, "metadata", "annotations")
	}
	dropEmpty(out.Object, "secrets")
	dropEmpty(out.Object, "imagePullSecrets")
	return out
}

// remove takes the field at path out of content, in every item where the path crosses a list.
func remove(content map[string]any, path []string, keep func(at map[string]any) bool) {
	field, rest := path[0], path[1:]
	switch {
	case len(rest) == 0:
		removeKeys(content, field, keep)
	case rest[0] == "[]":
		items, _ := content[field].([]any)
		if items == nil {
			return
		}
		content[field] = removeInItems(items, rest[1:], keep)
	default:
		if inner, ok := content[field].(map[string]any); ok {
			remove(inner, rest, keep)
		}
	}
}

func removeKeys(content map[string]any, field string, keep func(at map[string]any) bool) {
	prefix, many := strings.CutSuffix(field, "*")
	for key := range content {
		if key == field || many && strings.HasPrefix(key, prefix) {
			if !keep(content) {
				delete(content, key)
			}
		}
	}
}

// removeInItems follows the path into each item; at its end the items themselves go.
func removeInItems(items []any, path []string, keep func(at map[string]any) bool) []any {
	out := make([]any, 0, len(items))
	for _, item := range items {
		inner, ok := item.(map[string]any)
		if ok && len(path) > 0 {
			remove(inner, path, keep)
		}
		if len(path) > 0 || !ok || keep(inner) {
			out = append(out, item)
		}
	}
	return out
}

// dropEmpty removes a map or list that has nothing in it any more.
func dropEmpty(content map[string]any, path ...string) {
	value, found, err := unstructured.NestedFieldNoCopy(content, path...)
	if err != nil || !found {
		return
	}
	switch v := value.(type) {
	case map[string]any:
		if len(v) > 0 {
			return
		}
	case []any:
		if len(v) > 0 {
			return
		}
	}
	unstructured.RemoveNestedField(content, path...)
}

func isHeadless(o, _ map[string]any) bool {
	ip, _, _ := unstructured.NestedString(o, "spec", "clusterIP")
	return ip == corev1.ClusterIPNone
}

func isHandMade(o, item map[string]any) bool {
	name, _ := item["name"].(string)
	account, _, _ := unstructured.NestedString(o, "metadata", "name")
	return !strings.HasPrefix(name, account+"-") || !generatedSecret.MatchString(name)
}

func isNoToken(o, _ map[string]any) bool {
	return o["type"] != string(corev1.SecretTypeServiceAccountToken)
}

// isExplicitNodePort says whether a user asked for the node port, or the cluster chose it.
// Asked for: kubectl apply wrote it down, or a client owns the field; ports that the cluster
// allocates have no manager. A manifest that no server has stored holds nothing but what
// a user wrote.
func isExplicitNodePort(o, port map[string]any) bool {
	uid, _, _ := unstructured.NestedString(o, "metadata", "uid")
	return uid == "" || appliedNodePort(o, port) || ownedNodePort(o, port)
}

// explicitAddress is the address that a user asked for, by the same signs; empty: none. It
// does not move: an address belongs to the ranges of the source cluster.
func explicitAddress(o map[string]any) string {
	ip, _, _ := unstructured.NestedString(o, "spec", "clusterIP")
	if ip == "" || ip == corev1.ClusterIPNone {
		return ""
	}
	service := appliedService(o)
	if service != nil && service.Spec.ClusterIP == ip || owned(o, "f:spec", "f:clusterIP") {
		return ip
	}
	return ""
}

// appliedService is what kubectl apply wrote down; nil: nothing.
func appliedService(o map[string]any) *corev1.Service {
	applied, _, _ := unstructured.NestedString(o, "metadata", "annotations", corev1.LastAppliedConfigAnnotation)
	var service corev1.Service
	if applied == "" || json.Unmarshal([]byte(applied), &service) != nil {
		return nil
	}
	return &service
}

func appliedNodePort(o, port map[string]any) bool {
	service := appliedService(o)
	if service == nil {
		return false
	}
	number, _, _ := unstructured.NestedInt64(port, "nodePort")
	for _, p := range service.Spec.Ports {
		if p.NodePort != 0 && int64(p.NodePort) == number {
			return true
		}
	}
	return false
}

func ownedNodePort(o, port map[string]any) bool {
	number, _, _ := unstructured.NestedInt64(port, "port")
	protocol, _, _ := unstructured.NestedString(port, "protocol")
	if protocol == "" {
		protocol = string(corev1.ProtocolTCP)
	}
	key := fmt.Sprintf(`k:{"port":%d,"protocol":%q}`, number, protocol)
	return owned(o, "f:spec", "f:ports", key, "f:nodePort")
}

// owned says whether a client has written the field, as the API server notes it.
func owned(o map[string]any, field ...string) bool {
	managers, _, _ := unstructured.NestedSlice(o, "metadata", "managedFields")
	for _, manager := range managers {
		manager, _ := manager.(map[string]any)
		if manager["subresource"] != nil && manager["subresource"] != "" {
			continue
		}
		if _, found, _ := unstructured.NestedFieldNoCopy(manager, append([]string{"fieldsV1"}, field...)...); found {
			return true
		}
	}
	return false
}
