package corpus

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ageClaim binds a claim to a volume, as the provisioner of a waiting class does.
func (w *world) ageClaim(o *unstructured.Unstructured) {
	if text(o, "metadata", "annotations", "pv.kubernetes.io/bind-completed") == "" {
		volume := text(o, "spec", "volumeName")
		if volume == "" {
			volume = "pvc-" + string(o.GetUID())
		}
		w.patch(o, map[string]any{
			"metadata": map[string]any{"annotations": map[string]any{
				"pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes",
				"volume.kubernetes.io/selected-node":            "node-1",
				"volume.kubernetes.io/storage-provisioner":      "disk.example.com",
				"volume.beta.kubernetes.io/storage-provisioner": "disk.example.com",
			}},
			"spec": map[string]any{"volumeName": volume},
		})
	}
	if text(o, "status", "phase") == "Bound" {
		return
	}
	modes, _ := nested(o, "spec", "accessModes")
	size := text(o, "spec", "resources", "requests", "storage")
	w.statusAs(o, map[string]any{"phase": "Bound", "accessModes": modes, "capacity": map[string]any{"storage": size}})
}

// ageService: its endpoints are known, and a load balancer has an address.
func (w *world) ageService(o *unstructured.Unstructured) {
	selector, _ := nested(o, "spec", "selector")
	if s, _ := selector.(map[string]any); len(s) > 0 {
		w.create(endpoints(o))
		w.create(endpointSlice(o))
	}
	if text(o, "spec", "type") != "LoadBalancer" {
		return
	}
	const finalizer = "service.kubernetes.io/load-balancer-cleanup"
	if !strings.Contains(strings.Join(o.GetFinalizers(), " "), finalizer) {
		w.patch(o, map[string]any{"metadata": map[string]any{"finalizers": []any{finalizer}}})
	}
	w.annotate(o,
		map[string]any{"metallb.io/ip-allocated-from-pool": "pool", "cloud.google.com/neg-status": "{}", "field.cattle.io/publicEndpoints": "[]"})
	w.balance(o)
}

// annotate adds annotations, unless they are there.
func (w *world) annotate(o *unstructured.Unstructured, annotations map[string]any) {
	for key := range annotations {
		if o.GetAnnotations()[key] == "" {
			w.patch(o, map[string]any{"metadata": map[string]any{"annotations": annotations}})
			return
		}
	}
}

// balance gives an object the address of a load balancer.
func (w *world) balance(o *unstructured.Unstructured) {
	if _, done := nested(o, "status", "loadBalancer", "ingress"); !done {
		w.statusAs(o, map[string]any{"loadBalancer": map[string]any{"ingress": []any{map[string]any{"ip": "203.0.113.7"}}}})
	}
}

func (w *world) ageIngress(o *unstructured.Unstructured) {
	w.annotate(o, map[string]any{"ingress.kubernetes.io/backends": "{}", "ingress.kubernetes.io/url-map": "map"})
	w.balance(o)
}

func endpoints(o *unstructured.Unstructured) *unstructured.Unstructured {
	out := &unstructured.Unstructured{Object: map[string]any{"subsets": []any{
		map[string]any{"addresses": []any{map[string]any{"ip": "198.51.100.7"}},
			"ports": []any{map[string]any{"name": "p", "port": int64(8080), "protocol": "TCP"}}},
	}}}
	out.SetAPIVersion("v1")
	out.SetKind("Endpoints")
	out.SetName(o.GetName())
	out.SetNamespace(o.GetNamespace())
	out.SetLabels(map[string]string{"endpoints.kubernetes.io/managed-by": "endpoint-controller"})
	out.SetAnnotations(map[string]string{"endpoints.kubernetes.io/last-change-trigger-time": now})
	return out
}

func endpointSlice(o *unstructured.Unstructured) *unstructured.Unstructured {
	out := child(o, "discovery.k8s.io/v1", "EndpointSlice", o.GetName()+"-x7k2p")
	out.SetLabels(map[string]string{"kubernetes.io/service-name": o.GetName(),
		"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"})
	out.Object["addressType"] = "IPv4"
	out.Object["endpoints"] = []any{map[string]any{"addresses": []any{"198.51.100.7"}, "conditions": map[string]any{"ready": true}}}
	out.Object["ports"] = []any{map[string]any{"name": "p", "port": int64(8080), "protocol": "TCP"}}
	return out
}

// ageAccount: an account of an older cluster has a token in a Secret, and lists it.
func (w *world) ageAccount(o *unstructured.Unstructured) {
	if o.GetName() == "default" {
		return
	}
	name := o.GetName() + "-token-x7k2p"
	token := &unstructured.Unstructured{Object: map[string]any{"type": tokenType, "data": tokenData()}}
	token.SetAPIVersion("v1")
	token.SetKind("Secret")
	token.SetName(name)
	token.SetNamespace(o.GetNamespace())
	token.SetAnnotations(map[string]string{"kubernetes.io/service-account.name": o.GetName(),
		"kubernetes.io/service-account.uid": string(o.GetUID())})
	w.create(token)
	secrets, _ := nested(o, "secrets")
	list, _ := secrets.([]any)
	for _, s := range list {
		if m, _ := s.(map[string]any); m["name"] == name {
			return
		}
	}
	w.patch(o, map[string]any{"secrets": append(append([]any{}, list...), map[string]any{"name": name})})
}

// ageToken fills the token that was asked for with a Secret.
func (w *world) ageToken(o *unstructured.Unstructured) {
	account := w.byName[key("ServiceAccount", o.GetAnnotations()["kubernetes.io/service-account.name"])]
	if text(o, "type") != tokenType || text(o, "data", "token") != "" || account == nil {
		return
	}
	w.patch(o, map[string]any{"data": tokenData(), "metadata": map[string]any{
		"annotations": map[string]any{"kubernetes.io/service-account.uid": string(account.GetUID())}}})
}

const tokenType = "kubernetes.io/service-account-token"

func tokenData() map[string]any {
	return map[string]any{"token": "bm8gdG9rZW4=", "ca.crt": "bm8gY2VydGlmaWNhdGU=", "namespace": "c3Jj"}
}

// ageAutoscaler: it has scaled its target to one more than the fewest.
func (w *world) ageAutoscaler(o *unstructured.Unstructured) {
	want := min(number(o, 1, "spec", "minReplicas")+1, number(o, 1, "spec", "maxReplicas"))
	target := w.byName[key(text(o, "spec", "scaleTargetRef", "kind"), text(o, "spec", "scaleTargetRef", "name"))]
	if target != nil && number(target, 1, "spec", "replicas") != want {
		w.patch(target, map[string]any{"spec": map[string]any{"replicas": want}})
	}
	w.status(o, map[string]any{"currentReplicas": want, "desiredReplicas": want, "lastScaleTime": now,
		"conditions": []any{condition("AbleToScale", "True"), condition("ScalingActive", "True")}})
}

func (w *world) ageBudget(o *unstructured.Unstructured) {
	w.status(o,
		map[string]any{"currentHealthy": int64(2), "desiredHealthy": int64(1), "disruptionsAllowed": int64(1), "expectedPods": int64(2),
			"conditions": []any{condition("DisruptionAllowed", "True")}})
}

// ageQuota: nothing is admitted before it was counted.
func (w *world) ageQuota(o *unstructured.Unstructured) {
	if _, done := nested(o, "status", "hard"); done {
		return
	}
	hard, _ := nested(o, "spec", "hard")
	used := map[string]any{}
	for name := range texts(hard) {
		used[name] = "0"
	}
	w.statusAs(o, map[string]any{"hard": hard, "used": used})
}
