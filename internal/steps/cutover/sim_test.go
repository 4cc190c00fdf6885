package cutover

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"testing"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/task"
)

var (
	simSeeds = flag.Int("seeds", 3000, "how many worlds the simulator runs")
	simFrom  = flag.Uint64("from", 1, "the first seed")
)

const self = "switch-uid"

var us = lineage.Actor{Pair: "pair", Switch: self}

// TestSimulation kills the cutover and the roll back at any action, loses answers and whole
// observations, lets other clients work at both sides and Jobs be stuck, and holds the invariants: the
// downtime begins only when no Job runs, the target starts only with all the data, the last state of
// the objects and a stopped source, the source comes back only when the target is gone, no report is untrue, and every world
// ends on one side.
func TestSimulation(t *testing.T) {
	logger := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	t.Cleanup(func() { slog.SetDefault(logger) })
	ends := map[string]int{}
	for seed := *simFrom; seed < *simFrom+uint64(*simSeeds); seed++ {
		ends[simulate(t, seed)]++
	}
	t.Logf("ends: %v", ends)
	if ends["Switched"] == 0 || ends["RolledBack"] == 0 || ends["NeverDown"] == 0 {
		t.Errorf("the simulator did not reach every end: %v", ends)
	}
}

// killed is the end of a process in the middle of an action.
type killed struct{}

// process runs one process of a Job to its end; nil: it was killed.
func (w *world) process(next func(Observed) Action, rollback bool) (r *task.Result) {
	w.processes++
	w.id, w.waiting, w.began, w.actions = fmt.Sprint(w.processes), false, w.clock, 0
	w.deltas = nil
	w.rollingBack[w.id] = rollback
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(killed); !ok {
				panic(p)
			}
			w.log = append(w.log, "killed")
			r = nil
		}
	}()
	l := &loop{machine: w, next: func(o Observed) Action {
		a := bounded(next)(o)
		w.note("%s: %s", a.Kind, a.Message)
		return a
	}, rollback: rollback, out: w, steps: &stepLog{}}
	out := l.run(context.Background())
	if out.Outcome != task.OutcomeSucceeded {
		w.note("the process ends: %s %s", out.Reason, out.Message)
	}
	w.checkEnd(&out, rollback)
	return &out
}

// job runs the processes of one Job; nil: all were killed.
func (w *world) job(next func(Observed) Action, rollback bool) *task.Result {
	w.status = task.Status{}
	for range 3 {
		if r := w.process(next, rollback); r != nil {
			return r
		}
	}
	return nil
}

func simulate(t *testing.T, seed uint64) string {
	w := newWorld(t, seed)
	w.note("seed %d", seed)
	for range 40 {
		r := w.job(Next, false)
		switch {
		case r != nil && r.Outcome == task.OutcomeSucceeded:
			w.checkSwitched()
			return "Switched"
		case w.committed():
			w.person()
			continue
		}
		for range 40 {
			if r = w.job(NextRollback, true); r != nil && (r.Outcome == task.OutcomeSucceeded || r.Reason == api.ReasonAlreadyDone) {
				break
			}
			w.person()
		}
		switch {
		case r != nil && r.Outcome == task.OutcomeSucceeded:
			w.checkRolledBack()
			if !w.down {
				return "NeverDown"
			}
			return "RolledBack"
		case r == nil || r.Reason != api.ReasonAlreadyDone:
			w.failf("a roll back does not end: %+v", r)
		}
	}
	w.failf("no end")
	return ""
}

// observe is what the real one reads, or an error.
func (w *world) observe(_ context.Context, rollback bool) (*Observed, error) {
	if w.actions++; w.actions > 1000 {
		w.failf("no end after 1000 observations")
	}
	w.pass()
	if w.unreachable() {
		return nil, errUnreachable
	}
	o := w.read(rollback)
	if w.unreachable() {
		return nil, errUnreachable // in the middle
	}
	return o, nil
}

// act carries an action out, may be killed in the middle or directly after it, and may not learn that
// it was done.
func (w *world) act(_ context.Context, a Action, o *Observed) error {
	if a.Kind == Wait {
		return nil
	}
	if w.unreachable() {
		return errUnreachable
	}
	crash := w.crashes > 0 && w.rand.IntN(8) == 0
	if crash {
		w.crashes--
	}
	if crash && w.rand.IntN(4) == 0 {
		w.zombie = &pending{action: a, observed: o, process: w.id} // It does it later.
		panic(killed{})
	}
	err := w.fenced(a, w.id)
	if err == nil {
		err = w.do(a, o, crash)
	}
	if crash {
		panic(killed{})
	}
	if err == nil && w.rand.IntN(40) == 0 && a.Kind != FinalSync && a.Kind != OpenWorkers {
		return errUnreachable // It was done.
	}
	return err
}

