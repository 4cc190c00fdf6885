package cutover

import (
	"fmt"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/lineage"
)

// former values of a workload, and whether they are known: its ledger has them, else the record, else
// the pinned plan. Values are never taken from a workload that may have been stopped already.
func (o *Observed) former(w Workload) (lineage.Ledger, bool) {
	if w.Written != nil {
		return *w.Written, true
	}
	if f := o.Record.formerOf(w.Ref); f != nil {
		return f.Ledger, true
	}
	if o.PlanLost {
		return lineage.Ledger{}, false
	}
	l := lineage.Ledger{Switch: o.Us.Self()}
	if isScheduled(w.Ref) {
		l.Suspend = &w.Workload.Suspended
	} else {
		l.Replicas = &w.Replicas
	}
	return l, true
}

// formerOrNil are the former values of a workload without its ledger; nil: they are not known.
func (o *Observed) formerOrNil(w Workload) *lineage.Ledger {
	if !o.mayHaveStopped() {
		return nil
	}
	if l, known := o.former(w); known {
		return &l
	}
	return nil
}

func (r *Record) formerOf(ref application.Ref) *Former {
	for i := range r.Former {
		if r.Former[i].Ref == ref {
			return &r.Former[i]
		}
	}
	return nil
}

// mayHaveStopped: this switch may have stopped workloads that carry no ledger any more.
func (o *Observed) mayHaveStopped() bool {
	return o.progressLost() || o.Record.SuspendedAt != nil || o.Record.QuiescedAt != nil
}

// toRestore are the workloads that have not their former values: those with a ledger, and those
// that are still stopped although another client has removed it.
func (o *Observed) toRestore() []Workload {
	return filter(o.Workloads, func(w Workload) bool {
		if w.Missing || w.Ledger {
			return w.Ledger
		}
		former, known := o.former(w)
		return o.mayHaveStopped() && known && w.differs(former)
	})
}

// differs: the workload asks for nothing although it did before, or keeps claims that it did not.
func (w *Workload) differs(former lineage.Ledger) bool {
	return w.Stopped && former.AskForPods() || former.Retention != nil && w.Current.Retention == nil
}

// notRestored names the workloads that a roll back cannot give their former values, each with the
// reason. What a custom resource makes is made again by its controller.
func (o *Observed) notRestored() []string {
	var out []string
	if !o.mayHaveStopped() {
		return nil
	}
	for _, w := range o.Workloads {
		_, known := o.former(w)
		switch {
		case w.Missing && w.MadeBy == nil:
			out = append(out, fmt.Sprintf("%s was deleted by another client: apply it again", w.Ref))
		case !w.Missing && !known && w.Stopped:
			out = append(out, fmt.Sprintf("%s asks for no Pods, and what it asked for before is not known any more: start it", w.Ref))
		}
	}
	return out
}

// remember is what the record says of the workloads' former values from now on. What it says already
// of one that may have been stopped stays, unless a ledger knows better.
func (o *Observed) remember(r *Record, fresh func(Workload) bool) []Former {
	var out []Former
	for _, w := range o.Workloads {
		old := r.formerOf(w.Ref)
		switch {
		case w.Written != nil:
			out = append(out, Former{Ref: w.Ref, UID: w.UID, Selector: w.Selector, Ledger: *w.Written})
		case old != nil && (w.Missing || !fresh(w)):
			out = append(out, *old)
		case !w.Missing:
			out = append(out, Former{Ref: w.Ref, UID: w.UID, Selector: w.Selector, Ledger: w.Current})
		}
	}
	return out
}
