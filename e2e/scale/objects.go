package scale

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

type obj = map[string]any

func list(items ...any) []any { return items }

// order of creation: nothing comes before what it refers to.
var order = []string{"ServiceAccount", "Secret", "ConfigMap", "Role", "RoleBinding", "NetworkPolicy", "Service",
	"PodDisruptionBudget", "Deployment", "CronJob", "Ingress"}

// Objects of a namespace, about ten for each application in it, as teams have them: settings of
// 1 to 8 KiB, Secrets, a workload, what serves and protects it, and an account with its rights.
// They are the same for the same number and namespace.
func Objects(n int, namespace string) []*unstructured.Unstructured {
	g := &generator{r: rand.New(rand.NewPCG(1, 1)), namespace: namespace}
	for i := 0; len(g.out) < n; i++ {
		g.application(fmt.Sprintf("app-%04d", i), i)
	}
	out := g.out[:n]
	slices.SortStableFunc(out, func(a, b *unstructured.Unstructured) int {
		return slices.Index(order, a.GetKind()) - slices.Index(order, b.GetKind())
	})
	return out
}

type generator struct {
	r         *rand.Rand
	namespace string
	out       []*unstructured.Unstructured
}

func (g *generator) add(group, kind, name, app string, content obj) {
	u := &unstructured.Unstructured{Object: content}
	u.SetGroupVersionKind(schema.GroupVersionKind{Group: group, Version: "v1", Kind: kind})
	u.SetName(name)
	u.SetNamespace(g.namespace)
	u.SetLabels(map[string]string{"app.kubernetes.io/name": app, "app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/part-of": "scale"})
	g.out = append(g.out, u)
}

// text of some length that does not compress to nothing.
func (g *generator) text(least, most int) string {
	out := make([]byte, least+g.r.IntN(most-least))
	for i := range out {
		out[i] = "abcdefghijklmnopqrstuvwxyz0123456789 =.\n"[g.r.IntN(40)]
	}
	return string(out)
}

func (g *generator) application(app string, i int) {
	matches := obj{"app.kubernetes.io/name": app}
	g.add("", "ServiceAccount", app, app, obj{})
	g.add("", "Secret", app+"-keys", app,
		obj{"type": "Opaque", "stringData": obj{"password": g.text(16, 32), "key.pem": g.text(1<<10, 4<<10)}})
	settings := obj{"settings.ini": g.text(1<<10, 8<<10)}
	if i%10 == 0 {
		settings["peer"] = fmt.Sprintf("http://app-0000.%s.svc:8080", g.namespace)
	}
	g.add("", "ConfigMap", app+"-settings", app, obj{"data": settings})
	g.add("", "ConfigMap", app+"-scripts", app, obj{"data": obj{"start.sh": g.text(1<<10, 4<<10)}})
	g.add("rbac.authorization.k8s.io", "Role", app, app, obj{"rules": list(
		obj{"apiGroups": list(""), "resources": list("configmaps"), "resourceNames": list(app + "-settings"), "verbs": list("get", "watch")})})
	g.add("rbac.authorization.k8s.io", "RoleBinding", app, app, obj{
		"roleRef":  obj{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": app},
		"subjects": list(obj{"kind": "ServiceAccount", "name": app, "namespace": g.namespace})})
	g.add("networking.k8s.io", "NetworkPolicy", app, app, obj{"spec": obj{"podSelector": obj{"matchLabels": matches},
		"ingress": list(obj{"ports": list(obj{"port": int64(8080)})}), "policyTypes": list("Ingress")}})
	g.add("", "Service", app, app, obj{"spec": obj{"selector": matches, "ports": list(obj{"name": "http", "port": int64(8080)})}})
	g.add("policy", "PodDisruptionBudget", app, app, obj{"spec": obj{"maxUnavailable": int64(1), "selector": obj{"matchLabels": matches}}})
	g.add("apps", "Deployment", app, app,
		obj{"spec": obj{"replicas": int64(i % 2), "selector": obj{"matchLabels": matches}, "template": g.template(app, "")}})
	if i%2 == 0 {
		g.add("networking.k8s.io", "Ingress", app, app, obj{"spec": obj{"rules": list(obj{"host": app + ".example.com", "http": obj{"paths": list(
			obj{"path": "/", "pathType": "Prefix", "backend": obj{"service": obj{"name": app, "port": obj{"name": "http"}}}})}})}})
	}
	if i%5 == 0 {
		g.add("batch", "CronJob", app, app,
			obj{"spec": obj{"schedule": "0 3 * * *", "jobTemplate": obj{"spec": obj{"template": g.template(app, "OnFailure")}}}})
	}
}

// template of Pods with what charts put into them.
func (g *generator) template(app, restart string) obj {
	env := list()
	for i := range 10 {
		env = append(env, obj{"name": fmt.Sprintf("SETTING_%d", i), "value": g.text(10, 60)})
	}
	spec := obj{
		"serviceAccountName": app, "automountServiceAccountToken": false,
		"securityContext": obj{"runAsNonRoot": true, "runAsUser": int64(1000), "seccompProfile": obj{"type": "RuntimeDefault"}},
		"containers": list(obj{
			"name": "main", "image": "registry.example.com/team/" + app + ":1.2.3", "env": env,
			"envFrom":   list(obj{"configMapRef": obj{"name": app + "-settings"}}, obj{"secretRef": obj{"name": app + "-keys"}}),
			"ports":     list(obj{"name": "http", "containerPort": int64(8080)}),
			"resources": obj{"requests": obj{"cpu": "100m", "memory": "128Mi"}, "limits": obj{"memory": "256Mi"}},
			"securityContext": obj{"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
				"capabilities": obj{"drop": list("ALL")}},
			"volumeMounts": list(obj{"name": "scripts", "mountPath": "/scripts"}),
		}),
		"volumes": list(obj{"name": "scripts", "configMap": obj{"name": app + "-scripts"}}),
	}
	if restart != "" {
		spec["restartPolicy"] = restart
	}
	return obj{"metadata": obj{"labels": obj{"app.kubernetes.io/name": app}}, "spec": spec}
}
