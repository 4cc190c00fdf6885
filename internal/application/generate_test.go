package application

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/lineage"
)

// link is a reference that the generator has made: it knows what the code has to find.
type link struct {
	from, to Ref
	// first: to has to exist at the target before from does.
	first bool
}

// world is a generated namespace and what is true of it by construction.
type world struct {
	r     *rand.Rand
	in    Input
	links []link
	// members that the input selects.
	members []Ref
	// made are the objects that custom resources make.
	made map[Ref]Ref
	// excludedByUser: what the input excludes; no member is.
	excludedByUser []Ref
	uid            int
}

type obj = map[string]any

func list(items ...any) []any { return items }

// generate makes a namespace with a few applications in it, that share some things.
func generate(seed uint64) *world {
	w := &world{r: rand.New(rand.NewPCG(seed, 1)), made: map[Ref]Ref{}}
	w.in = Input{Engine: "e", Us: lineage.Actor{Switch: "switch"}, SourceNamespace: "src", TargetNamespace: "dst",
		Mobilizers: []string{"restic"}}
	for i := range 4 {
		w.add("v1", "ConfigMap", fmt.Sprintf("config-%d", i), obj{"data": obj{"a": "b"}})
		w.add("v1", "Secret", fmt.Sprintf("secret-%d", i), obj{"type": "Opaque", "data": obj{"a": "Yg=="}})
		w.add("rbac.authorization.k8s.io/v1", "Role", fmt.Sprintf("role-%d", i), obj{})
		w.add("v1", "PersistentVolumeClaim", fmt.Sprintf("lonely-%d", i), claimSpec())
		w.account(i)
	}
	for i := range 1 + w.r.IntN(5) {
		w.application(i)
	}
	for i := range 4 {
		if w.r.IntN(4) == 0 {
			w.member(refTo(kindClaim, fmt.Sprintf("lonely-%d", i)))
		}
	}
	customs := slices.AppendSeq(slices.Collect(maps.Values(w.made)), maps.Keys(w.made))
	for i := range w.in.Objects {
		// Custom resources and what they make have tests of their own.
		ref := RefOf(&w.in.Objects[i])
		if w.r.IntN(20) == 0 && !slices.Contains(w.members, ref) && !slices.Contains(customs, ref) {
			w.excludedByUser = append(w.excludedByUser, ref)
			w.in.Application.Exclude = append(w.in.Application.Exclude, api.ExcludedObject{Kind: ref.Kind, Name: ref.Name})
		}
	}
	return w
}

// member names an object in the selection.
func (w *world) member(ref Ref) {
	w.in.Application = selecting(w.in.Application, ref)
	w.members = append(w.members, ref)
}

// selecting adds an object to a selection.
func selecting(app api.Application, ref Ref) api.Application {
	if ref.kind() == kindClaim {
		app.Claims = append(app.Claims, api.ClaimReference{Name: ref.Name})
	} else {
		app.Workloads = append(app.Workloads, api.WorkloadReference{Group: ref.Group, Kind: ref.Kind, Name: ref.Name})
	}
	return app
}

func (w *world) maybe() bool { return w.r.IntN(2) == 0 }

// add makes an object as a server gives it.
func (w *world) add(apiVersion, kind, name string, content obj) Ref {
	w.uid++
	meta := obj{
		"name": name, "namespace": "src", "uid": fmt.Sprintf("uid-%d", w.uid), "resourceVersion": fmt.Sprint(1000 + w.uid),
		"creationTimestamp": "2026-01-02T03:04:05Z", "generation": int64(w.r.IntN(9)),
		"managedFields": list(obj{"manager": "kubectl", "operation": "Update"}),
		"annotations":   obj{"kubectl.kubernetes.io/last-applied-configuration": "{}", "kubemove.io/other": "x", "keep": "this"},
	}
	o := obj{"apiVersion": apiVersion, "kind": kind, "metadata": meta}
	for key, value := range content {
		o[key] = value
	}
	u := unstructured.Unstructured{Object: o}
	w.in.Objects = append(w.in.Objects, u)
	return RefOf(&u)
}

func (w *world) link(from, to Ref, first bool) { w.links = append(w.links, link{from, to, first}) }

func claimSpec() obj {
	return obj{
		"spec": obj{
			"accessModes": list("ReadWriteOnce"), "volumeName": "pv",
			"resources": obj{"requests": obj{"storage": "1Gi"}},
		},
		"status": obj{"phase": "Bound", "capacity": obj{"storage": "1Gi"}},
	}
}

