package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Channel is the state of the data channel of a pair.
// +kubebuilder:validation:Enum=Init;InProgress;Active;Complete;Unknown
type Channel string

// The states of a data channel.
const (
	// ChannelInit: nothing is known yet.
	ChannelInit Channel = "Init"
	// ChannelInProgress: planning, or the mobilizers open the channel.
	ChannelInProgress Channel = "InProgress"
	// ChannelActive: planned without blockers and open; data can flow.
	ChannelActive Channel = "Active"
	// ChannelComplete: a switch has used the channel; no data flows any more.
	ChannelComplete Channel = "Complete"
	// ChannelUnknown: an endpoint cannot be reached.
	ChannelUnknown Channel = "Unknown"
)

// MovePairSpec is one source and one target of a move. Fields are hook-owned unless said
// otherwise.
//
// +kubebuilder:validation:XValidation:rule="has(self.target.cluster) || (has(self.source) && has(self.source.cluster))",message="a target without cluster and a source without cluster are the same place, this namespace: give one of them a cluster.kubeconfigSecretRef and a namespace"
// +kubebuilder:validation:XValidation:rule="has(self.source) == has(oldSelf.source) && (!has(self.source) || self.source == oldSelf.source)",message="source is immutable"
type MovePairSpec struct {
	// engine is the name that workloads name in their annotation kubemove.io/engine.
	// Hook-owned. Immutable.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="engine is immutable"
	Engine string `json:"engine"`
	// suspend: nothing new is started. Hook-owned.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
	// application selects what moves. Hook-owned.
	// +optional
	Application Application `json:"application,omitempty,omitzero"`
	// source endpoint; absent: the home cluster and this namespace. Hook-owned. Immutable.
	// +optional
	Source *Endpoint `json:"source,omitempty"`
	// target endpoint and its mappings. Hook-owned.
	// +required
	Target Target `json:"target"`
	// data says how the data moves. Hook-owned.
	// +optional
	Data Data `json:"data,omitempty,omitzero"`
	// sync says when the DataSyncs copy by themselves while the application runs; absent: only on request. With it a
	// switch waits for the first of these runs. Hook-owned.
	// +optional
	Sync *SyncPolicy `json:"sync,omitempty"`
	// planInterval: a plan that is older is made anew, a duration; 0s: never by itself. Default:
	// 1h. Hook-owned.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^([0-9]+(s|m|h))+$`
	PlanInterval string `json:"planInterval,omitempty"`
	// planRequest asks for a new plan whenever it changes. Operator-owned.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	PlanRequest string `json:"planRequest,omitempty"`
}

// PlannedVolume is a claim of the application as the plan found it.
type PlannedVolume struct {
	// name of the claim at the source.
	// +required
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// target is the name of the claim at the target.
	// +required
	// +kubebuilder:validation:MaxLength=253
	Target string `json:"target"`
	// mobilizer that copies it; empty when the policy is not Copy.
	// +optional
	// +kubebuilder:validation:MaxLength=40
	Mobilizer string `json:"mobilizer,omitempty"`
	// capacityBytes that the source claim has.
	// +optional
	CapacityBytes int64 `json:"capacityBytes,omitempty"`
	// usedBytes of the source claim when it was last looked through: the sizes of its regular
	// files.
	// +optional
	UsedBytes int64 `json:"usedBytes,omitempty"`
	// files of the source claim when it was last looked through: everything but directories.
	// +optional
	Files int64 `json:"files,omitempty"`
}

// PlannedKind counts the objects of one kind that are created at the target.
type PlannedKind struct {
	// kind, with its group where it has one: ConfigMap, Deployment.apps.
	// +required
	// +kubebuilder:validation:MaxLength=320
	Kind string `json:"kind"`
	// objects of the kind.
	// +required
	Objects int64 `json:"objects"`
}

