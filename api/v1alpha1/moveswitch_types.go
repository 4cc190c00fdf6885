package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Approval says whether a person has to approve the plan.
// +kubebuilder:validation:Enum=Manual;Automatic
type Approval string

// The ways to approve a switch.
const (
	// ApprovalManual: the switch waits until spec.approvedPlan holds the hash of the plan.
	ApprovalManual Approval = "Manual"
	// ApprovalAutomatic: the switch starts as soon as the channel is active.
	ApprovalAutomatic Approval = "Automatic"
)

// FailurePolicy says what follows a failure before the point of no return.
// +kubebuilder:validation:Enum=RollBack;Hold
type FailurePolicy string

// The failure policies.
const (
	// FailureRollBack brings the source back by itself.
	FailureRollBack FailurePolicy = "RollBack"
	// FailureHold leaves everything as it is until desired or retry is set.
	FailureHold FailurePolicy = "Hold"
)

// Desired is the end that the operator wants of a switch.
// +kubebuilder:validation:Enum=Switched;RolledBack;Cancelled
type Desired string

// The ends of a switch.
const (
	// DesiredSwitched: the application runs at the target. The default.
	DesiredSwitched Desired = "Switched"
	// DesiredRolledBack: what was done is rolled back; possible until the switch is committed.
	DesiredRolledBack Desired = "RolledBack"
	// DesiredCancelled: like RolledBack, and for a switch that has not begun: never begin.
	DesiredCancelled Desired = "Cancelled"
)

// Quiesce says how the source is stopped.
type Quiesce struct {
	// timeout for the Jobs of CronJobs to end, before anything else is stopped, and then for the
	// source's Pods to be gone, a duration such as 90s. KubeMove never force-deletes a Pod: when
	// the time is over the switch fails. Default: 5m.
	// +optional
	// +default="5m"
	// +kubebuilder:validation:Pattern=`^([0-9]+(s|m|h))+$`
	// +kubebuilder:validation:MaxLength=32
	Timeout string `json:"timeout,omitempty"`
}

// SwitchPolicy is how a cutover is done. The same fields stand in MoveEngine's switch and in
// MoveSwitch, where they are hook-owned.
type SwitchPolicy struct {
	// at is the time before which the switch does not begin, in the form of RFC 3339, such as
	// 2026-12-24T02:00:00+01:00. One that is approved later begins then. A time before the object was created is
	// refused. Default: it begins as soon as it may. Hook-owned in a MoveSwitch.
	// +optional
	// +kubebuilder:validation:Format=date-time
	// +kubebuilder:validation:MaxLength=64
	At string `json:"at,omitempty"`
	// approval: Manual waits for approvedPlan, Automatic does not. Default: Manual.
	// Hook-owned in a MoveSwitch.
	// +optional
	// +default="Manual"
	Approval Approval `json:"approval,omitempty"`
	// maxFinalSync, in a live move: before the application is stopped everything is copied once more, again and again, until a
	// run takes no longer than this, a duration, or until they get no shorter, at most five times. Only with
	// mobilizers that serve several passes. Default: 10s. Hook-owned in a MoveSwitch.
	// +optional
	// +default="10s"
	// +kubebuilder:validation:Pattern=`^([0-9]+(s|m|h))+$`
	// +kubebuilder:validation:MaxLength=32
	MaxFinalSync string `json:"maxFinalSync,omitempty"`
	// maxDowntime: a switch of which more downtime is predicted than this (predictedDowntimeSeconds of the MovePair), a
	// duration such as 30s, does not begin. It begins by itself when the prediction is no longer above it. What a
	// switch really takes ends none. Default: no limit. Hook-owned in a MoveSwitch.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+(s|m|h))+$') && duration(self) > duration('0s')",message="maxDowntime is not a duration of more than nothing: write for example 30s"
	MaxDowntime string `json:"maxDowntime,omitempty"`
	// quiesce says how the source is stopped. Hook-owned in a MoveSwitch.
	// +optional
	Quiesce Quiesce `json:"quiesce,omitempty,omitzero"`
	// healthTimeout for the application to become healthy at the target, a duration. When the
	// time is over, onFailure decides. Default: 5m. Hook-owned in a MoveSwitch.
	// +optional
	// +default="5m"
	// +kubebuilder:validation:Pattern=`^([0-9]+(s|m|h))+$`
	// +kubebuilder:validation:MaxLength=32
	HealthTimeout string `json:"healthTimeout,omitempty"`
	// onFailure before the switch is committed: RollBack or Hold. Default: RollBack.
	// Hook-owned in a MoveSwitch.
	// +optional
	// +default="RollBack"
	OnFailure FailurePolicy `json:"onFailure,omitempty"`
}

