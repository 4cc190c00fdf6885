package cutover

import (
	"errors"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
)

// fenced refuses what a process that was replaced wants to do, as the real ones do.
func (w *world) fenced(a Action, process string) error {
	r := w.dstRecord
	switch {
	case w.rollingBack[process] || a.Kind == Pin || a.Kind == TakeOver:
		return nil
	case r == nil && a.Kind.acts():
		return errors.New("the record is gone")
	case r == nil:
		return nil
	}
	if !a.Kind.acts() && !slices.Contains([]Kind{RecordObjects, RecordSuspend, RecordQuiesce, RecordStart, RecordOpen, Commit}, a.Kind) {
		return nil
	}
	if r.RollbackAt != nil || r.Process != process {
		return &ending{*failed(api.ReasonRollingBack, "another process acts").Result}
	}
	return nil
}

// do carries an action out; with crash it stops somewhere inside.
func (w *world) do(a Action, o *Observed, crash bool) error {
	if actions[a.Kind].onClaims && o.Record.CommittedAt == nil {
		if err := w.claimsStand(o); err != nil {
			return err
		}
	}
	part := func() bool { return crash && w.rand.IntN(2) == 0 }
	switch a.Kind {
	case Lock:
		w.srcLock = true
		if part() {
			return nil
		}
		w.dstLock = true
	case Unlock:
		w.dstLock = false
		if part() {
			return nil
		}
		w.srcLock = false
	case OpenWorkers:
		w.leftovers, w.waiting, w.deltas = true, !crash, nil
		w.mounted = o.claimUIDs()["data"]
	case Delta:
		return w.delta(crash)
	case Passivate:
		if !w.committed() {
			w.failf("the claims of the source are passive before the commit")
		}
		w.leaving = false
	case CloseWorkers, RemoveWorkers:
		w.leftovers, w.waiting = false, false
	case FinalSync:
		return w.finalSync(o, crash)
	case Mark, Unmark:
		return w.setMark(a.Kind, o)
	case Suspend, Quiesce:
		w.stop(a, o, part)
	case Restore:
		w.restore(o, part)
	case CreateClaims, CreateObjects, Reapply, StartWorkloads, Open, StopTarget, DeleteObjects, PutBack:
		w.target(a, o, part)
	default:
		return w.write(a, o, part)
	}
	return nil
}

// write what is only written down.
func (w *world) write(a Action, o *Observed, part func() bool) error {
	switch a.Kind {
	case Pin:
		w.pinnedSecret = true
		if part() {
			return nil
		}
		for _, r := range []**Record{&w.dstRecord, &w.srcRecord} {
			if *r == nil {
				*r = &Record{Switch: self}
			}
			(*r).PlanHash, (*r).Process = "h", w.id
			if part() {
				return nil
			}
		}
		return nil
	case Forget:
		w.pinnedSecret = false
		if part() {
			return nil
		}
		w.srcRecord = nil
		if part() {
			return nil
		}
		w.dstRecord = nil
		return nil
	case Commit:
		return w.commit(o, part)
	case RecordRollback:
		for _, r := range []*Record{w.dstRecord, w.srcRecord} {
			if r != nil && r.CommittedAt != nil {
				return nil
			}
			if r != nil {
				r.note(RecordRollback, w.clock)
			}
			if part() {
				return nil
			}
		}
		return nil
	}
	return w.record(a, o, part)
}

// record writes into the record at the target.
func (w *world) record(a Action, o *Observed, part func() bool) error {
	r := w.dstRecord
	if r == nil {
		return errors.New("the record is gone")
	}
	switch a.Kind {
	case TakeOver:
		r.Process = w.id
	case ReadAgain:
		w.reading = w.srcState
		if !part() {
			r.Reading = &Reading{Epoch: o.Record.Epoch}
		}
	case RecordObjects:
		r.noteUIDs(o.Objects)
	case RecordSuspend:
		w.begin(a.Kind, o)
		r.Former = o.remember(r, func(Workload) bool { return r.SuspendedAt == nil })
	case RecordQuiesce:
		w.begin(a.Kind, o)
		r.Former = o.remember(r, func(x Workload) bool { return r.QuiescedAt == nil && !isSuspendedFirst(x) })
	}
	r.note(a.Kind, w.clock)
	return nil
}

