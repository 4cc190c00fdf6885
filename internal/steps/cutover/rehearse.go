package cutover

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
)

// What a switch writes, for a plan that lets the API servers judge it beforehand. The objects are
// made by the functions that the switch itself uses. Nothing here reads or writes a cluster.

// Stops are the updates with which a switch stops a workload of the source, in order.
func Stops(u *unstructured.Unstructured, self string) ([]*unstructured.Unstructured, error) {
	var out []*unstructured.Unstructured
	for range 2 {
		next, err := quiesceStep(u, self, nil)
		if err != nil {
			return nil, err
		}
		out, u = append(out, next), next
		if stopped(u) {
			return out, nil
		}
	}
	return nil, fmt.Errorf("%s is not stopped after two updates", application.RefOf(u))
}

// Restored is the update with which a roll back gives a stopped workload back what it had; nil: the
// switch has not stopped it.
func Restored(u *unstructured.Unstructured, self string) (*unstructured.Unstructured, error) {
	return restored(u, self, nil)
}

// Forms are what an object of the plan looks like at the target in the course of a switch.
type Forms struct {
	// Start is what is created before the commit; nil: nothing is.
	Start *unstructured.Unstructured
	// Open is the final form, where it is another one; nil: it is not.
	Open *unstructured.Unstructured
	// Stopped is a workload that a roll back has stopped; nil: it is none.
	Stopped *unstructured.Unstructured
}

// FormsOf an object of the plan, for a switch and the pair that it belongs to.
func FormsOf(o application.Object, self, pair string) (Forms, error) {
	start, err := startForm(o, self)
	if err != nil {
		return Forms{}, err
	}
	f := Forms{Start: start, Open: openForm(o, self)}
	switch {
	case o.Phase == application.PhaseVolume:
		setCreatedBy(start, pair)
		f.Start = Activated(start, self)
	case isWorkload(o.Ref) && !stopped(start):
		f.Stopped = start.DeepCopy()
		for i := 0; i < 2 && err == nil && !stopped(f.Stopped); i++ {
			err = o.Ref.Workload().Stop(f.Stopped)
		}
	}
	return f, err
}

// Activated is a claim of the target that a switch has made active.
func Activated(claim *unstructured.Unstructured, self string) *unstructured.Unstructured {
	out := claim.DeepCopy()
	a := out.GetAnnotations()
	if a == nil {
		a = map[string]string{}
	}
	a[api.ActiveAnnotation] = self
	delete(a, api.CopyAnnotation)
	out.SetAnnotations(a)
	return out
}
