package cutover

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/workload"
)

// missingIdentity is that of a workload that is not there.
const missingIdentity = "missing"

// isWorkload: a switch stops and starts it.
func isWorkload(r application.Ref) bool { return r.Workload() != nil }

// isScheduled: it makes Pods at times, and is suspended until the target is open.
func isScheduled(r application.Ref) bool { return isWorkload(r) && r.Workload().Scheduled() }

func isService(r application.Ref) bool { return r.Group == "" && r.Kind == "Service" }

// readWorkload turns what was read into what decisions are made of.
func readWorkload(w application.Workload, u *unstructured.Unstructured, us lineage.Actor) Workload {
	out := Workload{Workload: w}
	if u == nil {
		out.Missing, out.Stopped, out.Identity = true, true, missingIdentity
		return out
	}
	out.UID, out.Selector, out.Current = u.GetUID(), selector(u), values(u, us)
	out.Identity = fmt.Sprintf("%s/%d", u.GetUID(), u.GetGeneration())
	out.Stopped = stopped(u)
	if l, err := lineage.LedgerOf(u); err == nil && l != nil && us.IsSelf(l.Switch) {
		out.Ledger, out.Written = true, l
	}
	out.Holder = us.Holder(u)
	return out
}

// selector of a workload's Pods; empty: it has none.
func selector(u *unstructured.Unstructured) string {
	m, found, err := unstructured.NestedMap(u.Object, "spec", "selector")
	if !found || err != nil {
		return ""
	}
	var s metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(m, &s); err != nil {
		return ""
	}
	return metav1.FormatLabelSelector(&s)
}

// values of a workload as they are now.
func values(u *unstructured.Unstructured, us lineage.Actor) lineage.Ledger {
	return lineage.Ledger{Switch: us.Self(), Values: workload.OfObject(u).Values(u)}
}

// stopped: the workload asks for no Pods.
func stopped(u *unstructured.Unstructured) bool {
	k := workload.OfObject(u)
	return k != nil && k.Stopped(u)
}

// quiesceStep is the next change of one workload on its way to a stop. former are its values before the
// first change, as far as they are recorded.
func quiesceStep(u *unstructured.Unstructured, us lineage.Actor, former *lineage.Ledger) (*unstructured.Unstructured, error) {
	out := u.DeepCopy()
	if err := writeLedger(out, us, former); err != nil {
		return nil, err
	}
	return out, workload.OfObject(out).Stop(out)
}

// writeLedger notes what a roll back needs, once: a ledger that is there already describes the
// state before the first change. Where another client has removed it, what is recorded counts and not
// the stopped state.
func writeLedger(u *unstructured.Unstructured, us lineage.Actor, former *lineage.Ledger) error {
	old, err := lineage.LedgerOf(u)
	if err != nil {
		return err
	}
	if old != nil {
		if us.IsSelf(old.Switch) {
			return nil
		}
		return fmt.Errorf("%s/%s carries the ledger of another switch (UID %s)", u.GetKind(), u.GetName(), old.Switch)
	}
	l := values(u, us)
	if former != nil && stopped(u) && former.AskForPods() {
		l.Replicas, l.Suspend = former.Replicas, former.Suspend
	}
	if former != nil && l.Retention == nil {
		l.Retention = former.Retention
	}
	lineage.Hold(u, l)
	return nil
}

// restored gives a workload back what its ledger says, or, where another client has removed it, what
// is recorded, and removes the ledger in the same update.
func restored(u *unstructured.Unstructured, us lineage.Actor, former *lineage.Ledger) (*unstructured.Unstructured, error) {
	l, err := lineage.LedgerOf(u)
	if err != nil {
		return nil, err
	}
	if l == nil || !us.IsSelf(l.Switch) {
		if l = missingValues(u, us, former); l == nil {
			return nil, nil
		}
	}
	out := u.DeepCopy()
	if err := workload.OfObject(out).Restore(out, l.Values); err != nil {
		return nil, err
	}
	lineage.Release(out)
	return out, nil
}

// missingValues of a workload without a ledger: those of former that it has not; nil: none. One that
// runs with another number of replicas was started by another client, which knows better.
func missingValues(u *unstructured.Unstructured, us lineage.Actor, former *lineage.Ledger) *lineage.Ledger {
	if former == nil || us.Holder(u) != "" {
		return nil
	}
	l := lineage.Ledger{Switch: us.Self()}
	if stopped(u) && former.AskForPods() {
		l.Replicas, l.Suspend = former.Replicas, former.Suspend
	}
	if workload.KeepsClaims(u) {
		l.Retention = former.Retention
	}
	if l.Values == (workload.Values{}) {
		return nil
	}
	return &l
}
