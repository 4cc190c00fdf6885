package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SyncVolume is one claim that a mobilizer copies.
type SyncVolume struct {
	// name of the claim at the source.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// target is the name of the claim at the target.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Target string `json:"target"`
}

// SyncPolicy says when runs are started by themselves. A run never begins while another one goes on.
// Those that were missed meanwhile, or while nothing ran here, are made up for by one. The first run
// begins at once.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.schedule) && has(self.interval))",message="sync.schedule and sync.interval are both set: keep one of them"
// +kubebuilder:validation:XValidation:rule="has(self.schedule) || !has(self.timeZone)",message="sync.timeZone is set without sync.schedule, which it belongs to: add the schedule or remove the time zone"
type SyncPolicy struct {
	// interval between the beginnings of two runs, a duration such as 30s, at least 10s. One that takes
	// longer is followed by the next at once. Default, without a schedule: 5m.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+(s|m|h))+$') && duration(self) >= duration('10s')",message="sync.interval is not a duration of at least 10s: write for example 5m"
	Interval string `json:"interval,omitempty"`
	// schedule of the runs in the form of cron, such as "*/15 * * * *", with five fields, or a word such
	// as @hourly. Runs of different moves are spread over up to a minute after the time.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Schedule string `json:"schedule,omitempty"`
	// timeZone of the schedule, a name of the time zone database such as Europe/Berlin. Default: UTC.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	TimeZone string `json:"timeZone,omitempty"`
	// deadline of a run after the first one, a duration such as 6h, at least 1m: one that takes longer is ended,
	// and made again later. Most of what it has copied is not copied again. Default: 24h.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+(s|m|h))+$') && duration(self) >= duration('1m')",message="sync.deadline is not a duration of at least 1m: write for example 6h"
	Deadline string `json:"deadline,omitempty"`
}

// DataSyncSpec is what one mobilizer copies for one pair. Fields are hook-owned unless said
// otherwise.
type DataSyncSpec struct {
	// pairRef names the MovePair. Hook-owned. Immutable.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="pairRef is immutable"
	PairRef LocalReference `json:"pairRef"`
	// mobilizer is the registered name. Hook-owned. Immutable.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="mobilizer is immutable"
	Mobilizer string `json:"mobilizer"`
	// parameters handed to the mobilizer: names of at most 63 characters, values of at most
	// 1024. Hook-owned.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, size(k) <= 63 && size(self[k]) <= 1024)",message="a parameter has a name longer than 63 characters or a value longer than 1024: shorten it"
	Parameters map[string]string `json:"parameters,omitempty"`
	// volumes to copy. Hook-owned.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=256
	Volumes []SyncVolume `json:"volumes,omitempty"`
	// sync says when runs are started by themselves; absent: only on request. Hook-owned.
	// +optional
	Sync *SyncPolicy `json:"sync,omitempty"`
	// suspend: no run is started. Hook-owned.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
	// request asks for one run, while the application goes on running, whenever it changes;
	// status.lastRun.request echoes it when that run has ended. A run before the switch makes
	// the final one shorter. Operator-owned.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`
	Request string `json:"request,omitempty"`
}

// Trigger says why a run was started.
// +kubebuilder:validation:Enum=Initial;Schedule;Request;Final
type Trigger string

// The triggers of a run.
const (
	// TriggerInitial: the first run of a live move.
	TriggerInitial Trigger = "Initial"
	// TriggerSchedule: the time of spec.sync has come.
	TriggerSchedule Trigger = "Schedule"
	// TriggerRequest: spec.request was written.
	TriggerRequest Trigger = "Request"
	// TriggerFinal: the run of a switch, after the source was stopped.
	TriggerFinal Trigger = "Final"
)

// VolumeStage is how far a volume is in the current or last run.
// +kubebuilder:validation:Enum=Pending;Preparing;Copying;Verifying;Synced;Failed
type VolumeStage string

// The stages of a volume.
const (
	StagePending   VolumeStage = "Pending"
	StagePreparing VolumeStage = "Preparing"
	StageCopying   VolumeStage = "Copying"
	StageVerifying VolumeStage = "Verifying"
	StageSynced    VolumeStage = "Synced"
	StageFailed    VolumeStage = "Failed"
)

// VolumeStatus is the granular state of one volume. A byte counts half when it has been read
// at the source and whole when it has been written at the target.
type VolumeStatus struct {
	// name of the claim at the source.
	// +required
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// stage of the volume.
	// +optional
	Stage VolumeStage `json:"stage,omitempty"`
	// bytesDone of bytesTotal.
	// +optional
	BytesDone int64 `json:"bytesDone,omitempty"`
	// bytesTotal of the volume, as far as it is known.
	// +optional
	BytesTotal int64 `json:"bytesTotal,omitempty"`
	// filesDone of filesTotal.
	// +optional
	FilesDone int64 `json:"filesDone,omitempty"`
	// filesTotal of the volume, as far as it is known.
	// +optional
	FilesTotal int64 `json:"filesTotal,omitempty"`
	// lastSuccessTime is the end of the last run that copied the volume whole.
	// +optional
	LastSuccessTime *metav1.Time `json:"lastSuccessTime,omitempty"`
	// transport that the newest run uses or has used: ClusterIP, NodePort, LoadBalancer or
	// Relay.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	Transport TransportType `json:"transport,omitempty"`
	// error of the last run, empty when it succeeded.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Error string `json:"error,omitempty"`
}

