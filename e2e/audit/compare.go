package audit

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubemove/kubemove/internal/application"
)

// working are the resources of which KubeMove creates objects for its own work, and never one of
// an application: no plan holds an object of these kinds (Compare refuses one that does), so
// leaving them out hides nothing.
var working = map[schema.GroupKind]string{
	{Kind: "Pod"}: "workers and pulls of images; the Pods of an application are made by its controllers, and a bare one does not move",
	{Group: "coordination.k8s.io", Kind: "Lease"}:                    "locks; those of an application are made by the programs that elect",
	{Group: "authorization.k8s.io", Kind: "SelfSubjectAccessReview"}: "questions, that leave no object behind",
}

// KindOf says which kind a resource is of.
type KindOf func(schema.GroupResource) (schema.GroupKind, error)

// Own says whether an object was made by KubeMove for its own work: its Secrets, ConfigMaps,
// Services and claims carry a label that no captured object has, whatever its name.
type Own func(resource schema.GroupResource, name string) bool

// Made are the objects that a user has created in a namespace, and in the cluster, for an
// application. Objects in other namespaces are an error: a move has no business there.
func Made(events []Event, user, namespace string, kindOf KindOf, own Own) ([]application.Ref, error) {
	var out []application.Ref
	for i := range events {
		e := &events[i]
		if e.User != user || !e.Created() {
			continue
		}
		kind, err := kindOf(e.Resource)
		if err != nil {
			return nil, fmt.Errorf("cannot tell the kind of %s: %w", e, err)
		}
		if _, ok := working[kind]; ok || e.Namespace == namespace && own(e.Resource, e.Name) {
			continue
		}
		if e.Namespace != "" && e.Namespace != namespace {
			return nil, fmt.Errorf("%s: expected objects in the namespace %s, and of the cluster", e, namespace)
		}
		ref := application.Ref{Group: kind.Group, Kind: kind.Kind, Name: e.Name}
		if !slices.Contains(out, ref) {
			out = append(out, ref)
		}
	}
	return out, nil
}

// Compare what a plan says with what was made, name by name; each line is something that is
// wrong.
func Compare(planned, made []application.Ref) []string {
	var out []string
	for _, ref := range planned {
		if _, ok := working[schema.GroupKind{Group: ref.Group, Kind: ref.Kind}]; ok {
			out = append(out, ref.String()+": planned, and of a kind that no plan holds")
		} else if !slices.Contains(made, ref) {
			out = append(out, ref.String()+": planned, and not created")
		}
	}
	for _, ref := range made {
		if !slices.Contains(planned, ref) {
			out = append(out, ref.String()+": created, and not planned")
		}
	}
	slices.Sort(out)
	return out
}
