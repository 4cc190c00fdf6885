package cutover

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/task"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

var (
	simSeeds = flag.Int("seeds", 3000, "how many worlds the simulator runs")
	simFrom  = flag.Uint64("from", 1, "the first seed")
)

const self = "switch-uid"

// world is a model of two clusters, as far as a cutover reads and changes them. Data is the
// number of writes that the application was acknowledged.
type world struct {
	t    *testing.T
	rand *rand.Rand
	now  time.Time
	// began is when the process did that runs now.
	began time.Time
	log   []string

	srcLock, dstLock     bool
	srcRecord, dstRecord *Record
	pinnedSecret         bool

	workloads []simWorkload
	srcData   int

	claimExists bool
	mark        string
	dstData     int
	objects     map[string]*simObject
	leftovers   bool // worker Pods exist
	waiting     bool // this process's workers are connected

	// custom: the first workload is a controller, which makes the second of a custom resource.
	custom bool
	made   *simObject // what it has made at the target

	contents  api.Contents // which part of the application moves
	meddler   int          // how often somebody still touches the source
	meddled   bool         // somebody touched the source after the target was started
	committed bool

	copyTime time.Duration // that a final run takes
	stopping time.Time     // when the newest part of the source was about to be stopped since the last run
	down     bool          // the downtime has begun
}

// simWorkload is a Deployment, or a CronJob with the Pods of its Jobs: with one replica while it is
// not suspended. What is stuck never ends.
type simWorkload struct {
	replicas, generation, pods int
	ledger                     *int
	cron, stuck                bool
}

const (
	wantReplicas   = 2
	quiesceTimeout = 5 * time.Minute
)

func newWorld(t *testing.T, seed uint64) *world {
	r := rand.New(rand.NewPCG(seed, 7))
	w := &world{t: t, rand: r, now: time.Unix(1_800_000_000, 0), objects: map[string]*simObject{}}
	w.srcData = r.IntN(5)
	w.contents = []api.Contents{api.ContentsAll, api.ContentsAll, api.ContentsData, api.ContentsObjects}[r.IntN(4)]
	// Without a workload: claims that move alone.
	for range r.IntN(4) {
		w.workloads = append(w.workloads, simWorkload{replicas: wantReplicas, generation: 1, pods: wantReplicas})
	}
	w.custom = len(w.workloads) > 1 && w.contents != api.ContentsData && r.IntN(2) == 0
	for range r.IntN(3) {
		w.workloads = append(w.workloads, simWorkload{cron: true, replicas: 1, generation: 1, pods: r.IntN(3), stuck: r.IntN(8) == 0})
	}
	if r.IntN(4) == 0 && len(w.workloads) > 0 {
		w.meddler = 1 + r.IntN(3)
	}
	if r.IntN(2) == 0 {
		w.copyTime = 2 * quiesceTimeout
	}
	return w
}

func (w *world) failf(format string, args ...any) {
	w.t.Helper()
	for _, l := range w.log {
		w.t.Log(l)
	}
	w.t.Fatalf(format, args...)
}

func ref(i int) application.Ref {
	return application.Ref{Group: "apps", Kind: "Deployment", Name: fmt.Sprintf("w%d", i)}
}

func (w *world) ref(i int) application.Ref {
	if w.workloads[i].cron {
		return application.Ref{Group: "batch", Kind: "CronJob", Name: fmt.Sprintf("w%d", i)}
	}
	return ref(i)
}

var (
	claimRef  = application.Ref{Kind: "PersistentVolumeClaim", Name: "data"}
	configRef = application.Ref{Kind: "ConfigMap", Name: "config"}
	widgetRef = application.Ref{Group: "example.com", Kind: "Widget", Name: "widget"}
	doorRef   = application.Ref{Group: "networking.k8s.io", Kind: "Ingress", Name: "door"}
)

// copies: there is data to copy.
func (w *world) copies() bool { return w.contents != api.ContentsObjects }

// whole: the target has what the source has written, as far as it is to have it.
func (w *world) whole() bool { return w.dstData == w.srcData || !w.copies() }