// MoveSwitchSpec is one cutover. Fields are hook-owned unless said otherwise.
//
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.desired) || oldSelf.desired != 'Cancelled' || (has(self.desired) && self.desired == 'Cancelled')",message="a cancelled switch stays cancelled: delete it, and the engine makes a new one"
type MoveSwitchSpec struct {
	// pairRef names the MovePair that is switched. Hook-owned. Immutable.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="pairRef is immutable"
	PairRef LocalReference `json:"pairRef"`

	SwitchPolicy `json:",inline"`

	// suspend: the switch does not begin. Hook-owned.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
	// desired end: Switched (the meaning when absent), RolledBack or Cancelled.
	// Operator-owned.
	// +optional
	Desired Desired `json:"desired,omitempty"`
	// approvedPlan is the hash of the plan that was read and found right (status.planHash).
	// A plan that has changed since is not carried out. Operator-owned.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	ApprovedPlan string `json:"approvedPlan,omitempty"`
	// retry lets a switch that was rolled back, declined or held try again whenever it
	// changes. Operator-owned.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Retry string `json:"retry,omitempty"`
}

// SwitchStep is one step of the cutover.
type SwitchStep struct {
	// name of the step: Prepare, Lock, Pin, Workers, Jobs, Deltas, Quiesce, FinalSync, Activate,
	// Start, Health, Commit, Open, Finish or RollBack.
	// +required
	// +kubebuilder:validation:MaxLength=64
	Name string `json:"name"`
	// state: Running, Done or Failed.
	// +required
	// +kubebuilder:validation:MaxLength=32
	State string `json:"state"`
	// startedAt is when the step began.
	// +optional
	StartedAt *metav1.Time `json:"startedAt,omitempty"`
	// finishedAt is when the step ended.
	// +optional
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	// message says more, such as what is waited for.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// MoveSwitchStatus is the state of the cutover.
type MoveSwitchStatus struct {
	// observedGeneration is the generation that this status was computed from.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// conditions: Accepted, Approved, Committed, Switched, RolledBack, SourceFenced and Stalled.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// active side of the application, as far as this switch is concerned.
	// +optional
	Active ActiveSide `json:"active,omitempty"`
	// planHash of the plan that would be, or was, carried out: the value for approvedPlan.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	PlanHash string `json:"planHash,omitempty"`
	// committedAt is when the point of no return was passed.
	// +optional
	CommittedAt *metav1.Time `json:"committedAt,omitempty"`
	// steps of the cutover, in order.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	Steps []SwitchStep `json:"steps,omitempty"`
	// downtimeSeconds from the moment the source was stopped until the target was open.
	// +optional
	DowntimeSeconds int64 `json:"downtimeSeconds,omitempty"`
	// observedRetry is the last retry token that was acted on.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	ObservedRetry string `json:"observedRetry,omitempty"`
	// finalRun is the final run of the data, once it has ended.
	// +optional
	FinalRun *SyncRun `json:"finalRun,omitempty"`
	// stalled is the reason of the condition Stalled while that is True; absent while nothing
	// is stalled.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Stalled string `json:"stalled,omitempty"`
}

// MoveSwitch is the cutover from source to target. An engine's switch is named
// ENGINE-TARGET.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:validation:XValidation:rule="oldSelf.hasValue() || self.metadata.name == self.spec.pairRef.name",optionalOldSelf=true,message="a MoveSwitch has the name of its MovePair, as a pair has one switch: set metadata.name to spec.pairRef.name"
// +kubebuilder:resource:shortName=ms,path=moveswitches,categories=kubemove
// +kubebuilder:printcolumn:name="Active",type=string,JSONPath=`.status.active`
// +kubebuilder:printcolumn:name="Plan",type=string,JSONPath=`.status.planHash`
// +kubebuilder:printcolumn:name="Approved",type=string,JSONPath=`.status.conditions[?(@.type=="Approved")].status`
// +kubebuilder:printcolumn:name="Step",type=string,JSONPath=`.status.steps[?(@.state!="Done")].name`
// +kubebuilder:printcolumn:name="Switched",type=string,JSONPath=`.status.conditions[?(@.type=="Switched")].status`
// +kubebuilder:printcolumn:name="Downtime(s)",type=integer,JSONPath=`.status.downtimeSeconds`
// +kubebuilder:printcolumn:name="Stalled",type=string,JSONPath=`.status.stalled`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type MoveSwitch struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// spec says what is switched and how.
	// +required
	Spec MoveSwitchSpec `json:"spec"`
	// status is the state of the cutover.
	// +optional
	Status MoveSwitchStatus `json:"status,omitempty,omitzero"`
}

// MoveSwitchList is a list of MoveSwitches.
//
// +kubebuilder:object:root=true
type MoveSwitchList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []MoveSwitch `json:"items"`
}
