package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// MoveMode says when the data is transferred.
// +kubebuilder:validation:Enum=Offline;Live
type MoveMode string

// The modes of a move.
const (
	// ModeOffline moves once: the application stops, its data is copied, it starts at the target.
	ModeOffline MoveMode = "Offline"
	// ModeLive copies while the application goes on running, again and again, until the switch: then
	// only what has changed since the last run is copied while the application is stopped.
	ModeLive MoveMode = "Live"
)

// DeletionPolicy says what becomes of the copies at a target that is not active.
// +kubebuilder:validation:Enum=Retain;Delete
type DeletionPolicy string

// The policies of deletion.
const (
	// DeletionRetain leaves the copies where they are.
	DeletionRetain DeletionPolicy = "Retain"
	// DeletionDelete deletes the claims that the pair has created, where they hold copies and nothing else.
	DeletionDelete DeletionPolicy = "Delete"
)

// Deletes says whether the copies go.
func (p DeletionPolicy) Deletes() bool { return p == DeletionDelete }

// EngineSwitch is the cutover that an engine asks for: the target and the policy of its
// MoveSwitch.
type EngineSwitch struct {
	// target to switch to: a name of targets. Required when there are several targets.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Target string `json:"target,omitempty"`

	SwitchPolicy `json:",inline"`
}

// MoveEngineSpec is the intent: which application moves where, and how. Every field is
// written by the user.
//
// +kubebuilder:validation:XValidation:rule="size(self.targets) == 1 || (has(self.switch) && has(self.switch.target) && size(self.switch.target) > 0)",message="there are several targets and switch.target is empty: name the one to switch to"
// +kubebuilder:validation:XValidation:rule="!has(self.switch) || !has(self.switch.target) || size(self.switch.target) == 0 || self.targets.exists(t, t.name == self.switch.target)",message="switch.target is not the name of one of targets: correct the name or add the target"
// +kubebuilder:validation:XValidation:rule="self.targets.all(t, has(t.cluster) || (has(self.source) && has(self.source.cluster)))",message="a target without cluster and a source without cluster are the same place, this namespace: give one of them a cluster.kubeconfigSecretRef and a namespace"
// +kubebuilder:validation:XValidation:rule="!has(self.source) || !has(self.source.cluster) || self.targets.all(t, !has(t.cluster) || t.cluster.kubeconfigSecretRef.name != self.source.cluster.kubeconfigSecretRef.name || t.cluster.kubeconfigSecretRef.key != self.source.cluster.kubeconfigSecretRef.key || t.__namespace__ != self.source.__namespace__)",message="a target has the cluster and the namespace of the source: nothing would move, correct one of them"
// +kubebuilder:validation:XValidation:rule="has(self.source) == has(oldSelf.source) && (!has(self.source) || self.source == oldSelf.source)",message="source is immutable: create another MoveEngine instead"
// +kubebuilder:validation:XValidation:rule="self.mode == 'Live' || !has(self.sync)",message="sync is set and mode is Offline, which copies once: remove sync, or set mode to Live"
type MoveEngineSpec struct {
	// mode of the move: Offline, which copies once, with the application stopped; or Live, which
	// copies while the application runs, again and again, until the switch.
	// +required
	Mode MoveMode `json:"mode"`
	// sync says when a live move copies. Only with the mode Live. Default: every 5m.
	// +optional
	Sync *SyncPolicy `json:"sync,omitempty"`
	// suspend stops new plans, transfers and switches from being started; what runs goes on
	// to its end. Default: false.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
	// application selects what moves. Workloads that carry the two annotations with this
	// engine's name are always members, so this may be empty.
	// +optional
	Application Application `json:"application,omitempty,omitzero"`
	// source of the move. Default: the home cluster and the namespace of this object.
	// Immutable.
	// +optional
	Source *Endpoint `json:"source,omitempty"`
	// targets to move to; each gets its own MovePair.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Targets []Target `json:"targets"`
	// data says how the data moves.
	// +optional
	Data Data `json:"data,omitempty,omitzero"`
	// planInterval: once in each such time the plan is made anew, at a time that is the pair's own; a duration such as
	// 30m, at least 1m. A plan looks through every volume. 0s: only when something changes, or when it is asked
	// for. Default: 1h.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+(s|m|h))+$') && (duration(self) >= duration('1m') || duration(self) == duration('0s'))",message="planInterval is not a duration of at least 1m, nor 0s: write for example 30m"
	PlanInterval string `json:"planInterval,omitempty"`
	// deletionPolicy says what becomes of the copies at the targets when this object is deleted, or a target is removed
	// from targets. Retain: the claims stay. Delete: those that the move has created are deleted, with their data, at
	// each target to which the application has not switched. No part of the plan's hash. Default: Retain.
	// +optional
	// +kubebuilder:default=Retain
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
	// switch is the cutover. Absent: one with the defaults, to the only target.
	// +optional
	Switch *EngineSwitch `json:"switch,omitempty"`
}

