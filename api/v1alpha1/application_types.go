package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// WorkloadReference names one workload of the application in the source namespace.
//
// +kubebuilder:validation:XValidation:rule="self.group == (self.kind == 'CronJob' ? 'batch' : 'apps')",message="the group does not fit the kind: CronJob is in the group batch, the others are in apps (the default)"
type WorkloadReference struct {
	// group of the kind: batch for a CronJob, apps for the others.
	// Default: apps.
	// +optional
	// +default="apps"
	// +kubebuilder:validation:MaxLength=253
	Group string `json:"group,omitempty"`
	// kind of the workload: Deployment, StatefulSet, CronJob, or ReplicaSet without a Deployment.
	// +required
	// +kubebuilder:validation:Enum=Deployment;StatefulSet;ReplicaSet;CronJob
	Kind string `json:"kind"`
	// name of the workload.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// ClaimReference names one PersistentVolumeClaim of the source namespace.
type ClaimReference struct {
	// name of the claim.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// ExcludedObject names what of the source namespace never moves.
type ExcludedObject struct {
	// group of the kind, such as apps. Absent: any group.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Group string `json:"group,omitempty"`
	// kind, such as Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind"`
	// name of the object. Absent: every object of the kind.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}

// Contents says which part of an application moves.
// +kubebuilder:validation:Enum=All;Data;Objects
type Contents string

// The parts of an application.
const (
	// ContentsAll: its objects and its data. The default.
	ContentsAll Contents = "All"
	// ContentsData: its claims with their data. The rest is created at the target by other means.
	ContentsData Contents = "Data"
	// ContentsObjects: its objects, with empty claims.
	ContentsObjects Contents = "Objects"
)

// Application selects what moves. Members are the union of workloads, of claims, of everything
// that selector matches, and of the workloads annotated kubemove.io/kubemoveapply: "true" (or
// kubemove.io/kubemove.enable: "true") together with kubemove.io/engine: NAME-OF-THE-ENGINE.
// What the members reference (claims, ConfigMaps, Secrets, accounts, Services and so on) moves
// with them.
type Application struct {
	// workloads named one by one.
	// +optional
	// +listType=map
	// +listMapKey=group
	// +listMapKey=kind
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=256
	Workloads []WorkloadReference `json:"workloads,omitempty"`
	// selector by labels; an empty selector, {}, selects the whole namespace. Absent:
	// nothing is selected by labels.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
	// clusterResources says what happens to cluster-wide objects that the application names and
	// the target does not have. Referenced (default): definitions of its custom resources,
	// PriorityClasses, and ClusterRoles and ClusterRoleBindings of its accounts are created there,
	// as far as the account may; None: the plan asks for them, and they are created by other means.
	// Others, such as StorageClasses, are never created.
	// +optional
	ClusterResources ClusterResources `json:"clusterResources,omitempty"`
	// claims named one by one. A claim needs no workload: the data of one that nothing mounts
	// moves alone, and nothing is stopped or started for it.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=256
	Claims []ClaimReference `json:"claims,omitempty"`
	// exclude names objects that never move, whatever selects them or refers to them: it wins
	// over everything else. What members need of them has to be at the target; a claim that
	// they mount must exist there.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	Exclude []ExcludedObject `json:"exclude,omitempty"`
	// contents: which part of the application moves. All (default): its objects and its data.
	// Data: its claims with their data and nothing else; the switch starts nothing at the target,
	// and is complete when the data is there. Objects: its objects, with claims that are created
	// empty; no data is copied, and a claim that exists at the target already is used only when
	// its policy in data.claims is Skip. In each case the switch stops the application at the
	// source, and it stays stopped.
	// +optional
	// +default="All"
	Contents Contents `json:"contents,omitempty"`
}

// ClusterResources says what happens to cluster-wide objects.
// +kubebuilder:validation:Enum=Referenced;None
type ClusterResources string

// What happens to cluster-wide objects that the target does not have.
const (
	// ClusterResourcesReferenced are created there.
	ClusterResourcesReferenced ClusterResources = "Referenced"
	// ClusterResourcesNone are not.
	ClusterResourcesNone ClusterResources = "None"
)
