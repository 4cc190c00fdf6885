package cutover

import (
	"fmt"

	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
)

// simObject is an object at the target; only of a workload anything is wanted. Its controller acts
// on what it has seen last of want and stopped, and reports the Pods late, without those that end.
// Stripped: it does not say any more who has made it. Foreign: another client has.
type simObject struct {
	uid                        types.UID
	want, seen, pods, reported int
	stopped, ready             bool
	stripped, foreign          bool
	kept, took                 bool // left by an earlier switch; started by this one
	reapplied                  bool // it has the content that this switch gives it
	state                      int  // what it holds, for one that the application writes
}

// asks for so many Pods.
func (o *simObject) asks() int {
	if o.stopped {
		return 0
	}
	return o.want
}

// running are the workloads at the target.
func (w *world) running() []*simObject {
	var out []*simObject
	for i := range w.workloads {
		if x := w.objects[w.ref(i).String()]; x != nil {
			out = append(out, x)
		}
	}
	if w.made != nil {
		out = append(out, w.made)
	}
	return out
}

// targetPods of what was started as the target of the switch, no matter which client runs it by now.
func (w *world) targetPods() (n int) {
	for _, x := range w.running() {
		if w.started() || !x.foreign {
			n += x.pods
		}
	}
	return n
}

// passTarget lets the controllers of the target act, each on what it has seen last: Pods begin and
// end.
func (w *world) passTarget(begin, end bool) {
	var controller *simObject
	if w.custom {
		controller = w.objects[w.ref(0).String()]
	}
	switch {
	case !w.custom:
	case w.objects[widgetRef.String()] == nil:
		w.made = nil // with its Pods: DeleteObjects has looked at them
	case controller == nil || controller.pods == 0 || w.rand.IntN(2) == 0:
	case w.made == nil:
		w.made = &simObject{uid: w.uid(), want: wantReplicas}
	default:
		w.made.stopped = false
	}
	for _, o := range w.running() {
		o.reported = min(o.pods, o.seen)
		switch {
		case begin && o.pods < o.seen && w.rand.IntN(2) == 0:
			o.pods++
		case end && o.pods > o.seen && w.rand.IntN(2) == 0:
			o.pods--
		}
		if w.rand.IntN(2) == 0 {
			o.seen = o.asks()
		}
		o.ready = !o.stopped && o.pods == o.want && (o.ready || w.rand.IntN(3) == 0)
		if w.stubborn && o.stopped && (!o.kept || w.started()) && w.rand.IntN(2) == 0 {
			o.stopped = false
		}
	}
}

// observePods of the target.
func (w *world) observePods(o *Observed) {
	if n := w.targetPods(); n > 0 {
		o.TargetPods = append(o.TargetPods, fmt.Sprint(n, " Pods"))
	}
}

func (w *world) observeTarget(o *Observed) {
	o.Workers, o.Leftovers = w.waiting, w.leftovers
	if w.live {
		o.Repeats, o.Deltas, o.MaxFinalSync = w.waiting, w.deltas, quiesceTimeout
		o.DeltaEnded = w.deltaEnded
	}
	if w.leaving && o.Record.CommittedAt != nil {
		o.Left = []Claim{{Name: "data", Exists: true, UID: "left", Mark: "earlier"}}
	}
	c, b := Claim{Name: "data", Copied: w.copies()}, Object{Ref: claimRef, Phase: application.PhaseVolume, Open: true, Kept: w.back}
	if w.claim != nil {
		c.Exists, c.UID, c.Mark, c.Whole = true, w.claim.uid, w.claim.mark, w.claim.whole
		b.Exists, b.UID, b.Mine = true, w.claim.uid, !w.claim.foreign || w.claim.kept
	}
	b.identify(o.Record.UIDs)
	o.Claims, o.Objects = []Claim{c}, append(o.Objects, b)
	if w.contents == api.ContentsData {
		return
	}
	if !w.back || w.reapply {
		w.observeObject(o, configRef, application.PhaseStart)
	}
	for i := range w.workloads {
		if w.owned(i) {
			w.observeObject(o, widgetRef, application.PhaseStart)
		} else {
			w.observeObject(o, w.ref(i), application.PhaseStart)
		}
	}
	if !w.back {
		w.observeObject(o, ingressRef, application.PhaseOpen)
	}
	if x := w.made; x != nil && w.objects[widgetRef.String()] != nil {
		b := Object{Ref: w.ref(1), Phase: application.PhaseStart, Workload: true, Exists: true, Mine: true, Open: true,
			Stopped: x.stopped, Ready: x.ready}
		b.Settled = w.settled(o, &b, x)
		o.Made = append(o.Made, b)
	}
}

func (w *world) observeObject(o *Observed, r application.Ref, phase application.Phase) {
	x := w.objects[r.String()]
	b := Object{Ref: r, Phase: phase, Runs: r == widgetRef, Workload: isWorkload(r) || r == widgetRef, Open: phase != application.PhaseOpen,
		Zero: r.Kind == "CronJob", Kept: w.back, Changes: w.reapply && w.pinnedSecret}
	if !w.started() && !w.rollingBack[w.id] {
		x = nil // Not read before the start.
	}
	if x != nil {
		b.Exists, b.UID, b.Mine, b.Open, b.Took = true, x.uid, !x.stripped || x.kept, true, x.took
		b.Stopped, b.Ready = x.asks() == 0 || b.Runs, x.ready || b.Runs && w.made != nil && w.made.ready
		b.Reapplied = x.reapplied
		b.identify(o.Record.UIDs)
		b.Settled = w.settled(o, &b, x)
	} else {
		b.identify(o.Record.UIDs)
	}
	if b.Exists && b.Workload && !b.Mine && !b.Stopped && o.mayHaveStarted() {
		o.TargetPods = append(o.TargetPods, b.Ref.String()+" (made by another client)")
	}
	o.Objects = append(o.Objects, b)
}

