package corpus

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Write is one thing that a controller, a kubelet or a client would have written.
type Write struct {
	// Object that is created; with a Patch, the one that is changed.
	Object unstructured.Unstructured
	// Patch is a merge patch of it; nil: it is created.
	Patch map[string]any
	// Status: the patch is one of the status.
	Status bool
}

// Key is the same for the same write.
func (w Write) Key() string {
	if w.Patch == nil {
		return "create " + w.Object.GetKind() + "/" + w.Object.GetName()
	}
	return fmt.Sprintf("patch %s/%s %v %v", w.Object.GetKind(), w.Object.GetName(), w.Status, slices.Sorted(maps.Keys(w.Patch)))
}

// kubeSystem is the field manager of what Age writes.
const kubeSystem = "kube-controller-manager"

// now of the corpus: nothing in it depends on the time.
const now = "2026-01-02T03:04:05Z"

// Age says what is still missing of what a cluster would have written by and by, if these
// objects of a namespace had been in it for a while: it is a round of all controllers. Applied
// again to what its writes have made, it ends: then nothing is missing.
func Age(objects []unstructured.Unstructured) []Write {
	w := &world{byName: map[string]*unstructured.Unstructured{}}
	for i := range objects {
		w.byName[key(objects[i].GetKind(), objects[i].GetName())] = &objects[i]
	}
	for i := range objects {
		o := &objects[i]
		switch o.GetKind() {
		case "Deployment":
			w.ageDeployment(o)
		case "ReplicaSet", "DaemonSet":
			w.agePods(o)
		case "StatefulSet":
			w.ageStatefulSet(o)
		case "CronJob":
			w.ageCronJob(o)
		case "Job":
			w.ageJob(o)
		case "Pod":
			w.agePod(o)
		case "PersistentVolumeClaim":
			w.ageClaim(o)
		case "Service":
			w.ageService(o)
		case "Ingress":
			w.ageIngress(o)
		case "Secret":
			w.ageToken(o)
		case "ServiceAccount":
			w.ageAccount(o)
		case "HorizontalPodAutoscaler":
			w.ageAutoscaler(o)
		case "PodDisruptionBudget":
			w.ageBudget(o)
		case "ResourceQuota":
			w.ageQuota(o)
		}
	}
	return w.writes
}

// world is a namespace, and what is to be written into it.
type world struct {
	byName map[string]*unstructured.Unstructured
	writes []Write
}

func key(kind, name string) string { return kind + "/" + name }

func (w *world) has(kind, name string) bool { return w.byName[key(kind, name)] != nil }

func (w *world) create(o *unstructured.Unstructured) {
	if !w.has(o.GetKind(), o.GetName()) {
		w.writes = append(w.writes, Write{Object: *o})
	}
}

func (w *world) patch(o *unstructured.Unstructured, patch map[string]any) {
	w.writes = append(w.writes, Write{Object: *o, Patch: patch})
}

// status patches the status of an object, once for each of its generations.
func (w *world) status(o *unstructured.Unstructured, status map[string]any) {
	if _, done := nested(o, "status", "observedGeneration"); done {
		return
	}
	status["observedGeneration"] = o.GetGeneration()
	w.statusAs(o, status)
}

func (w *world) statusAs(o *unstructured.Unstructured, status map[string]any) {
	w.writes = append(w.writes, Write{Object: *o, Patch: map[string]any{"status": status}, Status: true})
}

func nested(o *unstructured.Unstructured, path ...string) (any, bool) {
	value, found, err := unstructured.NestedFieldNoCopy(o.Object, path...)
	return value, found && err == nil
}

func text(o *unstructured.Unstructured, path ...string) string {
	value, _ := nested(o, path...)
	s, _ := value.(string)
	return s
}

func number(o *unstructured.Unstructured, otherwise int64, path ...string) int64 {
	value, _ := nested(o, path...)
	if n, ok := value.(int64); ok {
		return n
	}
	return otherwise
}

// child of an object, with a controller reference.
func child(owner *unstructured.Unstructured, apiVersion, kind, name string) *unstructured.Unstructured {
	out := &unstructured.Unstructured{Object: map[string]any{}}
	out.SetAPIVersion(apiVersion)
	out.SetKind(kind)
	out.SetName(name)
	out.SetNamespace(owner.GetNamespace())
	out.Object["metadata"].(map[string]any)["ownerReferences"] = []any{ownerReference(owner)}
	return out
}

func ownerReference(owner *unstructured.Unstructured) map[string]any {
	return map[string]any{
		"apiVersion": owner.GetAPIVersion(), "kind": owner.GetKind(), "name": owner.GetName(), "uid": string(owner.GetUID()),
		"controller": true, "blockOwnerDeletion": true,
	}
}

func condition(kind, status string) map[string]any {
	return map[string]any{"type": kind, "status": status, "lastTransitionTime": now, "reason": "Aged", "message": "written by the corpus"}
}

func gvk(apiVersion, kind string) schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(apiVersion, kind)
}
