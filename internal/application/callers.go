package application

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// callersOf are the services that the API server calls for a cluster-wide object: those of
// webhooks (https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers),
// or the one that serves an API group.
func callersOf(o *unstructured.Unstructured) []map[string]any {
	var out []map[string]any
	hooks, _, _ := unstructured.NestedSlice(o.Object, "webhooks")
	for _, h := range hooks {
		if hook, ok := h.(map[string]any); ok {
			if service, _, _ := unstructured.NestedMap(hook, "clientConfig", "service"); service != nil {
				out = append(out, service)
			}
		}
	}
	if service, _, _ := unstructured.NestedMap(o.Object, "spec", "service"); service != nil {
		out = append(out, service)
	}
	return out
}

// Calls says whether the API server calls a Service of the namespace for a webhook configuration
// or an APIService.
func Calls(o *unstructured.Unstructured, namespace string) bool {
	return slices.ContainsFunc(callersOf(o), func(s map[string]any) bool { return s["namespace"] == namespace })
}

// checkCallers warns of what goes on to call the application at the source when it has left. Once
// it is stopped, a webhook that must not fail refuses the requests of all clients.
func checkCallers(v *view) (out Findings) {
	callers := map[string][]string{}
	for _, o := range v.cluster {
		for _, service := range callersOf(o.obj) {
			name, _ := service["name"].(string)
			ref := Ref{Kind: kindService, Name: name}
			if _, moves := v.included[ref]; moves && service["namespace"] == v.in.SourceNamespace &&
				!slices.Contains(callers[name], o.ref.String()) {
				callers[name] = append(callers[name], o.ref.String())
			}
		}
	}
	for _, n := range v.includedNodes() {
		if by := callers[n.ref.Name]; n.ref.kind() == kindService && len(by) > 0 {
			out.AddWarning(n.ref, "%s is called by the API server of the source for %s, which stays: "+
				"while the application is stopped, and after it has moved, such a request fails; "+
				"delete it or point it elsewhere before the switch, and make one like it at the target", n.ref, strings.Join(by, ", "))
		}
	}
	return out
}