func (w *world) pods() (n int) {
	for _, x := range w.workloads {
		n += x.pods
	}
	return n
}

// driven: what the controller makes, at the source and then at the target.
func (w *world) driven(i int) bool { return w.custom && i == 1 }

// pass lets the world go on by itself for a moment.
func (w *world) pass() {
	w.now = w.now.Add(time.Duration(1+w.rand.IntN(20)) * time.Second)
	if w.meddler > 0 && w.rand.IntN(12) == 0 && w.srcRecord != nil && !w.committed {
		w.meddler--
		x := &w.workloads[w.rand.IntN(len(w.workloads))]
		x.generation++
		if w.rand.IntN(2) == 0 {
			x.replicas = 1
		}
		w.meddled = w.meddled || w.dstRecord != nil && w.dstRecord.StartedAt != nil
		w.log = append(w.log, "somebody touches the source")
	}
	for i := range w.workloads {
		x := &w.workloads[i]
		if x.pods > 0 {
			w.srcData += w.rand.IntN(3)
		}
		x.pass(w.rand)
	}
	if w.custom && w.workloads[0].pods > 0 && w.workloads[1].replicas == 0 && w.rand.IntN(3) == 0 {
		w.workloads[1].replicas = wantReplicas
		w.workloads[1].generation++
	}
	w.passTarget(true, true)
}

// pass: a Deployment gets as many Pods as it asks for; Jobs begin and end.
func (x *simWorkload) pass(r *rand.Rand) {
	begins, ends := x.pods < x.replicas && r.IntN(2) == 0, x.pods > x.replicas && r.IntN(2) == 0
	if x.cron {
		begins, ends = x.replicas > 0 && r.IntN(8) == 0, x.pods > 0 && !x.stuck && r.IntN(4) == 0
	}
	if begins {
		x.pods++
	}
	if ends {
		x.pods--
	}
}

func (w *world) observe(rollback bool) Observed {
	o := Observed{Now: w.now, Began: w.began, Self: self, SourceLock: LockFree, TargetLock: LockFree,
		QuiesceTimeout: quiesceTimeout, HealthTimeout: 3 * time.Minute}
	if w.copies() {
		o.Volumes = 1
	}
	if w.srcLock {
		o.SourceLock = LockMine
	}
	if w.dstLock {
		o.TargetLock = LockMine
	}
	o.HasRecord = w.srcRecord != nil || w.dstRecord != nil
	o.Pinned = w.srcRecord != nil && w.dstRecord != nil && w.pinnedSecret
	if o.HasRecord {
		o.Record = mergeRecords(w.srcRecord, w.dstRecord)
		o.CommittedBoth = w.srcRecord != nil && w.srcRecord.CommittedAt != nil && w.dstRecord != nil && w.dstRecord.CommittedAt != nil
	}
	if !o.Pinned && !rollback {
		return o
	}
	for i, x := range w.workloads {
		o.Workloads = append(o.Workloads, Workload{Workload: application.Workload{Ref: w.ref(i)}, Stopped: x.replicas == 0,
			Ledger: x.ledger != nil, Identity: fmt.Sprint(x.generation)})
		if x.cron && x.pods > 0 {
			o.SourceJobs = append(o.SourceJobs, w.ref(i).String())
		}
	}
	if n := w.pods(); n > 0 {
		o.SourcePods = []string{fmt.Sprint(n)}
	}
	if !rollback {
		w.observeTarget(&o)
		return o
	}
	// The target goes on while it is read, but no Pod is so short that it begins and ends meanwhile.
	begin := w.rand.IntN(2) == 0
	w.observePods(&o)
	w.passTarget(begin, !begin)
	w.observeTarget(&o)
	w.passTarget(begin, !begin)
	w.observePods(&o)
	return o
}

