package hooks

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// Desired is what should be.
type Desired struct {
	// Children that should exist, each with apiVersion, kind and name. An observed child that
	// is not listed is deleted.
	Children []runtime.Object
	// Status of the parent: a typed struct that encodes without explicit nulls. It replaces
	// the whole status.
	Status any
	// ResyncAfter asks for another call after this time; 0: only when something changes.
	ResyncAfter time.Duration
	// Finalized lets a parent that is being deleted go.
	Finalized bool
}

// Sync decides what should be. It is pure.
type Sync func(view View, now time.Time) (Desired, error)

// Hook is the decision for one kind of parents.
type Hook struct {
	// Sync is called for sync and finalize.
	Sync Sync
	// Related rules; nil: there are none.
	Related Related
}

// Kinds that KubeMove's hooks read and write.
var (
	KindMoveEngine     = Kind{APIVersion: api.GroupVersion.String(), Kind: "MoveEngine"}
	KindMovePair       = Kind{APIVersion: api.GroupVersion.String(), Kind: "MovePair"}
	KindDataSync       = Kind{APIVersion: api.GroupVersion.String(), Kind: "DataSync"}
	KindMoveSwitch     = Kind{APIVersion: api.GroupVersion.String(), Kind: "MoveSwitch"}
	KindMoveReverse    = Kind{APIVersion: api.GroupVersion.String(), Kind: "MoveReverse"}
	KindJob            = Kind{APIVersion: "batch/v1", Kind: "Job"}
	KindServiceAccount = Kind{APIVersion: "v1", Kind: "ServiceAccount"}
	KindRoleBinding    = Kind{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "RoleBinding"}
)

// TypeMeta of the kind, for objects that are built.
func (k Kind) TypeMeta() metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: k.APIVersion, Kind: k.Kind}
}

// Sooner returns the shorter of two resync times, of which 0 means none.
func Sooner(a, b time.Duration) time.Duration {
	switch {
	case a <= 0:
		return max(b, 0)
	case b <= 0:
		return a
	}
	return min(a, b)
}

// Until is the time to wait from now to t, at least a second.
func Until(t, now time.Time) time.Duration { return max(t.Sub(now), time.Second) }

// RelatedRecheck is how often something is looked at again that a hook waits for and that a
// related object will tell, while it is near. Events of related objects are not enough: Metacontroller 1.5.20
// remembers its rules by the parent's name alone, and of two parents of one name in two
// namespaces it wakes up only one.
const RelatedRecheck = 5 * time.Second

// RelatedRecheckLong is RelatedRecheck for what takes minutes or a person.
const RelatedRecheckLong = time.Minute

// relatedRecheckMost is how often it is looked at in the end: a thousand that wait must not keep
// Metacontroller from the one that is worked on.
const relatedRecheckMost = 5 * time.Minute

// Patiently is the time until the next look, from the first on: a quarter of what was waited since then, so that a wait
// becomes by no more than that longer.
func Patiently(first time.Duration, since, now time.Time) time.Duration {
	return min(max(first, (now.Sub(since)/4).Truncate(time.Second)), max(first, relatedRecheckMost))
}
