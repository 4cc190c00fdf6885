package application

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// The kinds that an application is made of, as Ref.kind() spells them.
const (
	kindServiceAccount = "ServiceAccount"
	kindSecret         = "Secret"
	kindConfigMap      = "ConfigMap"
	kindRole           = "Role.rbac.authorization.k8s.io"
	kindRoleBinding    = "RoleBinding.rbac.authorization.k8s.io"
	kindNetworkPolicy  = "NetworkPolicy.networking.k8s.io"
	kindService        = "Service"
	kindPDB            = "PodDisruptionBudget.policy"
	kindStatefulSet    = "StatefulSet.apps"
	kindDeployment     = "Deployment.apps"
	kindCronJob        = "CronJob.batch"
	kindHPA            = "HorizontalPodAutoscaler.autoscaling"
	kindIngress        = "Ingress.networking.k8s.io"
	kindClaim          = "PersistentVolumeClaim"
	kindPod            = "Pod"
	kindReplicaSet     = "ReplicaSet.apps"
	kindDaemonSet      = "DaemonSet.apps"
	kindJob            = "Job.batch"
)

// kind is a kind that the plan reads from the source.
type kind struct {
	name     string
	version  string
	resource string
	// moves: objects of the kind can be created at the target. The others are read to
	// know who uses what.
	moves bool
}

// kinds in the order of their creation at the target, within a phase.
var kinds = []kind{
	{kindServiceAccount, "v1", "serviceaccounts", true},
	{kindSecret, "v1", "secrets", true},
	{kindConfigMap, "v1", "configmaps", true},
	{kindRole, "v1", "roles", true},
	{kindRoleBinding, "v1", "rolebindings", true},
	{kindNetworkPolicy, "v1", "networkpolicies", true},
	{kindClaim, "v1", "persistentvolumeclaims", true},
	{kindService, "v1", "services", true},
	{kindPDB, "v1", "poddisruptionbudgets", true},
	{kindStatefulSet, "v1", "statefulsets", true},
	{kindDeployment, "v1", "deployments", true},
	{kindCronJob, "v1", "cronjobs", true},
	{kindHPA, "v2", "horizontalpodautoscalers", true},
	{kindIngress, "v1", "ingresses", true},
	{kindReplicaSet, "v1", "replicasets", false},
	{kindDaemonSet, "v1", "daemonsets", false},
	{kindJob, "v1", "jobs", false},
	{kindPod, "v1", "pods", false},
}

// Kinds lists the resources of the source namespace that Make wants to see.
func Kinds() []schema.GroupVersionResource {
	out := make([]schema.GroupVersionResource, 0, len(kinds))
	for _, k := range kinds {
		group := schema.ParseGroupKind(k.name).Group
		out = append(out, schema.GroupVersionResource{Group: group, Version: k.version, Resource: k.resource})
	}
	return out
}

// kind of the object, with its group where there is one: Deployment.apps.
func (r Ref) kind() string {
	if r.Group == "" {
		return r.Kind
	}
	return r.Kind + "." + r.Group
}

// refTo makes a Ref of one of the kinds above.
func refTo(kind, name string) Ref {
	gk := schema.ParseGroupKind(kind)
	return Ref{Group: gk.Group, Kind: gk.Kind, Name: name}
}

// RefOf is the Ref of an object.
func RefOf(o *unstructured.Unstructured) Ref {
	gvk := o.GroupVersionKind()
	return Ref{Group: gvk.Group, Kind: gvk.Kind, Name: o.GetName()}
}

// rank is the place of a kind in the order of creation; -1: it is never created.
func rank(kind string) int {
	for i, k := range kinds {
		if k.name == kind && k.moves {
			return i
		}
	}
	return -1
}

// known says whether the plan reads the kind.
func known(kind string) bool {
	for _, k := range kinds {
		if k.name == kind {
			return true
		}
	}
	return false
}

// isWorkload says whether members of the kind are stopped and started by a switch.
func isWorkload(kind string) bool {
	return kind == kindDeployment || kind == kindStatefulSet || kind == kindCronJob
}

// runsPods says whether objects of the kind are, or make, Pods.
func runsPods(kind string) bool {
	switch kind {
	case kindPod, kindReplicaSet, kindDaemonSet, kindJob:
		return true
	}
	return isWorkload(kind)
}

// isGenerated says whether the built-in controllers make objects of the kind out of others.
func isGenerated(kind string) bool {
	return kind == kindPod || kind == kindReplicaSet || kind == kindJob
}