// ActiveSide says where the application may run.
// +kubebuilder:validation:Enum=Source;None;Target
type ActiveSide string

// The sides on which an application may run. None: it is stopped on both.
const (
	ActiveSource ActiveSide = "Source"
	ActiveNone   ActiveSide = "None"
	ActiveTarget ActiveSide = "Target"
)

// Before says whether a switch that goes forward has the side active before the other one: the
// source, then none, then the target. A side that is not known comes first.
func (a ActiveSide) Before(b ActiveSide) bool {
	order := map[ActiveSide]int{ActiveSource: 1, ActiveNone: 2, ActiveTarget: 3}
	return order[a] < order[b]
}

// EngineActive is where the application runs.
type EngineActive struct {
	// side that is active.
	// +required
	Side ActiveSide `json:"side"`
	// target that is active, when side is Target.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Target string `json:"target,omitempty"`
	// since when the target is active.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`
}

// EngineTargetStatus is the state of one target.
type EngineTargetStatus struct {
	// name of the target.
	// +required
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// pair is the name of the target's MovePair.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Pair string `json:"pair,omitempty"`
	// channel of the pair.
	// +optional
	Channel Channel `json:"channel,omitempty"`
	// planHash identifies the newest plan of the pair.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	PlanHash string `json:"planHash,omitempty"`
	// lastSuccessTime is that of the pair: how old the copy at the target is at most.
	// +optional
	LastSuccessTime *metav1.Time `json:"lastSuccessTime,omitempty"`
	// predictedDowntimeSeconds is that of the pair: how long a switch to this target would stop the application.
	// +optional
	PredictedDowntimeSeconds int64 `json:"predictedDowntimeSeconds,omitempty"`
}

// MoveEngineStatus is what is known of the move.
type MoveEngineStatus struct {
	// observedGeneration is the generation that this status was computed from.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// conditions: Accepted, Planned, Ready, Switched and Stalled.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// active says where the application may run.
	// +optional
	Active *EngineActive `json:"active,omitempty"`
	// targets, one entry each.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Targets []EngineTargetStatus `json:"targets,omitempty"`
	// predictedDowntimeSeconds of the target to switch to.
	// +optional
	PredictedDowntimeSeconds int64 `json:"predictedDowntimeSeconds,omitempty"`
	// planRef names the Secret that holds the plan of the target to switch to.
	// +optional
	PlanRef *LocalReference `json:"planRef,omitempty"`
	// blockers of the plan, at most ten.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	Blockers []Blocker `json:"blockers,omitempty"`
	// step that runs now, in a few words, such as "Cutover: FinalSync".
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Step string `json:"step,omitempty"`
	// stalled is the reason of the condition Stalled while that is True; absent while nothing
	// is stalled.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Stalled string `json:"stalled,omitempty"`
}

// MoveEngine is the intent to move an application with its data.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=me,categories=kubemove
// +kubebuilder:printcolumn:name="Mode",type=string,JSONPath=`.spec.mode`
// +kubebuilder:printcolumn:name="Active",type=string,JSONPath=`.status.active.side`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Switched",type=string,JSONPath=`.status.conditions[?(@.type=="Switched")].status`
// +kubebuilder:printcolumn:name="Step",type=string,JSONPath=`.status.step`
// +kubebuilder:printcolumn:name="Predicted Downtime(s)",type=integer,JSONPath=`.status.predictedDowntimeSeconds`,priority=1
// +kubebuilder:printcolumn:name="Stalled",type=string,JSONPath=`.status.stalled`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 180",message="the name is longer than 180 characters: choose a shorter one, the names of the pairs are made from it"
type MoveEngine struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// spec is the intent.
	// +required
	Spec MoveEngineSpec `json:"spec"`
	// status is what is known of the move.
	// +optional
	Status MoveEngineStatus `json:"status,omitempty,omitzero"`
}

// MoveEngineList is a list of MoveEngines.
//
// +kubebuilder:object:root=true
type MoveEngineList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []MoveEngine `json:"items"`
}
