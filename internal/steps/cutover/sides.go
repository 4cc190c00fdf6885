package cutover

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

// What a cutover knows of the three places that it works at, and of those that work for it. Everything
// is read from the API servers themselves.

// endpoint is a side of the move: a namespace of a cluster.
type endpoint interface {
	locker
	recorder
	reader
	// Name in messages.
	Name() string
	// ClusterUID tells its cluster from all others, and Place its namespace.
	ClusterUID(ctx context.Context) (string, error)
	Place(ctx context.Context) (string, error)
	// Workload is nil when it is not there. SetWorkload writes back what was read.
	Workload(ctx context.Context, r application.Ref) (*unstructured.Unstructured, error)
	SetWorkload(ctx context.Context, u *unstructured.Unstructured) error
	Claim(ctx context.Context, name string) (*corev1.PersistentVolumeClaim, error)
	SetClaim(ctx context.Context, claim *corev1.PersistentVolumeClaim) error
	// Wrap says what could not be done, and where.
	Wrap(doing string, err error) error
}

// locker keeps the lock of an endpoint, which has one holder.
type locker interface {
	ReadLock(ctx context.Context) (holder *cluster.Holder, forced bool, err error)
	AcquireLock(ctx context.Context, h cluster.Holder, gone func(cluster.Holder) bool) error
	ReleaseLock(ctx context.Context, uid string) error
}

// recorder keeps the records of switches.
type recorder interface {
	ReadRecord(ctx context.Context, switchUID string, out any) (version string, err error)
	WriteRecord(ctx context.Context, h cluster.Holder, version string, record any) (newVersion string, err error)
	DeleteRecord(ctx context.Context, switchUID string) error
}

// reader of objects.
type reader interface {
	GetMany(ctx context.Context, keys []cluster.Key, whole func(schema.GroupVersionKind) bool) (cluster.Found, error)
	List(ctx context.Context, resources []schema.GroupVersionResource) (
		objects []unstructured.Unstructured, absent []schema.GroupVersionResource, err error)
	// Owners are the Pods, and what is between workloads and Pods.
	Owners(ctx context.Context) (*owners, error)
}

// source is where the application comes from. A switch that fails over has none.
type source interface{ endpoint }

// target is where it goes.
type target interface {
	endpoint
	Get(ctx context.Context, gvk schema.GroupVersionKind, name string) (*unstructured.Unstructured, error)
	Update(ctx context.Context, u *unstructured.Unstructured) (*unstructured.Unstructured, error)
	Resource(gvk schema.GroupVersionKind) (dynamic.ResourceInterface, error)
	// NamespaceGone: the namespace was deleted, or is being deleted, as far as that may be read.
	NamespaceGone(ctx context.Context) (bool, error)
	// Warnings are the events that say that something is wrong.
	Warnings(ctx context.Context) ([]corev1.Event, error)
	// Secret is nil when it is not there.
	Secret(ctx context.Context, name string) (*corev1.Secret, error)
	// Log is the end of a container's log, as far as there is one.
	Log(ctx context.Context, pod, container string, previous bool) []byte
}

// home is where KubeMove's own objects are.
type home interface {
	ClusterUID(ctx context.Context) (string, error)
	StoreBundle(ctx context.Context, b cluster.Bundle, value any) error
	LoadBundle(ctx context.Context, name string, out any) error
	DeleteBundle(ctx context.Context, name string) error
	// Reported is what the task of a Job has reported last; nil: nothing.
	Reported(ctx context.Context, job string) (*task.Status, error)
	// Generation of an engine; 0: it is gone.
	Generation(ctx context.Context, engine string) (int64, error)
	// SwitchUID of the switch of that name; empty: there is none.
	SwitchUID(ctx context.Context, name string) (string, error)
	// SwitchLabels are those of the switch of that name; nil: there is none.
	SwitchLabels(ctx context.Context, name string) (map[string]string, error)
	// StepPods are the Pods here that carry out the step, of all switches.
	StepPods(ctx context.Context, verb task.Verb) ([]corev1.Pod, error)
	// ShowSync shows progress on a DataSync.
	ShowSync(ctx context.Context, dataSync string, st task.Status) error
}

// mover brings the data over.
type mover interface {
	// Open brings up the workers of a run, mounted and waiting.
	// They write to the claims of these UIDs only.
	Open(ctx context.Context, run task.Run, holder string, volumes []application.Volume, claims map[string]types.UID,
		report func(transfer.Progress)) (session, error)
	// WholeMark is that of a whole copy of a volume, from this claim in this one.
	WholeMark(v application.Volume, source, target types.UID) string
	// Leftovers: something of a run of the pair is on a side. Remove waits until it is gone, Dismiss does not.
	Leftovers(ctx context.Context) (bool, error)
	Remove(ctx context.Context) error
	Dismiss(ctx context.Context)
}

// session is what a run has between Open and Close.
type session interface {
	// Begin a pass. Repeats: another one may follow.
	Begin(ctx context.Context, run task.Run) (pass, error)
	Repeats() bool
	Close(ctx context.Context) error
}

// pass of a session.
type pass interface {
	Wait(ctx context.Context) (transfer.Result, error)
}

// planner plans the move, as the step plan does.
type planner interface {
	// Plan captures the application again.
	Plan(ctx context.Context) (*application.Plan, error)
	// Changes says what differs between the approved plan and a newer one, as far as that is still known.
	Changes(ctx context.Context, is *application.Plan) ([]string, error)
	// Summary of a plan for a status.
	Summary(p *application.Plan) *api.PlanStatus
}