func (w *world) commit(o *Observed, part func() bool) error {
	if !w.committed() {
		switch {
		case w.dstRecord == nil:
			return errors.New("the record is gone")
		case w.pods() > 0 && !w.meddled:
			w.failf("committed while the source runs")
		case !w.meddled && (!w.whole() || !w.active()):
			w.failf("committed with claim %+v, source %d", w.claim, w.srcData)
		}
		for i := range w.workloads {
			if x := w.objects[w.ref(i).String()]; w.contents != api.ContentsData && !w.owned(i) &&
				(x == nil || x.foreign || x.stopped && x.want > 0) && !w.touchedSince(o, i) {
				w.failf("committed with %s as %+v", w.ref(i), x)
			}
		}
	}
	for name, x := range w.objects {
		if w.reapply && x.kept && !x.reapplied && !w.committed() {
			w.failf("committed, and %s is as it was before: %+v", name, x)
		}
	}
	now := w.clock
	for _, r := range []**Record{&w.dstRecord, &w.srcRecord} {
		if *r == nil && o.Record.CommittedAt != nil {
			again := o.Record
			*r = &again
		}
		if *r == nil {
			return errors.New("the record is gone")
		}
		if (*r).CommittedAt == nil {
			(*r).CommittedAt = &now
		}
		if part() {
			return nil
		}
	}
	return nil
}

// touchedSince: another client was at a target's workload after it was observed, which nothing can
// prevent.
func (w *world) touchedSince(o *Observed, i int) bool {
	for _, b := range o.Objects {
		if b.Ref == w.ref(i) {
			return b.Exists && b.Mine && (!b.Stopped || b.Zero)
		}
	}
	return false
}

// held: the process was held up after its reading. What another client did to the source meanwhile nothing can prevent; that
// costs downtime, and the stop begins again.
func (w *world) held(o *Observed) bool { return w.clock.After(o.Now) }

// begin a stop: with the workers in place, and with the downtime only when every Job has ended.
func (w *world) begin(k Kind, o *Observed) {
	late := o.Process != w.id
	if w.copies() && !w.waiting && !late {
		w.failf("the source is about to be stopped, and no worker waits")
	}
	w.stopping = w.clock
	if k != RecordQuiesce || w.down {
		return
	}
	w.down = true
	for i, x := range w.workloads {
		if x.cron && (x.replicas > 0 || x.pods > 0) && !w.held(o) {
			w.failf("the downtime begins while %s has %d Pods", w.ref(i), x.pods)
		}
	}
}

// stop what the action is for.
func (w *world) stop(a Action, o *Observed, part func() bool) {
	stop := o.toStop()
	if a.Kind == Suspend {
		stop = o.toSuspend()
	}
	for i := range w.workloads {
		x := &w.workloads[i]
		at := slices.IndexFunc(stop, func(s Workload) bool { return s.Ref == w.ref(i) })
		if at < 0 || x.missing {
			continue
		}
		if !x.cron && !w.down {
			w.failf("%s is stopped before the downtime is on record", w.ref(i))
		}
		if x.ledger == nil {
			n := x.replicas
			if f := o.formerOrNil(stop[at]); f != nil && n == 0 && f.AskForPods() {
				n = wantReplicas
			}
			x.ledger = &n
		}
		x.ours = x.ours || x.replicas > 0
		x.replicas = 0
		x.generation++
		if part() {
			return
		}
	}
}

// workload of the source that a reference names.
func (w *world) workload(r application.Ref) *simWorkload {
	for i := range w.workloads {
		if w.ref(i) == r {
			return &w.workloads[i]
		}
	}
	w.failf("there is no %s", r)
	return nil
}

