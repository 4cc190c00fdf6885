package jobs

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
)

// KeptChildren desires the chosen Jobs to stay.
func KeptChildren(list []Attempt) []runtime.Object {
	children := make([]runtime.Object, 0, len(list))
	for _, a := range list {
		children = append(children, Kept(a))
	}
	return children
}

// FirstMissing returns the first desired child that is not observed, as KIND NAME and the
// command that helps, or nothing.
func FirstMissing(desired []runtime.Object, observed hooks.Objects, namespace string) (child, command string) {
	for _, d := range desired {
		gvk := d.GetObjectKind().GroupVersionKind()
		kind := hooks.Kind{APIVersion: gvk.GroupVersion().String(), Kind: gvk.Kind}
		name := d.(metav1.Object).GetName()
		found := false
		for _, o := range observed.Of(kind) {
			found = found || o.Name == name
		}
		if !found {
			resource := strings.ToLower(kind.Kind)
			if kind == hooks.KindJob {
				return kind.Kind + " " + name, fmt.Sprintf("kubectl -n %s describe resourcequota", namespace)
			}
			return kind.Kind + " " + name, fmt.Sprintf("kubectl -n %s get %s %s -o yaml", namespace, resource, name)
		}
	}
	return "", ""
}

// CheckMissing is FirstMissing as a stall.
func CheckMissing(desired []runtime.Object, observed hooks.Objects, namespace string, previous *metav1.Condition, now time.Time) Stall {
	child, command := FirstMissing(desired, observed, namespace)
	if child == "" {
		return Moving()
	}
	return Missing(child, command, previous, now)
}

// giveUpAfter a clean-up that cannot work lets its parent go.
const giveUpAfter = 10 * time.Minute

// Deadline is when a clean-up is given up.
type Deadline struct {
	// Over: give up now.
	Over bool
	// Until is when it is over.
	Until time.Time
}

// GiveUpDeadline decides whether the clean-up of a parent that is being deleted is given up: at once
// with the annotation, after ten minutes else. A Job that is really running is left to end.
func GiveUpDeadline(parent metav1.Object, current *Attempt, now time.Time) Deadline {
	if api.IsForceDeleted(parent) {
		return Deadline{Over: true, Until: now}
	}
	since := parent.GetDeletionTimestamp()
	if since.IsZero() {
		return Deadline{Until: now.Add(giveUpAfter)}
	}
	until := since.Add(giveUpAfter)
	running := current != nil && !current.Deleting() && current.Job.Status.Ready != nil && *current.Job.Status.Ready > 0
	return Deadline{Over: !running && !now.Before(until), Until: until}
}
