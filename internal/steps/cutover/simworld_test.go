package cutover

import (
	"slices"
	"time"
)

// do carries an action out; with crash it stops somewhere inside.
func (w *world) do(a Action, o *Observed, crash bool) {
	part := func() bool { return crash && w.rand.IntN(2) == 0 }
	switch a.Kind {
	case Lock:
		w.srcLock = true
		if part() {
			return
		}
		w.dstLock = true
	case Unlock:
		w.dstLock = false
		if part() {
			return
		}
		w.srcLock = false
	case Pin:
		w.pinnedSecret = true
		if part() {
			return
		}
		w.dstRecord = &Record{Switch: self}
		if part() {
			return
		}
		w.srcRecord = &Record{Switch: self}
	case CreateClaims:
		w.claimExists = true
	case OpenWorkers:
		w.leftovers, w.waiting = true, !crash
	case CloseWorkers, RemoveWorkers:
		w.leftovers, w.waiting = false, false
	case FinalSync:
		w.finalSync(crash)
	case Mark:
		w.mark = self
	case Unmark:
		w.mark = ""
	case RecordSuspend, RecordQuiesce:
		w.begin(a.Kind)
		w.dstRecord.note(a.Kind, w.now)
	case RecordStart, RecordOpen:
		w.dstRecord.note(a.Kind, w.now)
	case Commit:
		w.commit(part)
	case Suspend, Quiesce:
		w.stop(a, o, part)
	case Restore:
		w.restore(part)
	default:
		w.target(a, part)
	}
}

func (w *world) commit(part func() bool) {
	if w.pods() > 0 && !w.meddled {
		w.failf("committed while the source runs")
	}
	if !w.meddled && (!w.whole() || w.mark != self) {
		w.failf("committed with data %d of %d, mark %q", w.dstData, w.srcData, w.mark)
	}
	now := w.now
	w.dstRecord.CommittedAt, w.committed = &now, true
	if !part() {
		w.srcRecord.CommittedAt = &now
	}
}

// begin a stop: with the workers in place, and with the downtime only when every Job has ended.
func (w *world) begin(k Kind) {
	if w.copies() && !w.waiting {
		w.failf("the source is about to be stopped, and no worker waits")
	}
	w.stopping = w.now
	if k != RecordQuiesce || w.down {
		return
	}
	w.down = true
	for i, x := range w.workloads {
		if x.cron && (x.replicas > 0 || x.pods > 0) {
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
		if !slices.ContainsFunc(stop, func(s Workload) bool { return s.Ref == w.ref(i) }) {
			continue
		}
		if !x.cron && !w.down {
			w.failf("%s is stopped before the downtime is on record", w.ref(i))
		}
		if x.ledger == nil {
			n := x.replicas
			x.ledger = &n
		}
		x.replicas = 0
		x.generation++
		if part() {
			return
		}
	}
}

func (w *world) restore(part func() bool) {
	for i := range w.workloads {
		x := &w.workloads[i]
		if x.ledger == nil {
			continue
		}
		if w.targetPods() > 0 {
			w.failf("the source comes back while the target runs")
		}
		x.replicas, x.ledger = *x.ledger, nil
		x.generation++
		if part() {
			return
		}
	}
}

func (w *world) finalSync(crash bool) {
	if w.mark != "" {
		w.failf("a run writes an active claim")
	}
	f := w.observe(false)
	w.dstRecord.Epoch++
	w.dstRecord.Fence = f.fence()
	w.stopping = time.Time{}
	w.now = w.now.Add(w.copyTime)
	if w.copies() {
		w.dstData = w.srcData
	}
	w.pass()
	if crash {
		if w.rand.IntN(2) == 0 {
			w.dstData = -1 // half written
			return
		}
		w.waiting = false // killed after the last byte
	}
	again := w.observe(false)
	if !crash {
		w.waiting, w.leftovers = w.copies() && again.sourceStopped() && again.fence().Equal(f.fence()), w.copies()
	}
	if again.sourceStopped() && again.fence().Equal(f.fence()) {
		w.dstRecord.Final = &FinalRun{Epoch: w.dstRecord.Epoch, Fence: f.fence()}
	}
}

func (w *world) target(a Action, part func() bool) {
	if w.committed && a.Kind != Open {
		w.failf("%s after the commit", a.Kind)
	}
	switch a.Kind {
	case CreateObjects:
		w.objects[configRef.String()] = &simObject{ready: true}
	case StartWorkloads:
		if w.pods() > 0 || !w.whole() || w.mark != self || w.leftovers {
			w.failf("the target starts: %d source Pods, data %d of %d, mark %q", w.pods(), w.dstData, w.srcData, w.mark)
		}
		for i := range w.workloads {
			r, x := w.ref(i), &simObject{want: wantReplicas}
			if w.driven(i) {
				r, x = widgetRef, &simObject{}
			}
			if w.workloads[i].cron {
				x.want = 0
			}
			if w.objects[r.String()] == nil {
				w.objects[r.String()] = x
			}
			if part() {
				return
			}
		}
	case Open:
		if !w.committed {
			w.failf("opened before the commit")
		}
		w.objects[doorRef.String()] = &simObject{ready: true}
	case StopTarget:
		for _, x := range w.running() {
			x.stopped = true
			if part() {
				return
			}
		}
	case DeleteObjects:
		for _, x := range w.running() {
			if x.pods > 0 || x.seen > 0 || x.asks() > 0 {
				w.failf("deleted at the target while it runs, or still may: %+v", *x)
			}
		}
		for k := range w.objects {
			delete(w.objects, k)
			if part() {
				return
			}
		}
	case Forget:
		w.srcRecord = nil
		if part() {
			return
		}
		w.dstRecord, w.pinnedSecret = nil, false
	}
}
