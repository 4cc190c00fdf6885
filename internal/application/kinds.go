package application

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubemove/kubemove/internal/workload"
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
	kindRC             = "ReplicationController"

	kindEndpoints     = "Endpoints"
	kindEndpointSlice = "EndpointSlice.discovery.k8s.io"

	kindCRD                = "CustomResourceDefinition.apiextensions.k8s.io"
	kindPriorityClass      = "PriorityClass.scheduling.k8s.io"
	kindClusterRole        = "ClusterRole.rbac.authorization.k8s.io"
	kindClusterRoleBinding = "ClusterRoleBinding.rbac.authorization.k8s.io"
)

// kind is a kind of Kubernetes itself that the plan reads from the source.
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
	{kindReplicaSet, "v1", "replicasets", true},
	{kindCronJob, "v1", "cronjobs", true},
	{kindHPA, "v2", "horizontalpodautoscalers", true},
	{kindIngress, "v1", "ingresses", true},
	{kindDaemonSet, "v1", "daemonsets", false},
	{kindJob, "v1", "jobs", false},
	{kindRC, "v1", "replicationcontrollers", false},
	{kindPod, "v1", "pods", false},
}

// clusterKinds are the cluster-wide kinds that a plan may create, in the order of creation,
// before everything else.
var clusterKinds = []string{kindCRD, kindPriorityClass, kindClusterRole, kindClusterRoleBinding}

// otherBuiltins are further kinds of Kubernetes itself, which no plan has to see. Everything that is
// neither here nor in kinds is a custom resource.
var otherBuiltins = map[string]bool{
	kindEndpoints: true, kindEndpointSlice: true, "ControllerRevision.apps": true, "CSIStorageCapacity.storage.k8s.io": true,
	"Lease.coordination.k8s.io": true, "LimitRange": true, "PodTemplate": true, "ResourceClaim.resource.k8s.io": true,
	"ResourceClaimTemplate.resource.k8s.io": true, "ResourceQuota": true,
}

// neverMoved are kinds whose objects do not move, with the reason.
var neverMoved = map[string]string{
	"CSIStorageCapacity.storage.k8s.io": "the storage of a cluster says so of itself",
	"ControllerRevision.apps":           "the controller of its workload makes its own at the target",
	"Lease.coordination.k8s.io":         "a running program takes it, there as here",
	"LimitRange": "it is a limit of the source's namespace; " +
		"the target's administrator sets the limits there",
	"ResourceQuota": "it is a limit of the source's namespace; the target's administrator sets the limits there",
	"VolumeGroupSnapshot.groupsnapshot.storage.k8s.io": "it belongs to the storage of the source",
	"VolumeSnapshot.snapshot.storage.k8s.io":           "it belongs to the storage of the source",
}

// Kinds lists the resources of the source namespace that Make has to see. What else the cluster
// serves it wants to see as well.
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
	if _, stay := neverMoved[kind]; stay || !moves[kind] && !otherBuiltins[kind] && !isCustom(kind) {
		return -1
	}
	return place(kind)
}

// moves says of each of the kinds above whether its objects can be created at the target.
var moves = func() map[string]bool {
	out := map[string]bool{}
	for _, k := range kinds {
		out[k.name] = k.moves
	}
	return out
}()

// anyOther kind, among places.
const anyOther = ""

// places of the kinds in lists. Custom resources come right before the workloads: what controls
// them may be one of those, and workloads may read them when they start.
var places = func() map[string]int {
	out := map[string]int{}
	for _, k := range clusterKinds {
		out[k] = len(out)
	}
	for _, k := range kinds {
		if k.name == kindStatefulSet {
			out[anyOther] = len(out)
		}
		out[k.name] = len(out)
	}
	return out
}()

func place(kind string) int {
	if at, ok := places[kind]; ok {
		return at
	}
	return places[anyOther]
}

// isCustom says whether objects of the kind are custom resources.
func isCustom(kind string) bool {
	return !known(kind) && !otherBuiltins[kind] && !slices.Contains(clusterKinds, kind)
}

// known says whether the plan reads the kind.
func known(kind string) bool {
	_, ok := moves[kind]
	return ok
}

// IsCustom says whether an object is a custom resource.
func IsCustom(r Ref) bool { return isCustom(r.kind()) }

// isWorkload says whether members of the kind are stopped and started by a switch.
func isWorkload(kind string) bool {
	return workloadOf(kind) != nil
}

// isScheduled says whether workloads of the kind make Pods at times only.
func isScheduled(kind string) bool { return isWorkload(kind) && workloadOf(kind).Scheduled() }

func workloadOf(kind string) workload.Kind { return workload.Of(schema.ParseGroupKind(kind)) }

// Workload is the kind of workload of the object; nil: a switch does not stop and start it.
func (r Ref) Workload() workload.Kind { return workloadOf(r.kind()) }

// runsPods says whether objects of the kind are, or make, Pods.
func runsPods(kind string) bool {
	switch kind {
	case kindPod, kindDaemonSet, kindJob, kindRC:
		return true
	}
	return isWorkload(kind)
}

// isGenerated says whether the built-in controllers make objects of the kind out of others.
func isGenerated(kind string) bool {
	return kind == kindPod || kind == kindReplicaSet || kind == kindJob
}