func (w *world) restore(o *Observed, part func() bool) {
	for _, r := range o.toRestore() {
		x := w.workload(r.Ref)
		if x.missing {
			continue
		}
		if w.targetPods() > 0 {
			w.failf("the source comes back while the target runs")
		}
		if x.ledger != nil {
			x.replicas = *x.ledger
		} else if f := o.formerOrNil(r); f != nil && x.replicas == 0 && f.AskForPods() {
			x.replicas = wantReplicas
		}
		x.ledger, x.ours = nil, false
		x.generation++
		if part() {
			return
		}
	}
}

func (w *world) setMark(k Kind, o *Observed) error {
	for _, c := range o.Claims {
		if w.claim == nil || !c.Exists {
			continue
		}
		if w.claim.uid != c.UID {
			return errors.New("the claim was made anew")
		}
		w.claim.mark, w.claim.whole = "", false
		if k == Mark {
			w.claim.mark = self
		}
	}
	return nil
}

// claimsStand reads the claim directly before an action that rests on it.
func (w *world) claimsStand(o *Observed) error {
	for _, c := range o.Claims {
		if c.Exists = w.claim != nil && w.claim.uid == c.UID; c.Exists {
			c.Mark = w.claim.mark
		}
		if err := c.stands(us); err != nil {
			return err
		}
	}
	return nil
}

// delta copies once more while the application may go on writing.
func (w *world) delta(crash bool) error {
	switch {
	case w.dstRecord == nil || w.claim == nil:
		return errors.New("the record or the claim is gone")
	case w.claim.uid != w.mounted:
		return errors.New("the claim was made anew")
	case w.dstRecord.QuiescedAt != nil:
		w.failf("a delta in the downtime")
	case w.claim.mark != "" || w.claim.foreign:
		w.failf("a delta into an active claim, or one of another client: %+v", w.claim)
	case len(w.deltas) >= 2*maxDeltas:
		w.failf("%d deltas, and the application still runs", len(w.deltas))
	}
	took := time.Duration(1+w.rand.IntN(4)) * quiesceTimeout / 2
	filled := w.claim
	filled.data, filled.whole = w.srcData, true
	w.clock, w.deltas = w.clock.Add(took), append(w.deltas, took)
	w.deltaEnded = w.clock
	w.pass()
	if crash && w.rand.IntN(2) == 0 {
		filled.data, filled.whole = noData, false // half written
	}
	return nil
}

func (w *world) finalSync(o *Observed, crash bool) error {
	switch {
	case w.dstRecord == nil:
		return errors.New("the record is gone")
	case w.copies() && w.claim != nil && w.claim.uid != w.mounted:
		return errors.New("the claim was made anew")
	case w.copies() && w.claim != nil && w.claim.mark != "":
		w.failf("a run writes an active claim")
	case w.copies() && w.claim != nil && w.claim.foreign && slices.ContainsFunc(o.Claims, func(c Claim) bool { return c.UID == w.claim.uid }):
		w.failf("a run writes a claim of another client")
	}
	fence := o.fence()
	w.dstRecord.Epoch++
	w.dstRecord.Fence = fence
	w.dstRecord.Former = o.remember(w.dstRecord, func(Workload) bool { return false })
	w.stopping = time.Time{}
	w.clock = w.clock.Add(w.copyTime)
	filled := w.claim
	if w.copies() && filled != nil {
		filled.data, filled.whole = w.srcData, true
	}
	w.pass()
	if crash {
		if w.rand.IntN(2) == 0 && filled != nil && w.copies() {
			filled.data, filled.whole = noData, false // half written
			return nil
		}
		w.waiting = false // killed after the last byte
	}
	again := w.read(false)
	holds := again.sourceStopped() && fence.Holds(again.fence()) && w.claim == filled && filled != nil
	if !crash {
		w.waiting, w.leftovers = w.copies() && holds, w.copies()
	}
	if holds && w.dstRecord != nil {
		w.dstRecord.Final = &FinalRun{Epoch: w.dstRecord.Epoch, Fence: fence, Claims: map[string]types.UID{"data": filled.uid}}
	}
	return nil
}
