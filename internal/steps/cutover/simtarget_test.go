package cutover

import (
	"fmt"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
)

// simObject is an object at the target; only of a workload anything is wanted. Its controller acts
// on what it has seen last of want and stopped, and reports the Pods late, without those that end.
type simObject struct {
	want, seen, pods, reported int
	stopped, ready             bool
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

func (w *world) targetPods() (n int) {
	for _, x := range w.running() {
		n += x.pods
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
		w.made = &simObject{want: wantReplicas}
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
		o.ready = o.ready || !o.stopped && o.pods == o.want && w.rand.IntN(3) == 0
	}
}

// observePods of the target.
func (w *world) observePods(o *Observed) {
	if n := w.targetPods(); n > 0 {
		o.TargetPods = append(o.TargetPods, fmt.Sprint(n))
	}
}

func (w *world) observeTarget(o *Observed) {
	o.Workers, o.Leftovers = w.waiting, w.leftovers
	o.Claims = []Claim{{Name: "data", Exists: w.claimExists, Mark: w.mark}}
	o.Objects = append(o.Objects, Object{Ref: claimRef, Phase: application.PhaseVolume, Exists: w.claimExists, Open: true})
	if w.contents == api.ContentsData {
		return
	}
	add := func(r application.Ref, phase application.Phase) {
		x := w.objects[r.String()]
		b := Object{Ref: r, Phase: phase, Runs: r == widgetRef, Workload: isWorkload(r) || r == widgetRef, Open: phase != application.PhaseOpen}
		if x != nil {
			b.Exists, b.Mine, b.Open = true, true, true
			b.Stopped, b.Ready = x.stopped || b.Runs, x.ready || b.Runs && w.made != nil && w.made.ready
			b.Settled = w.settled(o, &b, x)
		}
		o.Objects = append(o.Objects, b)
	}
	add(configRef, application.PhaseStart)
	for i := range w.workloads {
		if w.driven(i) {
			add(widgetRef, application.PhaseStart)
		} else {
			add(w.ref(i), application.PhaseStart)
		}
	}
	add(doorRef, application.PhaseOpen)
	if x := w.made; x != nil && w.objects[widgetRef.String()] != nil {
		b := Object{Ref: w.ref(1), Phase: application.PhaseStart, Workload: true, Exists: true, Mine: true, Open: true, Stopped: x.stopped, Ready: x.ready}
		b.Settled = w.settled(o, &b, x)
		o.Made = append(o.Made, b)
	}
}

// settled: what makes the Pods of a stopped workload has seen that; else it counts as a Pod.
func (w *world) settled(o *Observed, b *Object, x *simObject) bool {
	settled := b.Runs || x.seen == x.asks() && x.reported == 0
	if b.Workload && b.Stopped && !settled {
		o.TargetPods = append(o.TargetPods, b.Ref.String())
	}
	return settled
}