// settled: what makes the Pods of a stopped workload has seen that; else it counts as a Pod.
func (w *world) settled(o *Observed, b *Object, x *simObject) bool {
	settled := b.Runs || x.seen == x.asks() && x.reported == 0
	if b.Workload && b.Stopped && !settled && (b.Mine || o.mayHaveStarted()) {
		o.TargetPods = append(o.TargetPods, b.Ref.String())
	}
	return settled
}

// target carries out what changes the target's objects.
func (w *world) target(a Action, o *Observed, part func() bool) {
	if w.committed() && a.Kind != Open {
		w.failf("%s after the commit", a.Kind)
	}
	create := func(r application.Ref, x *simObject) {
		if w.objects[r.String()] == nil {
			x.uid = w.uid()
			w.objects[r.String()] = x
		}
	}
	switch a.Kind {
	case CreateClaims:
		if w.claim == nil {
			w.claim = &simClaim{uid: w.uid(), data: noData}
		}
	case CreateObjects:
		create(configRef, &simObject{ready: true, state: w.reading})
	case StartWorkloads:
		w.startTarget(o, create, part)
	case Reapply, PutBack:
		w.change(a.Kind, o, part)
	case Open:
		if runs := len(o.sourceRuns()); !w.committed() || runs > 0 {
			w.failf("opened, committed %t, while %d run at the source", w.committed(), runs)
		}
		create(ingressRef, &simObject{ready: true})
	case StopTarget:
		w.stopTarget(o, part)
	case DeleteObjects:
		w.deleteTarget(o, part)
	}
}

func (w *world) startTarget(o *Observed, create func(application.Ref, *simObject), part func() bool) {
	if !w.meddled && (w.pods() > 0 || !w.whole() || !w.active()) || w.leftovers {
		w.failf("the target starts: %d source Pods, claim %+v of %d", w.pods(), w.claim, w.srcData)
	}
	if x := w.objects[configRef.String()]; !w.meddled && x != nil && !x.foreign && !x.kept && x.state != w.srcState {
		w.failf("the target starts with the state %d of %d", x.state, w.srcState)
	}
	if w.back {
		w.takeTarget(o, part)
		return
	}
	for i := range w.workloads {
		r, x := w.ref(i), &simObject{want: wantReplicas}
		if w.owned(i) {
			r, x = widgetRef, &simObject{}
		}
		if w.workloads[i].cron {
			x.want = 0
		}
		create(r, x)
		if part() {
			return
		}
	}
}

// change what an earlier switch has left, or put it back.
func (w *world) change(k Kind, o *Observed, part func() bool) {
	if k == PutBack && w.targetPods() > 0 {
		w.failf("put back while the target runs")
	}
	for _, b := range o.Objects {
		x := w.objects[b.Ref.String()]
		if x == nil || !b.Changes || b.Reapplied != (k == PutBack) || x.uid != b.UID || !b.Mine || x.reapplied == (k == Reapply) {
			continue // Also where it has the mark by now, or has lost it.
		}
		if x.foreign || k == Reapply && !w.started() {
			w.failf("%s of %s, which is another client's, or before the start: %+v", k, b.Ref, x)
		}
		x.reapplied = k == Reapply
		if part() {
			return
		}
	}
}

// takeTarget starts what an earlier switch has left.
func (w *world) takeTarget(o *Observed, part func() bool) {
	for name, x := range w.objects {
		if w.reapply && x.kept && !x.reapplied {
			w.failf("the target starts, and %s is as it was before: %+v", name, x)
		}
	}
	for _, b := range o.Objects {
		x := w.objects[b.Ref.String()]
		if x == nil || !b.startsAgain() || x.uid != b.UID {
			continue
		}
		x.stopped, x.took = false, true
		if part() {
			return
		}
	}
}

func (w *world) stopTarget(o *Observed, part func() bool) {
	for _, b := range append(o.Objects, o.Made...) {
		x := w.objects[b.Ref.String()]
		if w.custom && b.Ref == w.ref(1) {
			x = w.made
		}
		if x == nil || !b.Workload || !b.Mine || b.Stopped && !b.stopsAgain() || b.UID != "" && x.uid != b.UID {
			continue
		}
		x.stopped, x.took = true, false
		if part() {
			return
		}
	}
}

func (w *world) deleteTarget(o *Observed, part func() bool) {
	for _, x := range w.running() {
		if !x.foreign && !x.kept && (x.pods > 0 || x.seen > 0 || x.asks() > 0) && !w.stubborn {
			w.failf("deleted at the target while it runs, or still may: %+v", *x)
		}
	}
	for _, b := range o.Objects {
		x := w.objects[b.Ref.String()]
		if x == nil || !b.deletable() || x.uid != b.UID {
			continue
		}
		if x.foreign || x.kept {
			w.failf("%s, which is another client's or an earlier switch's, is deleted", b.Ref)
		}
		delete(w.objects, b.Ref.String())
		if part() {
			return
		}
	}
}
