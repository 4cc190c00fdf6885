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
// +kubebuilder:validation:XValidation:rule="has(self.reverses) == has(oldSelf.reverses) && (!has(self.reverses) || self.reverses == oldSelf.reverses)",message="reverses is immutable"
// +kubebuilder:validation:XValidation:rule="!has(self.reverses) || !has(self.deletionPolicy) || self.deletionPolicy != 'Delete'",message="deletionPolicy is Delete and the pair leads back: its target is where the application came from, so nothing is deleted there; set deletionPolicy to Retain"
// +kubebuilder:validation:XValidation:rule="has(self.reverses) || !has(self.objects) || self.objects == 'Restore'",message="objects is Reapply and the pair is a first move: a first move creates its objects; leave objects out"
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
	// planInterval: once in each such time the plan is made anew, at a time that follows from the pair's UID; a
	// duration; 0s: never by itself. Default: 1h. Hook-owned.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^([0-9]+(s|m|h))+$`
	PlanInterval string `json:"planInterval,omitempty"`
	// deletionPolicy says what becomes of the copies at the target when the pair is deleted. Retain: the claims stay. Delete:
	// those that the pair has created are deleted, unless a switch of it was committed. A pair that leads back has Retain: its
	// target is the home of the application. Default: Retain. Hook-owned.
	// +optional
	// +kubebuilder:default=Retain
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
	// reverses says what the pair leads back from; absent: it is a first move. Hook-owned. Immutable.
	// +optional
	Reverses *Reversal `json:"reverses,omitempty"`
	// objects says with which objects an application starts that a pair leads back; absent, and of a first move: Restore. See
	// MoveReverse. Hook-owned.
	// +optional
	Objects ReverseObjects `json:"objects,omitempty"`
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
	// files. Absent: it was not looked through yet.
	// +optional
	UsedBytes *int64 `json:"usedBytes,omitempty"`
	// files of the source claim when it was last looked through: everything but directories. Absent:
	// it was not looked through yet.
	// +optional
	Files *int64 `json:"files,omitempty"`
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
	// stopSeconds that the application presumably takes to end: 2 s a Pod, and what its preStop hooks sleep, but no
	// longer than its grace period. Of a StatefulSet that ends its Pods one after the other it is their sum. No part
	// of the hash.
	// +optional
	StopSeconds int64 `json:"stopSeconds,omitempty"`
	// startSeconds that the application takes to become ready: as long as its Pods at the source took, without the
	// pulling of their images. No part of the hash.
	// +optional
	StartSeconds int64 `json:"startSeconds,omitempty"`
	// estimatedSeconds that the whole switch takes, from the moment it may begin: predictedDowntimeSeconds of the
	// pair, or in a live move before its first run what it would be for one copy of everything, and the time until
	// the workers of the final run are there. Rounded up. Absent while it is not known what the volumes hold.
	// +optional
	EstimatedSeconds int64 `json:"estimatedSeconds,omitempty"`
	// estimatedDowntimeSeconds is the part of it without the application.
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
	// predictedDowntimeSeconds of a switch that begins now. It is computed anew after each run and each plan, and stays
	// what it was once a switch has begun. Absent while it cannot be told: in a live move before its first run, and in an
	// offline move while a volume was not looked through.
	// +optional
	PredictedDowntimeSeconds int64 `json:"predictedDowntimeSeconds,omitempty"`
	// predictedDowntime is what predictedDowntimeSeconds is the sum of.
	// +optional
	PredictedDowntime *PredictedDowntime `json:"predictedDowntime,omitempty"`
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
// +kubebuilder:printcolumn:name="Predicted Downtime(s)",type=integer,JSONPath=`.status.predictedDowntimeSeconds`,priority=1
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
