package task

import (
	"encoding/json"
	"fmt"
	"os"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// Verb is what a task does.
type Verb string

// The verbs of KubeMove's own Jobs and of mobilizers.
const (
	VerbPlan     Verb = "plan"
	VerbOpen     Verb = "open"
	VerbSync     Verb = "sync"
	VerbPrepare  Verb = "prepare"
	VerbCutover  Verb = "cutover"
	VerbRollback Verb = "rollback"
	VerbCleanup  Verb = "cleanup"
	VerbWatch    Verb = "watch"
)

// Role is the side that a worker works on; empty for a task that works on both.
type Role string

// The roles of workers.
const (
	RoleSource Role = "source"
	RoleTarget Role = "target"
)

// Other side.
func (r Role) Other() Role {
	if r == RoleSource {
		return RoleTarget
	}
	return RoleSource
}

// Task is what a task is given.
type Task struct {
	// APIVersion is always APIVersion.
	APIVersion string `json:"apiVersion"`
	// Verb to carry out.
	Verb Verb `json:"verb"`
	// Role of a worker.
	Role Role `json:"role,omitempty"`
	// Run that the task belongs to.
	Run Run `json:"run"`
	// Source endpoint.
	Source Endpoint `json:"source"`
	// Target endpoint.
	Target Endpoint `json:"target"`
	// Volumes to work on. For a worker: those that are mounted, under VolumesDir.
	Volumes []Volume `json:"volumes,omitempty"`
	// Peer of a worker.
	Peer *Peer `json:"peer,omitempty"`
	// Channel that a worker works for. With the name of the volume it names what a mobilizer
	// keeps outside: no other channel of the installation has that name.
	Channel *Channel `json:"channel,omitempty"`
	// StateSide is the side whose worker has the mobilizer's state mounted at StateDir; empty: the target.
	// What the other side's worker needs of it travels over the peer's connections.
	StateSide Role `json:"stateSide,omitempty"`
	// Passes: the worker serves several passes, one after the other, without an end of its process. The Task of
	// each comes in NextTaskFile, with a run.id of its own, and is carried out as this one would be. After a success
	// the worker waits for the next; after a failure it ends as it would else. SIGTERM ends it. Only
	// mobilizers that are registered with passes get it.
	Passes bool `json:"passes,omitempty"`
	// Session: KubeMove's verb sync keeps its workers between the passes of this session; nil: it makes one run. Mobilizers do
	// not get it.
	Session *Session `json:"session,omitempty"`
	// Parameters of the mobilizer, as the user wrote them.
	Parameters map[string]string `json:"parameters,omitempty"`
	// Move is the input of KubeMove's own verbs; mobilizers do not get it.
	Move *Move `json:"move,omitempty"`
}

// HoldsState tells whether this worker has the mobilizer's state.
func (t *Task) HoldsState() bool {
	if t.StateSide == "" {
		return t.Role == RoleTarget
	}
	return t.Role == t.StateSide
}

// Session of many passes with one set of workers. It ends by itself when what it was made for has changed.
type Session struct {
	// DataSync says in its spec, which is read before each pass, whether and when there is another one.
	DataSync Object `json:"dataSync"`
}

// Run identifies one run.
type Run struct {
	// ID of the run; every Status repeats it.
	ID string `json:"id"`
	// Trigger of the run, for data runs.
	Trigger api.Trigger `json:"trigger,omitempty"`
	// Exact: the source does not change during the run, so both sides must be equal at its
	// end.
	Exact bool `json:"exact,omitempty"`
	// Verification says how both sides are compared at the end of an exact run:
	// VerifyMetadata, which is the default, or VerifyChecksum. Readers refuse other values.
	Verification string `json:"verification,omitempty"`
	// DeadlineSeconds for the run as a whole; 0: none.
	DeadlineSeconds int64 `json:"deadlineSeconds,omitempty"`
}

// The values of Run.Verification.
const (
	// VerifyMetadata compares everything but the content of the files: what is there, with
	// which size, time, owner, mode and attributes.
	VerifyMetadata = "Metadata"
	// VerifyChecksum also compares the content of every file, which both sides read once more
	// for that.
	VerifyChecksum = "Checksum"
)

// Checksum tells whether the content is compared, too. A value that is not known is an error:
// to verify less than was asked for would be silent.
func (r Run) Checksum() (bool, error) {
	switch r.Verification {
	case "", VerifyMetadata:
		return false, nil
	case VerifyChecksum:
		return true, nil
	}
	return false, fmt.Errorf("run.verification is %q, this program understands %s and %s: use programs of one version",
		r.Verification, VerifyMetadata, VerifyChecksum)
}

// Endpoint is a side of the move as a task sees it.
type Endpoint struct {
	// Kubeconfig is the path of the mounted kubeconfig; empty: the cluster that the task
	// runs in, with the Pod's own account.
	Kubeconfig string `json:"kubeconfig,omitempty"`
	// KubeconfigSecret is the name of the Secret that it comes from, for messages.
	KubeconfigSecret string `json:"kubeconfigSecret,omitempty"`
	// Namespace of the application.
	Namespace string `json:"namespace"`
}

// Volume is one claim of the application.
type Volume struct {
	// Name of the claim at the source; also the folder under VolumesDir on both sides.
	Name string `json:"name"`
	// Target is the name of the claim at the target.
	Target string `json:"target"`
	// Whole tells the worker of the target that its volume holds what the last run has copied, all
	// of it and on its disk, and nothing that was written since: what looks the same as at the
	// source, by size and time, is the same. Without it nothing that lies there may be believed.
	Whole bool `json:"whole,omitempty"`
}

// Channel names a data channel: a MovePair, with those that lead back and forward again after it.
type Channel struct {
	// Namespace of the first of these MovePairs, at home, and its name.
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Lineage is its UID: no other channel has it, in no installation.
	Lineage string `json:"lineage,omitempty"`
}

// Peer tells a worker how it reaches the other side. Either side may dial, listen, or do both.
type Peer struct {
	// Dial: connect here, such as 127.0.0.1:7070; each connection arrives where the other side's worker
	// listens.
	Dial string `json:"dial,omitempty"`
	// Listen: connections of the other side's worker arrive here, such as 127.0.0.1:7071.
	Listen string `json:"listen,omitempty"`
}

// Move is the input of KubeMove's own verbs.
type Move struct {
	// Home is the namespace of the KubeMove objects, in the cluster that the task runs in.
	Home string `json:"home"`
	// Job is the name of the task's own Job, in Home.
	Job string `json:"job"`
	// Engine name that annotated workloads refer to.
	Engine string `json:"engine"`
	// EngineGeneration is that of the engine that the pair's spec was made from; 0: not known.
	EngineGeneration int64 `json:"engineGeneration,omitempty"`
	// Pair that the task works for.
	Pair Object `json:"pair"`
	// Lineage is the first pair of the line of moves that the pair belongs to: of a way back that of
	// the move that it undoes, and so on. What outlives a move is named by it, such as repositories.
	// Default: the pair itself, which is the first.
	Lineage *Object `json:"lineage,omitempty"`
	// Reverses is what the pair leads back from; nil: it is a first move.
	Reverses *Reverse `json:"reverses,omitempty"`
	// DeleteCopies: the cleanup of a pair deletes the claims that the pair has created at the target, where they hold copies and
	// nothing else.
	DeleteCopies bool `json:"deleteCopies,omitempty"`
	// Switch that the task works for: prepare, cutover, rollback and its cleanup.
	Switch *Object `json:"switch,omitempty"`
	// Committed is the switch that has led the application away from the source, for the verb watch; nil: none has.
	Committed *Object `json:"committed,omitempty"`
	// Application selects the members.
	Application api.Application `json:"application"`
	// StorageClasses maps classes of the source to those of the target.
	StorageClasses []api.StorageClassMapping `json:"storageClasses,omitempty"`
	// Kustomizations change the objects on their way to the target, one after the other.
	Kustomizations []api.Kustomization `json:"kustomizations,omitempty"`
	// Data as the user wrote it.
	Data api.Data `json:"data"`
	// Mobilizers in use, as the installation registered them. The first is the default.
	Mobilizers []Mobilizer `json:"mobilizers,omitempty"`
	// AgentImage is the image of the worker Pods' agent.
	AgentImage string `json:"agentImage"`
	// ImagePullPolicy of worker Pods; empty: the cluster's default.
	ImagePullPolicy string `json:"imagePullPolicy,omitempty"`
	// ApprovedPlan is the hash that was approved; empty: any plan without blockers.
	ApprovedPlan string `json:"approvedPlan,omitempty"`
	// QuiesceSeconds for the source's Pods to be gone.
	QuiesceSeconds int64 `json:"quiesceSeconds,omitempty"`
	// HealthSeconds for the target to become healthy.
	HealthSeconds int64 `json:"healthSeconds,omitempty"`
	// MaxFinalSyncSeconds: before the source is stopped everything is copied once more, again and again, until a run takes no
	// longer than this, or they get no shorter; 0: nothing is.
	MaxFinalSyncSeconds int64 `json:"maxFinalSyncSeconds,omitempty"`
	// ProgressSeconds is the shortest time between two reports; at least 5.
	ProgressSeconds int64 `json:"progressSeconds,omitempty"`
}

// Reverse says what a way back begins from.
type Reverse struct {
	// Switch that has led to where the way back begins. It is committed, and its plan is at home.
	Switch Object `json:"switch"`
	// Earlier are the UIDs of all committed switches of the lineage, the oldest first; the last one is Switch.
	Earlier []string `json:"earlier"`
	// Objects says with which objects the application starts; empty: Restore.
	Objects api.ReverseObjects `json:"objects,omitempty"`
}

// FirstPair of the lineage.
func (m *Move) FirstPair() Object {
	if m.Lineage != nil && m.Lineage.UID != "" {
		return *m.Lineage
	}
	return m.Pair
}

// Object names one of KubeMove's own objects.
type Object struct {
	Name string `json:"name"`
	UID  string `json:"uid"`
}

// Mobilizer is a registered DDM of type Worker, as far as the coordinator needs it.
type Mobilizer struct {
	// Name it is registered by.
	Name string `json:"name"`
	// Image of its workers.
	Image string `json:"image"`
	// Command of the workers for the verb sync; empty: the image's own entry point.
	Command []string `json:"command,omitempty"`
	// State asks for a claim of its own at the target, mounted at StateDir, that survives
	// from run to run.
	State bool `json:"state,omitempty"`
	// Passes: one process of a worker serves several passes.
	Passes bool `json:"passes,omitempty"`
	// Open is the command of the workers for the verb open; empty: it has none.
	Open []string `json:"open,omitempty"`
	// StateParameter is the parameter with which users keep the state in a place of their own.
	StateParameter string `json:"stateParameter,omitempty"`
	// Credentials are the keys that a Secret of the user may hold for it.
	Credentials []string `json:"credentials,omitempty"`
	// CredentialsSecret is the name of that Secret at home; empty: there is none. KubeMove's own
	// Jobs find its keys in UserCredentialsDir.
	CredentialsSecret string `json:"credentialsSecret,omitempty"`
	// Parameters of the user for it.
	Parameters map[string]string `json:"parameters,omitempty"`
}

// Read the Task in a file, such as TaskFile. The error of one that is not there is fs.ErrNotExist.
func Read(file string) (*Task, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the task: %w", err)
	}
	return Decode(data)
}

// Decode reads a Task strictly enough to refuse what is not one.
func Decode(data []byte) (*Task, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("the task is %d bytes long, at most %d are allowed", len(data), MaxSize)
	}
	var t Task
	if err := json.Unmarshal(data, &t); err != nil {
		return nil, fmt.Errorf("cannot decode the task: %w", err)
	}
	if t.APIVersion != APIVersion {
		return nil, fmt.Errorf("the task has apiVersion %q, this program understands %q", t.APIVersion, APIVersion)
	}
	if t.StateSide != "" && t.StateSide != RoleSource && t.StateSide != RoleTarget {
		return nil, fmt.Errorf("the task has the stateSide %q, this program understands %s and %s", t.StateSide, RoleSource, RoleTarget)
	}
	if t.Run.ID == "" || t.Verb == "" {
		return nil, fmt.Errorf("the task has no verb or no run.id: %s needs both", TaskFile)
	}
	return &t, nil
}