func (w *world) account(i int) {
	content := obj{}
	ref := refTo(kindServiceAccount, fmt.Sprintf("account-%d", i))
	if w.maybe() {
		secret := refTo(kindSecret, fmt.Sprintf("secret-%d", w.r.IntN(4)))
		content["imagePullSecrets"] = list(obj{"name": secret.Name})
		w.link(ref, secret, false)
	}
	w.add("v1", "ServiceAccount", ref.Name, content)
	if w.maybe() {
		role := refTo(kindRole, fmt.Sprintf("role-%d", w.r.IntN(4)))
		binding := w.add("rbac.authorization.k8s.io/v1", "RoleBinding", fmt.Sprintf("binding-%d", i), obj{
			"roleRef":  obj{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role.Name},
			"subjects": list(obj{"kind": "ServiceAccount", "name": ref.Name, "namespace": "src"}),
		})
		w.link(binding, role, true)
		w.link(ref, binding, false)
	}
}

// application makes a workload with what serves it.
func (w *world) application(i int) {
	kind := []string{kindDeployment, kindStatefulSet, kindCronJob}[w.r.IntN(3)]
	ref := refTo(kind, fmt.Sprintf("app-%d", i))
	template := obj{"metadata": obj{"labels": obj{"app": ref.Name}}, "spec": w.podSpec(ref)}
	switch kind {
	case kindDeployment:
		w.add("apps/v1", "Deployment", ref.Name, obj{"spec": obj{"replicas": int64(w.r.IntN(4)), "template": template}})
	case kindStatefulSet:
		w.add("apps/v1", "StatefulSet", ref.Name, obj{"spec": obj{
			"replicas": int64(2), "template": template,
			"volumeClaimTemplates": list(obj{"metadata": obj{"name": "data"}, "spec": claimSpec()["spec"]}),
		}})
		for ordinal := range w.r.IntN(3) {
			claim := w.add("v1", "PersistentVolumeClaim", fmt.Sprintf("data-%s-%d", ref.Name, ordinal), claimSpec())
			w.link(ref, claim, true)
		}
	case kindCronJob:
		w.add("batch/v1", "CronJob", ref.Name, obj{"spec": obj{
			"schedule": "@daily", "suspend": w.maybe(), "jobTemplate": obj{"spec": obj{"template": template}},
		}})
	}
	w.serve(i, ref)
	w.choose(i, ref)
}

func (w *world) podSpec(from Ref) obj {
	container := obj{"name": "main", "image": "image:1"}
	volumes := list()
	if w.maybe() {
		to := refTo(kindConfigMap, fmt.Sprintf("config-%d", w.r.IntN(4)))
		container["envFrom"] = list(obj{"configMapRef": obj{"name": to.Name}})
		w.link(from, to, true)
	}
	if w.maybe() {
		to := refTo(kindSecret, fmt.Sprintf("secret-%d", w.r.IntN(4)))
		volumes = append(volumes, obj{"name": "s", "projected": obj{"sources": list(obj{"secret": obj{"name": to.Name}})}})
		w.link(from, to, true)
	}
	if w.maybe() {
		to := refTo(kindClaim, "own-"+from.Name)
		w.add("v1", "PersistentVolumeClaim", to.Name, claimSpec())
		volumes = append(volumes, obj{"name": "c", "persistentVolumeClaim": obj{"claimName": to.Name}})
		w.link(from, to, true)
	}
	if w.maybe() {
		made, owner := w.custom(from)
		volumes = append(volumes, obj{"name": "m", "configMap": obj{"name": made.Name}})
		w.link(from, owner, true)
	}
	spec := obj{"containers": list(container), "volumes": volumes}
	if w.maybe() {
		to := refTo(kindServiceAccount, fmt.Sprintf("account-%d", w.r.IntN(4)))
		spec["serviceAccountName"] = to.Name
		w.link(from, to, true)
	}
	return spec
}