// PlanStatus is the summary of the newest plan.
type PlanStatus struct {
	// hash identifies what the plan would do; a switch is approved by this value.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Hash string `json:"hash,omitempty"`
	// madeAt is when the application was read for it.
	// +optional
	MadeAt *metav1.Time `json:"madeAt,omitempty"`
	// secretName names the Secret that holds the whole plan.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`
	// objects is the number of objects that are created at the target.
	// +optional
	Objects int64 `json:"objects,omitempty"`
	// kinds of these objects, and how many there are of each; at most 64.
	// +optional
	// +listType=map
	// +listMapKey=kind
	// +kubebuilder:validation:MaxItems=64
	Kinds []PlannedKind `json:"kinds,omitempty"`
	// estimatedSeconds that the whole switch takes, from the moment it may begin. A rough
	// estimate, rounded up: from what the volumes hold, and from how long the last run took
	// that copied them, else from what restic does in KubeMove's own benchmark (110 MB/s and
	// 2500 files/s on two cores). Absent while nobody knows what the volumes hold.
	// +optional
	EstimatedSeconds int64 `json:"estimatedSeconds,omitempty"`
	// estimatedDowntimeSeconds is the part of it without the application: its stop and start,
	// for which 15 s are assumed, and the whole final run. How long the application itself takes to end and to
	// become healthy nobody can tell beforehand.
	// +optional
	EstimatedDowntimeSeconds int64 `json:"estimatedDowntimeSeconds,omitempty"`
	// volumes of the application.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=256
	Volumes []PlannedVolume `json:"volumes,omitempty"`
	// blockers, at most ten.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	Blockers []Blocker `json:"blockers,omitempty"`
	// warnings, at most ten; of more the tenth says how many there are.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:items:MaxLength=1024
	Warnings []string `json:"warnings,omitempty"`
}

// MovePairStatus is the state of the channel.
type MovePairStatus struct {
	// observedGeneration is the generation that this status was computed from.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// conditions: Accepted, Connected, Planned, Ready and Stalled.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// channel is the state of the data channel.
	// +optional
	Channel Channel `json:"channel,omitempty"`
	// plan is the summary of the newest plan.
	// +optional
	Plan *PlanStatus `json:"plan,omitempty"`
	// dataSyncs are the names of the pair's DataSyncs.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MaxLength=253
	DataSyncs []string `json:"dataSyncs,omitempty"`
	// lastSuccessTime is the oldest of the ends of the last successful runs of all the DataSyncs; absent until
	// each has one.
	// +optional
	LastSuccessTime *metav1.Time `json:"lastSuccessTime,omitempty"`
	// transport that the newest run uses or has used: ClusterIP, NodePort, LoadBalancer or
	// Relay; several, separated by commas, where the volumes differ. Absent before the first
	// run.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Transport string `json:"transport,omitempty"`
	// stalled is the reason of the condition Stalled while that is True; absent while nothing
	// is stalled.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Stalled string `json:"stalled,omitempty"`
}

// MovePair is the data channel between a source and a target. An engine's pair is named
// ENGINE-TARGET.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=mp,categories=kubemove
// +kubebuilder:printcolumn:name="Channel",type=string,JSONPath=`.status.channel`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Plan",type=string,JSONPath=`.status.plan.hash`
// +kubebuilder:printcolumn:name="Objects",type=integer,JSONPath=`.status.plan.objects`
// +kubebuilder:printcolumn:name="Last Success",type=date,JSONPath=`.status.lastSuccessTime`
// +kubebuilder:printcolumn:name="Transport",type=string,JSONPath=`.status.transport`,priority=1
// +kubebuilder:printcolumn:name="Stalled",type=string,JSONPath=`.status.stalled`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type MovePair struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// spec names the endpoints and what moves between them.
	// +required
	Spec MovePairSpec `json:"spec"`
	// status is the state of the channel.
	// +optional
	Status MovePairStatus `json:"status,omitempty,omitzero"`
}

// MovePairList is a list of MovePairs.
//
// +kubebuilder:object:root=true
type MovePairList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []MovePair `json:"items"`
}
