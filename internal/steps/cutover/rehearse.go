package cutover

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/lineage"
)

// What a switch writes, for a plan that lets the API servers judge it beforehand. The objects are
// made by the functions that the switch itself uses. Nothing here reads or writes a cluster.

// Stops are the updates with which a switch stops a workload of the source, in order.
func Stops(u *unstructured.Unstructured, us lineage.Actor) ([]*unstructured.Unstructured, error) {
	var out []*unstructured.Unstructured
	for range 2 {
		next, err := quiesceStep(u, us, nil)
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
func Restored(u *unstructured.Unstructured, us lineage.Actor) (*unstructured.Unstructured, error) {
	return restored(u, us, nil)
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

// FormsOf an object of the plan.
func FormsOf(o application.Object, us lineage.Actor) (Forms, error) {
	start, err := startForm(o, us)
	if err != nil {
		return Forms{}, err
	}
	f := Forms{Start: start, Open: openForm(o, us)}
	switch {
	case o.Phase == application.PhaseVolume:
		f.Start = Activated(start, us)
	case isWorkload(o.Ref) && !stopped(start):
		f.Stopped = start.DeepCopy()
		for i := 0; i < 2 && err == nil && !stopped(f.Stopped); i++ {
			err = o.Ref.Workload().Stop(f.Stopped)
		}
	}
	return f, err
}

// Activated is a claim of the target that a switch has made active.
func Activated(claim *unstructured.Unstructured, us lineage.Actor) *unstructured.Unstructured {
	out := claim.DeepCopy()
	us.Activate(out)
	return out
}