func (w *world) acted(context.Context, Action) {}

func (w *world) now() time.Time { return w.clock }

func (w *world) sleep(_ context.Context, d time.Duration) { w.clock = w.clock.Add(d) }

func (w *world) unlock(context.Context) error {
	w.srcLock, w.dstLock = false, false
	return nil
}

func (w *world) note(format string, args ...any) {
	w.log = append(w.log, w.clock.Format("15:04:05 ")+fmt.Sprintf(format, args...))
}

func (w *world) committed() bool { return mergeRecords(w.srcRecord, w.dstRecord).CommittedAt != nil }

// Update takes a report, which must be true.
func (w *world) Update(change func(*task.Status)) {
	before := w.status.Switch
	if before != nil {
		copied := *before
		before = &copied
	}
	change(&w.status)
	p := w.status.Switch
	if p == nil {
		return
	}
	if !p.Touched && w.changed() {
		w.failf("the report says untouched, and records %v %v, source %+v", w.srcRecord, w.dstRecord, w.workloads)
	}
	if p.Active == api.ActiveSource && w.stoppedByUs() {
		w.failf("the report says that the source is active, and it is stopped: %+v", w.workloads)
	}
	if before == nil || p.RolledBack {
		return
	}
	if before.CommittedAt != nil && p.CommittedAt == nil || p.Active.Before(before.Active) && w.changed() {
		w.failf("the report goes back from %+v to %+v", *before, *p)
	}
}

// changed: something is left that a roll back has to undo.
func (w *world) changed() bool {
	return w.srcRecord != nil || w.dstRecord != nil || w.stoppedByUs()
}

func (w *world) stoppedByUs() bool {
	for _, x := range w.workloads {
		if x.ours && !x.cron && x.replicas == 0 {
			return true
		}
	}
	return false
}

// checkEnd: what is being stopped has the whole of its time for it, in every epoch.
func (w *world) checkEnd(r *task.Result, rollback bool) {
	if rollback || r.Reason != api.ReasonQuiesceTimeout {
		return
	}
	if had := w.clock.Sub(w.stopping); w.stopping.IsZero() || had <= quiesceTimeout {
		w.failf("given up after %s, want more than %s: %s", had, quiesceTimeout, r.Message)
	}
}

func (w *world) checkSwitched() {
	if w.srcLock || w.dstLock || w.claim == nil {
		w.failf("switched, but: locks %v %v, claim %+v, data of the source %d", w.srcLock, w.dstLock, w.claim, w.srcData)
	}
	if runs := w.pods() > 0; runs && !w.meddled && (w.status.Switch == nil || len(w.status.Switch.SourceRuns) == 0) {
		w.failf("switched, the source runs, and the report does not say so")
	}
	if w.leaving {
		w.failf("switched back, and the claims that the application has left are active")
	}
	if w.back {
		return
	}
	if w.contents == api.ContentsData != (len(w.objects) == 0) {
		w.failf("switched %s, with %d objects at the target", w.contents, len(w.objects))
	}
	if w.contents != api.ContentsData && w.objects[ingressRef.String()] == nil {
		w.failf("switched, but the external endpoint is closed")
	}
}

func (w *world) checkRolledBack() {
	for name, x := range w.objects {
		if x.kept {
			if x.reapplied && !w.planLost {
				w.failf("rolled back, but %s has the content of this switch: %+v", name, x)
			}
			if x.pods+x.asks() > 0 || x.took {
				w.failf("rolled back, but %s runs, or is not given back: %+v", name, x)
			}
			continue
		}
		// One that does not say any more whose it is, and was not recorded yet, stays, but stopped.
		if !x.foreign && (!x.stripped || x.pods+x.asks() > 0) {
			w.failf("rolled back, but %s is left: %+v", name, x)
		}
	}
	if w.claim != nil && w.claim.mark != "" || w.srcLock || w.dstLock || w.srcRecord != nil || w.dstRecord != nil || w.leftovers {
		w.failf("rolled back, but something is left: %+v", w)
	}
	for i, x := range w.workloads {
		if x.missing && !x.ours {
			continue // It was not stopped when it was deleted.
		}
		if x.ledger != nil || x.replicas == 0 {
			w.failf("rolled back, but %s is %+v", w.ref(i), x)
		}
	}
}

func ref(i int) application.Ref {
	return application.Ref{Group: "apps", Kind: "Deployment", Name: fmt.Sprintf("w%d", i)}
}
