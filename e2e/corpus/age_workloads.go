package corpus

import (
	"fmt"
	"maps"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

const (
	currentHash = "6d4cf56db9"
	formerHash  = "5b8f7c9d64"
)

// ageDeployment: revisions are counted, and each has a ReplicaSet.
func (w *world) ageDeployment(o *unstructured.Unstructured) {
	const revision = "deployment.kubernetes.io/revision"
	if o.GetAnnotations()[revision] == "" {
		w.patch(o, map[string]any{"metadata": map[string]any{"annotations": map[string]any{revision: "2"}}})
	}
	replicas := number(o, 1, "spec", "replicas")
	for hash, size := range map[string]int64{currentHash: replicas, formerHash: 0} {
		w.create(replicaSet(o, hash, size))
	}
	w.status(o, map[string]any{"replicas": replicas, "updatedReplicas": replicas, "readyReplicas": replicas, "availableReplicas": replicas,
		"conditions": []any{condition("Available", "True"), condition("Progressing", "True")}})
}

func replicaSet(o *unstructured.Unstructured, hash string, replicas int64) *unstructured.Unstructured {
	const label = "pod-template-hash"
	set := child(o, "apps/v1", "ReplicaSet", o.GetName()+"-"+hash)
	spec, _ := nested(o, "spec")
	content := runtime.DeepCopyJSONValue(spec).(map[string]any)
	selector, _ := content["selector"].(map[string]any)
	labels, _ := selector["matchLabels"].(map[string]any)
	selector = with(selector, "matchLabels", with(labels, label, hash))
	template, _ := content["template"].(map[string]any)
	metadata, _ := template["metadata"].(map[string]any)
	podLabels, _ := metadata["labels"].(map[string]any)
	template["metadata"] = with(metadata, "labels", with(podLabels, label, hash))
	set.Object["spec"] = map[string]any{"replicas": replicas, "selector": selector, "template": template}
	set.SetLabels(texts(template["metadata"].(map[string]any)["labels"]))
	set.SetAnnotations(map[string]string{"deployment.kubernetes.io/desired-replicas": fmt.Sprint(replicas),
		"deployment.kubernetes.io/revision": "2"})
	return set
}

func with(m map[string]any, key string, value any) map[string]any {
	out := maps.Clone(m)
	if out == nil {
		out = map[string]any{}
	}
	out[key] = value
	return out
}

func texts(value any) map[string]string {
	out := map[string]string{}
	m, _ := value.(map[string]any)
	for key, v := range m {
		out[key], _ = v.(string)
	}
	return out
}

// agePods gives a set its Pods; one stands for all of them.
func (w *world) agePods(o *unstructured.Unstructured) {
	if o.GetKind() == "ReplicaSet" && number(o, 1, "spec", "replicas") == 0 {
		return
	}
	w.create(podOf(o, o.GetName()+"-x7k2p"))
	if o.GetKind() == "DaemonSet" {
		w.status(o, map[string]any{"currentNumberScheduled": int64(1), "desiredNumberScheduled": int64(1), "numberReady": int64(1),
			"numberMisscheduled": int64(0)})
	}
}

// podOf is a Pod out of the template of its owner.
func podOf(owner *unstructured.Unstructured, name string) *unstructured.Unstructured {
	pod := child(owner, "v1", "Pod", name)
	template, _ := nested(owner, "spec", "template")
	content, _ := runtime.DeepCopyJSONValue(template).(map[string]any)
	metadata, _ := content["metadata"].(map[string]any)
	pod.SetLabels(texts(metadata["labels"]))
	pod.SetAnnotations(texts(metadata["annotations"]))
	spec, _ := content["spec"].(map[string]any)
	if spec["schedulingGates"] == nil {
		spec = with(spec, "nodeName", "node-1")
	}
	pod.Object["spec"] = spec
	return pod
}

// ageStatefulSet: each replica has a Pod and its claims, whose owner is the set where it would
// delete them.
func (w *world) ageStatefulSet(o *unstructured.Unstructured) {
	templates, _ := nested(o, "spec", "volumeClaimTemplates")
	list, _ := templates.([]any)
	replicas := number(o, 1, "spec", "replicas")
	first := number(o, 0, "spec", "ordinals", "start")
	for i := first; i < first+replicas; i++ {
		pod := podOf(o, fmt.Sprintf("%s-%d", o.GetName(), i))
		labels := pod.GetLabels()
		labels["statefulset.kubernetes.io/pod-name"] = pod.GetName()
		labels["apps.kubernetes.io/pod-index"] = fmt.Sprint(i)
		labels["controller-revision-hash"] = o.GetName() + "-" + currentHash
		pod.SetLabels(labels)
		for _, t := range list {
			template, _ := t.(map[string]any)
			claim := claimOf(o, template, i)
			w.create(claim)
			addClaim(pod, template, claim.GetName())
		}
		w.create(pod)
	}
	w.status(o, map[string]any{"replicas": replicas, "readyReplicas": replicas, "currentReplicas": replicas, "updatedReplicas": replicas,
		"availableReplicas": replicas, "currentRevision": o.GetName() + "-" + currentHash,
		"updateRevision": o.GetName() + "-" + currentHash, "collisionCount": int64(0)})
}

func claimOf(set *unstructured.Unstructured, template map[string]any, ordinal int64) *unstructured.Unstructured {
	content := runtime.DeepCopyJSON(template)
	claim := &unstructured.Unstructured{Object: map[string]any{"spec": content["spec"]}}
	claim.SetAPIVersion("v1")
	claim.SetKind("PersistentVolumeClaim")
	metadata, _ := content["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	claim.SetName(fmt.Sprintf("%s-%s-%d", name, set.GetName(), ordinal))
	claim.SetNamespace(set.GetNamespace())
	claim.SetAnnotations(texts(metadata["annotations"]))
	labels := texts(metadata["labels"])
	selector, _ := nested(set, "spec", "selector", "matchLabels")
	maps.Copy(labels, texts(selector))
	claim.SetLabels(labels)
	if text(set, "spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted") == "Delete" {
		owner := ownerReference(set)
		owner["blockOwnerDeletion"] = false
		claim.Object["metadata"].(map[string]any)["ownerReferences"] = []any{owner}
	}
	return claim
}

// addClaim mounts the claim of a claim template.
func addClaim(pod *unstructured.Unstructured, template map[string]any, claim string) {
	name, _, _ := unstructured.NestedString(template, "metadata", "name")
	spec := pod.Object["spec"].(map[string]any)
	volumes, _ := spec["volumes"].([]any)
	var out []any
	for _, v := range volumes {
		if m, _ := v.(map[string]any); m["name"] != name {
			out = append(out, v)
		}
	}
	spec["volumes"] = append(out, map[string]any{"name": name, "persistentVolumeClaim": map[string]any{"claimName": claim}})
}

// ageCronJob: it has run once, unless it is suspended.
func (w *world) ageCronJob(o *unstructured.Unstructured) {
	if suspended, _, _ := unstructured.NestedBool(o.Object, "spec", "suspend"); suspended {
		return
	}
	job := child(o, "batch/v1", "Job", o.GetName()+"-29000000")
	template, _ := nested(o, "spec", "jobTemplate")
	content, _ := runtime.DeepCopyJSONValue(template).(map[string]any)
	metadata, _ := content["metadata"].(map[string]any)
	job.SetLabels(texts(metadata["labels"]))
	job.SetAnnotations(texts(metadata["annotations"]))
	job.Object["spec"] = content["spec"]
	w.create(job)
	if text(o, "status", "lastScheduleTime") == "" {
		w.statusAs(o, map[string]any{"lastScheduleTime": now, "lastSuccessfulTime": now})
	}
}

// ageJob: it is complete, as migrations and backups are when they are looked at.
func (w *world) ageJob(o *unstructured.Unstructured) {
	if suspended, _, _ := unstructured.NestedBool(o.Object, "spec", "suspend"); suspended {
		return
	}
	w.create(podOf(o, o.GetName()+"-x7k2p"))
	if text(o, "status", "completionTime") != "" {
		return
	}
	succeeded := number(o, 1, "spec", "completions")
	status := map[string]any{"startTime": now, "completionTime": now, "succeeded": succeeded, "active": int64(0), "ready": int64(0),
		"uncountedTerminatedPods": map[string]any{}, "conditions": []any{jobCondition("SuccessCriteriaMet"), jobCondition("Complete")}}
	if text(o, "spec", "completionMode") == "Indexed" {
		status["completedIndexes"] = "0"
		if succeeded > 1 {
			status["completedIndexes"] = fmt.Sprintf("0-%d", succeeded-1)
		}
	}
	w.statusAs(o, status)
}

func jobCondition(kind string) map[string]any {
	out := condition(kind, "True")
	out["lastProbeTime"] = now
	return out
}

// agePod: its containers run, or have ended where a Job has made it, and its ephemeral volumes
// have claims.
func (w *world) agePod(o *unstructured.Unstructured) {
	volumes, _ := nested(o, "spec", "volumes")
	list, _ := volumes.([]any)
	for _, v := range list {
		volume, _ := v.(map[string]any)
		spec, found, _ := unstructured.NestedMap(volume, "ephemeral", "volumeClaimTemplate", "spec")
		if found {
			name, _ := volume["name"].(string)
			claim := child(o, "v1", "PersistentVolumeClaim", o.GetName()+"-"+name)
			claim.Object["spec"] = spec
			w.create(claim)
		}
	}
	if phase := text(o, "status", "phase"); phase != "" && phase != "Pending" {
		return
	}
	if _, gated := nested(o, "spec", "schedulingGates"); gated {
		return // It has no node yet.
	}
	phase, state := "Running", map[string]any{"running": map[string]any{"startedAt": now}}
	if owners := o.GetOwnerReferences(); len(owners) > 0 && owners[0].Kind == "Job" {
		phase = "Succeeded"
		state = map[string]any{"terminated": map[string]any{"exitCode": int64(0), "reason": "Completed", "startedAt": now, "finishedAt": now}}
	}
	containers, _ := nested(o, "spec", "containers")
	w.statusAs(o, map[string]any{"phase": phase, "startTime": now,
		"containerStatuses": containerStatuses(containers, phase == "Running", state, text(o, "spec", "os", "name"))})
}

// containerStatuses say, too, which user a container of Linux runs as: it cannot be asked.
func containerStatuses(containers any, ready bool, state map[string]any, system string) []any {
	user := map[string]any{"linux": map[string]any{"uid": int64(999), "gid": int64(999), "supplementalGroups": []any{int64(999)}}}
	if system == "windows" {
		user = nil
	}
	var out []any
	list, _ := containers.([]any)
	for _, c := range list {
		container, _ := c.(map[string]any)
		out = append(out,
			map[string]any{"name": container["name"], "image": container["image"], "imageID": "sha256:0", "ready": ready, "restartCount": int64(0),
				"state": state, "user": user})
	}
	return out
}
