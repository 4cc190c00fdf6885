package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// StateSide is the side of a pair at which the mobilizers keep their state, such as a repository.
// +kubebuilder:validation:Enum=Source;Target
type StateSide string

// The sides of the state.
const (
	// StateAtTarget: that of a first move.
	StateAtTarget StateSide = "Target"
	// StateAtSource: that of a way back, as the state stays where it is when the direction turns.
	StateAtSource StateSide = "Source"
)

// ObjectIdentity names one object of the same namespace, and no later one of its name.
type ObjectIdentity struct {
	// name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// uid of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	UID string `json:"uid"`
}

// Reversal says what a pair leads back from.
type Reversal struct {
	// switch that has led to where the way back begins. It is committed.
	// +required
	Switch ObjectIdentity `json:"switch"`
	// firstPair of the lineage: that of the move that was the first of all.
	// +required
	FirstPair ObjectIdentity `json:"firstPair"`
	// earlier are the UIDs of all committed switches of the lineage, the oldest first; the last one is switch. At most 64.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=64
	Earlier []string `json:"earlier"`
	// stateSide of the pair's mobilizers.
	// +required
	StateSide StateSide `json:"stateSide"`
}

// ReverseObjects says what becomes of changes that were made where the application is now.
//
// +kubebuilder:validation:Enum=Restore;Reapply
type ReverseObjects string

// The ways in which objects go back.
const (
	// ObjectsRestore: the application starts with the objects that it had before. Changes stay behind, and the plan warns of each.
	ObjectsRestore ReverseObjects = "Restore"
	// ObjectsReapply: what was changed since the switch is changed in the objects that it had before, too.
	ObjectsReapply ReverseObjects = "Reapply"
)

// MoveReverseSpec says what goes back, and when.
type MoveReverseSpec struct {
	// switchRef names the MoveSwitch that is reversed: that of a MoveEngine, or that of another MoveReverse, whose way back is the
	// way forward again. Immutable.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="switchRef is immutable: make another MoveReverse for another switch"
	SwitchRef LocalReference `json:"switchRef"`
	// objects says with which objects the application starts where it came from. Restore: with those that it had before, as they
	// are; the plan warns of what was changed since the switch. Reapply: what was changed since the switch, where the application
	// is now, is changed in them, too; a roll back takes that back. Default: Restore.
	// +optional
	// +kubebuilder:default=Restore
	Objects ReverseObjects `json:"objects,omitempty"`
	// suspend: nothing new is started.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
	// sync says when data is copied back by itself while the application runs, as in a live move: at once, and then by schedule
	// or interval. Absent: the switch copies everything that differs while the application is stopped.
	// +optional
	Sync *SyncPolicy `json:"sync,omitempty"`
	// switch is the cutover back. Absent: one with the defaults.
	// +optional
	Switch *SwitchPolicy `json:"switch,omitempty"`
}

// MoveReverseStatus is what is known of the way back.
type MoveReverseStatus struct {
	// observedGeneration is the generation that this status was computed from.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// conditions: Accepted, Planned, Ready, Switched and Stalled.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// active side of the way back: Source is where the switch had led, Target where it had come from.
	// +optional
	Active ActiveSide `json:"active,omitempty"`
	// since when the application is back.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`
	// channel of the MovePair, which has the name of the MoveReverse, as its MoveSwitch has.
	// +optional
	Channel Channel `json:"channel,omitempty"`
	// planHash identifies the newest plan: the value for approvedPlan of the MoveSwitch.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	PlanHash string `json:"planHash,omitempty"`
	// planRef names the Secret that holds the plan.
	// +optional
	PlanRef *LocalReference `json:"planRef,omitempty"`
	// lastSuccessTime is that of the pair: how old the copy is at most.
	// +optional
	LastSuccessTime *metav1.Time `json:"lastSuccessTime,omitempty"`
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

// MoveReverse is the way back of an application after a committed switch, with its data. Its MovePair and its MoveSwitch have
// its name.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=mr,categories=kubemove
// +kubebuilder:printcolumn:name="Switch",type=string,JSONPath=`.spec.switchRef.name`
// +kubebuilder:printcolumn:name="Active",type=string,JSONPath=`.status.active`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Switched",type=string,JSONPath=`.status.conditions[?(@.type=="Switched")].status`
// +kubebuilder:printcolumn:name="Step",type=string,JSONPath=`.status.step`
// +kubebuilder:printcolumn:name="Stalled",type=string,JSONPath=`.status.stalled`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 180",message="the name is longer than 180 characters: choose a shorter one, the names of the Jobs are made from it"
// +kubebuilder:validation:XValidation:rule="self.metadata.name != self.spec.switchRef.name",message="the MoveReverse has the name of the switch that it reverses: choose another name, as its own MoveSwitch has its name"
type MoveReverse struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// spec says what goes back.
	// +required
	Spec MoveReverseSpec `json:"spec"`
	// status is what is known of it.
	// +optional
	Status MoveReverseStatus `json:"status,omitempty,omitzero"`
}

// MoveReverseList is a list of MoveReverses.
//
// +kubebuilder:object:root=true
type MoveReverseList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []MoveReverse `json:"items"`
}