// custom makes a custom resource with what its controller makes of it: a ConfigMap, and a
// workload that is at zero.
func (w *world) custom(of Ref) (made, owner Ref) {
	spec := obj{}
	secret := refTo(kindSecret, fmt.Sprintf("secret-%d", w.r.IntN(4)))
	if w.maybe() {
		spec["tlsSecretRef"] = obj{"name": secret.Name}
	}
	owner = w.add("example.com/v1", "Widget", "widget-of-"+of.Name, obj{"spec": spec, "status": obj{"ready": true}})
	if len(spec) > 0 {
		w.link(owner, secret, true)
	}
	controlled := list(obj{"apiVersion": "example.com/v1", "kind": "Widget", "name": owner.Name,
		"uid": string(w.find(owner).GetUID()), "controller": true})
	made = w.add("v1", "ConfigMap", "made-for-"+of.Name, obj{})
	w.made[made] = owner
	workload := made
	if w.maybe() {
		config := refTo(kindConfigMap, fmt.Sprintf("config-%d", w.r.IntN(4)))
		workload = w.add("apps/v1", "Deployment", "made-for-"+of.Name, obj{"spec": obj{"replicas": int64(0), "template": obj{"spec": obj{
			"containers": list(obj{"name": "main", "envFrom": list(obj{"configMapRef": obj{"name": config.Name}})}),
		}}}})
		w.made[workload] = owner
		w.link(owner, config, true)
	}
	for _, ref := range []Ref{made, workload} {
		w.find(ref).Object["metadata"].(obj)["ownerReferences"] = controlled
	}
	return made, owner
}

// serve adds what selects, scales and protects a workload.
func (w *world) serve(i int, ref Ref) {
	matches := obj{"app": ref.Name}
	if w.maybe() {
		service := w.add("v1", "Service", fmt.Sprintf("service-%d", i), obj{"spec": obj{
			"type": []string{"ClusterIP", "NodePort"}[w.r.IntN(2)], "clusterIP": "10.0.0.1", "selector": matches,
			"ports": list(obj{"port": int64(80), "nodePort": int64(30000 + i)}),
		}})
		w.link(ref, service, false)
		if w.maybe() {
			route := w.add("gateway.networking.k8s.io/v1", "HTTPRoute", fmt.Sprintf("route-%d", i), obj{"spec": obj{
				"rules": list(obj{"backendRefs": list(obj{"name": service.Name, "port": int64(80)})}),
			}})
			w.link(service, route, false)
		}
		if w.maybe() {
			secret := refTo(kindSecret, fmt.Sprintf("secret-%d", w.r.IntN(4)))
			ingress := w.add("networking.k8s.io/v1", "Ingress", fmt.Sprintf("ingress-%d", i), obj{"spec": obj{
				"defaultBackend": obj{"service": obj{"name": service.Name, "port": obj{"number": int64(80)}}},
				"tls":            list(obj{"secretName": secret.Name}),
			}})
			w.link(service, ingress, false)
			w.links = append(w.links, link{ingress, secret, true})
		}
	}
	if w.maybe() {
		pdb := w.add("policy/v1", "PodDisruptionBudget", fmt.Sprintf("pdb-%d", i), obj{"spec": obj{"selector": obj{"matchLabels": matches}}})
		w.link(ref, pdb, false)
	}
	if w.maybe() {
		policy := w.add("networking.k8s.io/v1", "NetworkPolicy", fmt.Sprintf("policy-%d", i),
			obj{"spec": obj{"podSelector": obj{"matchLabels": matches}}})
		w.link(ref, policy, false)
	}
	if ref.kind() == kindDeployment && w.maybe() {
		hpa := w.add("autoscaling/v2", "HorizontalPodAutoscaler", fmt.Sprintf("hpa-%d", i), obj{"spec": obj{
			"maxReplicas": int64(3), "scaleTargetRef": obj{"apiVersion": "apps/v1", "kind": "Deployment", "name": ref.Name},
		}})
		w.link(ref, hpa, false)
	}
}

// choose selects some of the workloads, in different ways.
func (w *world) choose(i int, ref Ref) {
	o := w.find(ref)
	switch {
	case i == 0 || w.r.IntN(4) == 0:
		w.member(ref)
	case w.maybe():
		annotations := o.GetAnnotations()
		annotations[api.ApplyAnnotation], annotations[api.EngineAnnotation] = "true", "e"
		o.SetAnnotations(annotations)
		w.members = append(w.members, ref)
	}
}

func (w *world) find(ref Ref) *unstructured.Unstructured {
	for i := range w.in.Objects {
		if RefOf(&w.in.Objects[i]) == ref {
			return &w.in.Objects[i]
		}
	}
	return nil
}

// reached is what the members lead to, by the generator's own links.
func (w *world) reached() map[Ref]bool {
	out := map[Ref]bool{}
	queue := append([]Ref{}, w.members...)
	for len(queue) > 0 {
		ref := queue[0]
		queue = queue[1:]
		if out[ref] || slices.Contains(w.excludedByUser, ref) {
			continue
		}
		out[ref] = true
		for _, l := range w.links {
			if l.from == ref {
				queue = append(queue, l.to)
			}
		}
	}
	return out
}
