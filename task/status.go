package task

import (
	"encoding/json"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// Outcome of a task.
type Outcome string

// The outcomes.
const (
	OutcomeSucceeded Outcome = "Succeeded"
	OutcomeFailed    Outcome = "Failed"
	// OutcomeDeclined: a check forbids it; nothing was changed.
	OutcomeDeclined Outcome = "Declined"
)

// Retry says whether trying again makes sense.
type Retry string

// The kinds of retry.
const (
	// RetrySoon: a passing failure.
	RetrySoon Retry = "Soon"
	// RetryLater: a person has to fix something first; tried again every few minutes.
	RetryLater Retry = "Later"
)

// StepConnect is the step of KubeMove's own verbs until both endpoints have answered.
const StepConnect = "Connect"

// Status is what a task reports. Readers tolerate unknown fields and values.
type Status struct {
	// APIVersion is always APIVersion.
	APIVersion string `json:"apiVersion"`
	// RunID repeats run.id of the task.
	RunID string `json:"runID"`
	// Sequence grows with every report of a run.
	Sequence int64 `json:"sequence"`
	// Step in one word, for people.
	Step string `json:"step,omitempty"`
	// Message says more about the step, such as what is waited for.
	Message string `json:"message,omitempty"`
	// Volumes with their counters.
	Volumes []VolumeProgress `json:"volumes,omitempty"`
	// BytesPerSecond of the run, over the last minute. KubeMove computes it.
	BytesPerSecond int64 `json:"bytesPerSecond,omitempty"`
	// ETASeconds of the run. KubeMove computes it.
	ETASeconds int64 `json:"etaSeconds,omitempty"`
	// CopySeconds that the copy and its comparison took, of a run that has succeeded: without the time for the workers and
	// their connection. KubeMove writes it.
	CopySeconds int64 `json:"copySeconds,omitempty"`
	// Warnings for people, at most ten.
	Warnings []string `json:"warnings,omitempty"`
	// Pass of a session that goes on now, and the last Passes that have ended, the oldest first, at most ten. Each is a run with
	// an id of its own. Only a task with a session has them.
	Pass   *api.SyncRun  `json:"pass,omitempty"`
	Passes []api.SyncRun `json:"passes,omitempty"`
	// Plan is the result of the verb plan, and of a cutover that found the plan changed.
	Plan *api.PlanStatus `json:"plan,omitempty"`
	// Switch is how far a cutover or a roll back is.
	Switch *SwitchProgress `json:"switch,omitempty"`
	// Watch is the result of the verb watch; of the verb plan it says when credentials end.
	Watch *Watch `json:"watch,omitempty"`
	// Stalled says what the task tries or waits for in vain; it goes on trying. Absent while it
	// gets on.
	Stalled *Stalled `json:"stalled,omitempty"`
	// Result ends the task; absent while it runs.
	Result *Result `json:"result,omitempty"`
}

// Stalled is what a running task waits for in vain.
type Stalled struct {
	// Since when.
	Since metav1.Time `json:"since"`
	// Reason in CamelCase.
	Reason string `json:"reason"`
	// Message for people: what was found, what was expected, one way to fix it.
	Message string `json:"message"`
}

// VolumeProgress counts what is done of one volume.
type VolumeProgress struct {
	// Name of the claim at the source.
	Name string `json:"name"`
	// Stage of the volume.
	Stage api.VolumeStage `json:"stage,omitempty"`
	// BytesDone of BytesTotal. A worker counts what its own side has done.
	BytesDone  int64 `json:"bytesDone"`
	BytesTotal int64 `json:"bytesTotal"`
	// FilesDone of FilesTotal: everything that is not a directory.
	FilesDone  int64 `json:"filesDone"`
	FilesTotal int64 `json:"filesTotal"`
	// Transport between the workers of the volume. KubeMove writes it.
	Transport api.TransportType `json:"transport,omitempty"`
	// Error of the volume.
	Error string `json:"error,omitempty"`
	// Verification at the end of the run.
	Verification *Verification `json:"verification,omitempty"`
}

// Verification is what one side counted at the end of a run. Both sides must agree.
type Verification struct {
	// Files: everything that is not a directory.
	Files int64 `json:"files"`
	// Bytes: the sum of the sizes of the regular files.
	Bytes int64 `json:"bytes"`
	// Digest over the sorted tree, in the form METHOD:HEX. Optional; compared when both
	// sides give the same method.
	Digest string `json:"digest,omitempty"`
}

// SwitchProgress is how far a cutover or a roll back is.
type SwitchProgress struct {
	// Active side.
	Active api.ActiveSide `json:"active,omitempty"`
	// Steps in order.
	Steps []api.SwitchStep `json:"steps,omitempty"`
	// CommittedAt is when the point of no return was passed.
	CommittedAt *metav1.Time `json:"committedAt,omitempty"`
	// DowntimeSeconds, once the target is open.
	DowntimeSeconds int64 `json:"downtimeSeconds,omitempty"`
	// RolledBack: everything was rolled back and the source is back.
	RolledBack bool `json:"rolledBack,omitempty"`
	// Touched: the switch holds locks or has changed something that a roll back must undo.
	Touched bool `json:"touched,omitempty"`
	// PlanHash that is pinned.
	PlanHash string `json:"planHash,omitempty"`
	// FinalRun of the data.
	FinalRun *api.SyncRun `json:"finalRun,omitempty"`
	// SourceRuns names what runs at the source although the switch is committed, at most five.
	SourceRuns []string `json:"sourceRuns,omitempty"`
}

// Result ends a task.
type Result struct {
	// Outcome of the task.
	Outcome Outcome `json:"outcome"`
	// Retry after a failure or a decline.
	Retry Retry `json:"retry,omitempty"`
	// Reason in CamelCase.
	Reason string `json:"reason,omitempty"`
	// Message for people: what was found, what was expected, one way to fix it.
	Message string `json:"message,omitempty"`
}

// DecodeStatus reads a Status. Unknown fields are tolerated.
func DecodeStatus(data []byte) (*Status, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("the status is %d bytes long, at most %d are allowed", len(data), MaxSize)
	}
	var s Status
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, errors.New("the status is no JSON, or a field of it has another type than in the contract")
	}
	if s.APIVersion != APIVersion {
		return nil, fmt.Errorf("the status has apiVersion %q, expected %q", s.APIVersion, APIVersion)
	}
	return &s, nil
}

// Trusted returns the result of a status that belongs to the run, else nil.
func (s *Status) Trusted(runID string) *Result {
	if s == nil || s.RunID != runID {
		return nil
	}
	return s.Result
}
