package lineage

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/workload"
)

// Ledger is what a roll back needs to undo the stop of one workload, and what the target's
// copy starts with. It is the value of api.LedgerAnnotation, written in the same update as
// the change itself.
type Ledger struct {
	// Switch is the UID of the MoveSwitch that made the change.
	Switch string `json:"switch"`
	// Values before the change.
	workload.Values
}

// Encode gives the value of the annotation.
func (l Ledger) Encode() string {
	data, err := json.Marshal(l)
	if err != nil {
		// The fields are strings, numbers and bools: this cannot happen.
		panic(fmt.Sprintf("cannot encode a ledger: %v", err))
	}
	return string(data)
}

// DecodeLedger reads the value of the annotation.
func DecodeLedger(value string) (*Ledger, error) {
	var l Ledger
	if err := json.Unmarshal([]byte(value), &l); err != nil {
		return nil, fmt.Errorf("the annotation %s is no JSON of KubeMove's", api.LedgerAnnotation)
	}
	if l.Switch == "" {
		return nil, fmt.Errorf("the annotation %s names no switch: it must hold the UID of one", api.LedgerAnnotation)
	}
	return &l, nil
}

// LedgerOf reads the ledger of an object; nil when it carries none.
func LedgerOf(o *unstructured.Unstructured) (*Ledger, error) {
	l, err := ledgerOf(o)
	if err != nil {
		return nil, fmt.Errorf("cannot read the ledger of %s/%s: %w", o.GroupVersionKind().GroupKind(), o.GetName(), err)
	}
	return l, nil
}

func ledgerOf(o metav1.Object) (*Ledger, error) {
	value, ok := o.GetAnnotations()[api.LedgerAnnotation]
	if !ok {
		return nil, nil
	}
	return DecodeLedger(value)
}

// HasLedger says whether the object carries one, be it readable or not.
func HasLedger(o metav1.Object) bool {
	_, ok := o.GetAnnotations()[api.LedgerAnnotation]
	return ok
}

// Hold writes a ledger on a workload, and whose it is.
func Hold(o metav1.Object, l Ledger) {
	annotate(o, api.LedgerAnnotation, l.Encode())
	annotate(o, api.HeldByAnnotation, l.Switch)
}

// Take notes on a workload that an earlier switch of the lineage has stopped that the actor starts it. The ledger stays until
// the commit, as a roll back stops it again.
func (a Actor) Take(o metav1.Object) { annotate(o, api.HeldByAnnotation, a.Self()) }

// Took says whether the actor has started the workload.
func (a Actor) Took(o metav1.Object) bool { return a.IsSelf(o.GetAnnotations()[api.HeldByAnnotation]) }

// GiveBack undoes Take: the workload is held by the switch again whose ledger it carries.
func (a Actor) GiveBack(o metav1.Object) {
	if !a.Took(o) {
		return
	}
	remove(o, api.HeldByAnnotation)
	if l, err := ledgerOf(o); err == nil && l != nil {
		annotate(o, api.HeldByAnnotation, l.Switch)
	}
}

// Release takes both away.
func Release(o metav1.Object) { remove(o, api.LedgerAnnotation, api.HeldByAnnotation) }