// run is one process: until it ends, or is killed.
func (w *world) run(next func(Observed) Action, rollback bool, crashes *int) *task.Result {
	w.waiting, w.began = false, w.now
	for range 400 {
		w.pass()
		o := w.observe(rollback)
		a := next(o)
		w.log = append(w.log, fmt.Sprintf("%s %s: %s", w.now.Format("15:04:05"), a.Kind, a.Message))
		if a.Kind == End {
			if !rollback {
				w.checkEnd(a.Result)
			}
			return a.Result
		}
		if a.Kind == Wait {
			continue
		}
		crash := *crashes > 0 && w.rand.IntN(8) == 0
		w.do(a, &o, crash)
		if crash {
			*crashes--
			w.log = append(w.log, "killed")
			return nil
		}
	}
	w.failf("no end after 400 actions")
	return nil
}

// TestSimulation kills the cutover and the roll back at any action, lets somebody touch the
// source, lets Jobs run and be stuck, and holds the invariants: the downtime begins only when no Job
// runs, the target starts only with all the data and a stopped source, the source comes back only
// when the target is gone, and every world ends on one side.
func TestSimulation(t *testing.T) {
	ends := map[string]int{}
	for seed := *simFrom; seed < *simFrom+uint64(*simSeeds); seed++ {
		ends[simulate(t, seed)]++
	}
	t.Logf("ends: %v", ends)
	if ends["Switched"] == 0 || ends["RolledBack"] == 0 || ends["NeverDown"] == 0 {
		t.Errorf("the simulator did not reach every end: %v", ends)
	}
}

func simulate(t *testing.T, seed uint64) string {
	w := newWorld(t, seed)
	w.log = append(w.log, fmt.Sprintf("seed %d", seed))
	crashes := w.rand.IntN(7)
	for range 40 {
		var r *task.Result
		for range 3 { // one Job: three Pods
			if r = w.run(Next, false, &crashes); r != nil {
				break
			}
		}
		if r != nil && r.Outcome == task.OutcomeSucceeded {
			w.checkSwitched()
			return "Switched"
		}
		for r = nil; r == nil || r.Reason == api.ReasonQuiesceTimeout; {
			r = w.run(NextRollback, true, &crashes)
		}
		if r.Outcome == task.OutcomeSucceeded {
			w.checkRolledBack()
			if !w.down {
				return "NeverDown"
			}
			return "RolledBack"
		}
		if r.Reason != api.ReasonAlreadyDone {
			w.failf("seed %d: a roll back ended with %s: %s", seed, r.Reason, r.Message)
		}
	}
	w.failf("seed %d: no end", seed)
	return ""
}

// checkEnd: what is being stopped has the whole of its time for it, in every epoch.
func (w *world) checkEnd(r *task.Result) {
	if had := w.now.Sub(w.stopping); r.Reason == api.ReasonQuiesceTimeout && (w.stopping.IsZero() || had <= quiesceTimeout) {
		w.failf("given up after %s, want more than %s: %s", had, quiesceTimeout, r.Message)
	}
}

func (w *world) checkSwitched() {
	if w.pods() > 0 && !w.meddled || w.srcLock || w.dstLock || w.mark != self || !w.whole() && !w.meddled {
		w.failf("switched, but: %d source Pods, locks %v %v, mark %q, data %d of %d", w.pods(), w.srcLock, w.dstLock, w.mark, w.dstData, w.srcData)
	}
	if w.contents == api.ContentsData != (len(w.objects) == 0) {
		w.failf("switched %s, with %d objects at the target", w.contents, len(w.objects))
	}
	if w.custom && (w.made == nil || !w.made.ready) {
		w.failf("switched, but the controller has made %+v", w.made)
	}
	if w.contents != api.ContentsData && w.objects[doorRef.String()] == nil {
		w.failf("switched, but the door is closed")
	}
}

func (w *world) checkRolledBack() {
	if len(w.objects) > 0 || w.mark != "" || w.srcLock || w.dstLock || w.srcRecord != nil || w.dstRecord != nil || w.leftovers {
		w.failf("rolled back, but something is left: %+v", w)
	}
	for i, x := range w.workloads {
		if x.ledger != nil || x.replicas == 0 {
			w.failf("rolled back, but %s has %d replicas", w.ref(i), x.replicas)
		}
	}
}