// SyncRun is one run.
type SyncRun struct {
	// id of the run.
	// +required
	// +kubebuilder:validation:MaxLength=128
	ID string `json:"id"`
	// trigger of the run.
	// +required
	Trigger Trigger `json:"trigger"`
	// request that the run answers, for the trigger Request.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Request string `json:"request,omitempty"`
	// startedAt is when the run was created.
	// +optional
	StartedAt *metav1.Time `json:"startedAt,omitempty"`
	// finishedAt is when the run ended; absent while it runs.
	// +optional
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	// seconds from startedAt to finishedAt; absent while it runs.
	// +optional
	Seconds int64 `json:"seconds,omitempty"`
	// copySeconds of it that the copy and its comparison took, without the time for the Job, the workers and their
	// connection: at least 1. Absent unless the run has succeeded.
	// +optional
	CopySeconds int64 `json:"copySeconds,omitempty"`
	// outcome: Succeeded, Failed or Declined; empty while it runs.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	Outcome string `json:"outcome,omitempty"`
	// message explains an outcome other than Succeeded.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
	// warnings of the workers, at most ten: what was left out, or is not as at the source.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:items:MaxLength=1024
	Warnings []string `json:"warnings,omitempty"`
	// bytes of the volumes in this run.
	// +optional
	Bytes int64 `json:"bytes,omitempty"`
	// files of the volumes in this run.
	// +optional
	Files int64 `json:"files,omitempty"`
}

// DataSyncStatus is the granular state of the copies.
type DataSyncStatus struct {
	// observedGeneration is the generation that this status was computed from.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// conditions: Accepted, Synced, Verified, Retired and Stalled.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// volumes, one entry each.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=256
	Volumes []VolumeStatus `json:"volumes,omitempty"`
	// bytesDone of all volumes.
	// +optional
	BytesDone int64 `json:"bytesDone,omitempty"`
	// filesDone of all volumes.
	// +optional
	FilesDone int64 `json:"filesDone,omitempty"`
	// stages of the volumes in a few words: the stage where all have the same, else the number
	// of volumes in each, such as "1 Copying, 2 Synced".
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Stages string `json:"stages,omitempty"`
	// transport that the newest run uses or has used; several, separated by commas, where the
	// volumes differ.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Transport string `json:"transport,omitempty"`
	// progress of the current run in a few words: percent of the bytes, rate and time left.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Progress string `json:"progress,omitempty"`
	// bytesPerSecond at which the current run goes on, over the last minute.
	// +optional
	BytesPerSecond int64 `json:"bytesPerSecond,omitempty"`
	// etaSeconds is the time that the current run still needs at this rate.
	// +optional
	ETASeconds int64 `json:"etaSeconds,omitempty"`
	// run is the current run.
	// +optional
	Run *SyncRun `json:"run,omitempty"`
	// lastRun is the last run that ended.
	// +optional
	LastRun *SyncRun `json:"lastRun,omitempty"`
	// runs that ended, at most ten, the newest first. The last one that succeeded is always among them.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=10
	Runs []SyncRun `json:"runs,omitempty"`
	// nextRunTime is when the next run is due by spec.sync; absent without, and when none comes any more.
	// +optional
	NextRunTime *metav1.Time `json:"nextRunTime,omitempty"`
	// lastSuccessTime is the end of the last run that succeeded.
	// +optional
	LastSuccessTime *metav1.Time `json:"lastSuccessTime,omitempty"`
	// stalled is the reason of the condition Stalled while that is True; absent while nothing
	// is stalled.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Stalled string `json:"stalled,omitempty"`
}

// DataSync is what a mobilizer implements: the copy of the volumes of one pair. It is named
// PAIR-MOBILIZER.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=dsync,categories=kubemove
// +kubebuilder:printcolumn:name="Mobilizer",type=string,JSONPath=`.spec.mobilizer`
// +kubebuilder:printcolumn:name="Run",type=string,JSONPath=`.status.run.trigger`
// +kubebuilder:printcolumn:name="Progress",type=string,JSONPath=`.status.progress`
// +kubebuilder:printcolumn:name="Volumes",type=string,JSONPath=`.status.stages`
// +kubebuilder:printcolumn:name="Last Success",type=date,JSONPath=`.status.lastSuccessTime`
// +kubebuilder:printcolumn:name="Next Run",type=string,JSONPath=`.status.nextRunTime`,priority=1
// +kubebuilder:printcolumn:name="Transport",type=string,JSONPath=`.status.transport`,priority=1
// +kubebuilder:printcolumn:name="Files",type=integer,JSONPath=`.status.filesDone`,priority=1
// +kubebuilder:printcolumn:name="Bytes",type=integer,JSONPath=`.status.bytesDone`,priority=1
// +kubebuilder:printcolumn:name="Stalled",type=string,JSONPath=`.status.stalled`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type DataSync struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// spec says what is copied.
	// +required
	Spec DataSyncSpec `json:"spec"`
	// status is the granular state of the copies.
	// +optional
	Status DataSyncStatus `json:"status,omitempty,omitzero"`
}

// DataSyncList is a list of DataSyncs.
//
// +kubebuilder:object:root=true
type DataSyncList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []DataSync `json:"items"`
}
