// Package workload knows the kinds that run Pods and that a switch stops and starts again: one file a
// kind. It is pure. Everything else asks it, so that a kind is added by a file and its entry in kinds.
//
// The kinds of Kubernetes that run Pods and are never stopped as they are (Pods, Jobs, DaemonSets) are
// no workloads in this sense.
package workload

import (
	"slices"
	"strings"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kind is what KubeMove has to know of a kind of workload. Objects that are given to its methods are of
// this kind; methods that change an object change it in place.
type Kind interface {
	// GVK is the kind in the version that is read and written; Resource is its name in URLs.
	GVK() schema.GroupVersionKind
	Resource() string
	// Template is the path to the template of the Pods.
	Template() []string
	// Between are what its controller makes between an object and its Pods, for quotas that count them.
	Between() []schema.GroupResource
	// Scheduled: the kind makes Pods at times only. It is stopped before everything else, while its last
	// Pods still work, and goes on when the target is open.
	Scheduled() bool
	// Values are those that a stop changes, as the object has them.
	Values(u *unstructured.Unstructured) Values
	// Restore gives an object those of the values that are set.
	Restore(u *unstructured.Unstructured, v Values) error
	// Stopped: the object asks for no Pods.
	Stopped(u *unstructured.Unstructured) bool
	// Stop makes the next change of an object on its way to asking for no Pods. After the last one it is
	// Stopped. Where there are two the first one has to be read back before the second one is made.
	Stop(u *unstructured.Unstructured) error
	// Settled: the controller has seen the newest spec, and reports no Pods.
	Settled(u *unstructured.Unstructured) bool
	// Start is the form in which an object is created at the target before the commit.
	Start(u *unstructured.Unstructured) error
	// Ready says whether the object has become what its spec wants, and what it still waits for.
	Ready(u *unstructured.Unstructured) (bool, string)
}

// Values of a workload that a stop changes, and that a roll back puts back.
type Values struct {
	// Replicas that it asks for; nil: the kind has none.
	Replicas *int32 `json:"replicas,omitempty"`
	// Suspend: a scheduled kind makes no Pods; nil: the kind is not scheduled.
	Suspend *bool `json:"suspend,omitempty"`
	// Retention policy of a StatefulSet's claims when a stop has to change it; nil: it need not.
	Retention *appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy `json:"retention,omitempty"`
}

// AskForPods says whether a workload with these values makes Pods.
func (v Values) AskForPods() bool {
	return v.Replicas != nil && *v.Replicas > 0 || v.Suspend != nil && !*v.Suspend
}

// kinds that there are, as people list them.
var kinds = []Kind{deployment{}, statefulSet{}, replicaSet{}, cronJob{}}

// All kinds of workloads.
func All() []Kind { return slices.Clone(kinds) }

// Of the kind of an object; nil: it is no workload. Custom kinds may have the same names.
func Of(kind schema.GroupKind) Kind {
	for _, k := range kinds {
		if k.GVK().GroupKind() == kind {
			return k
		}
	}
	return nil
}

// OfObject is Of for the kind of an object.
func OfObject(u *unstructured.Unstructured) Kind { return Of(u.GroupVersionKind().GroupKind()) }

// IsPart says whether another workload has made the object and runs it, as a Deployment does its ReplicaSets. It is none of
// its own then, though it carries copies of what was written on the other: annotations, and none that were removed there.
func IsPart(u *unstructured.Unstructured) bool {
	owner := metav1.GetControllerOfNoCopy(u)
	if owner == nil {
		return false
	}
	gv, err := schema.ParseGroupVersion(owner.APIVersion)
	return err == nil && Of(schema.GroupKind{Group: gv.Group, Kind: owner.Kind}) != nil
}

// Names of all kinds, for messages: "Deployments, StatefulSets, ReplicaSets and CronJobs".
func Names() string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.GVK().Kind + "s"
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// Named is the kind of that name; nil: there is none.
func Named(name string) Kind {
	for _, k := range kinds {
		if k.GVK().Kind == name {
			return k
		}
	}
	return nil
}

// GVR of a kind.
func GVR(k Kind) schema.GroupVersionResource {
	return k.GVK().GroupVersion().WithResource(k.Resource())
}

// Resources of all kinds.
func Resources() []schema.GroupVersionResource {
	out := make([]schema.GroupVersionResource, 0, len(kinds))
	for _, k := range kinds {
		out = append(out, GVR(k))
	}
	return out
}

// Settled says whether the controller of an object has seen its newest spec, and reports no Pods.
func Settled(u *unstructured.Unstructured) bool {
	k := OfObject(u)
	return k != nil && k.Settled(u)
}

// Ready says whether an object, a workload or another one, has become what its spec wants, and what it
// still waits for.
func Ready(u *unstructured.Unstructured) (bool, string) {
	if k := OfObject(u); k != nil {
		return k.Ready(u)
	}
	return ready(u)
}

// ready asks kstatus, which knows the kinds of Kubernetes itself.
func ready(u *unstructured.Unstructured) (bool, string) {
	r, err := status.Compute(u)
	if err != nil {
		return false, err.Error()
	}
	return r.Status == status.CurrentStatus, r.Message
}
