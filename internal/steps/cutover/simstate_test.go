package cutover

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/workload"
	"github.com/kubemove/kubemove/task"
)

var errUnreachable = errors.New("no answer")

// world is a model of two clusters, as far as a cutover reads and changes them. Data is the
// number of writes that the application was acknowledged.
type world struct {
	t     *testing.T
	rand  *rand.Rand
	clock time.Time
	log   []string

	// The process that runs: its number, when it began and how often it has looked.
	processes int
	id        string
	began     time.Time
	actions   int
	crashes   int
	zombie    *pending
	// rollingBack are the processes of roll backs.
	rollingBack map[string]bool
	status      task.Status

	srcLock, dstLock     bool
	srcRecord, dstRecord *Record
	pinnedSecret         bool

	workloads []simWorkload
	srcData   int
	// srcState is what the application has last written into an object, and reading what was read of it.
	srcState, reading int

	claim      *simClaim // at the target
	objects    map[string]*simObject
	uids       int
	leftovers  bool      // worker Pods exist
	mounted    types.UID // the claim that the workers write
	waiting    bool      // this process's workers are connected
	live       bool      // they can copy again and again, and do so before the stop
	deltas     []time.Duration
	deltaEnded time.Time

	// back: it is a way back. The target holds the claim and the workloads of the plan, stopped by an earlier switch; the claim
	// of the source is still active for that one while leaving.
	back, leaving bool
	// reapply: it changes what was left, and an object beside. planLost: its plan was deleted, and with it what was before.
	reapply, planLost bool

	// custom: the first workload is a controller, which makes the second of a custom resource.
	custom bool
	made   *simObject // what it has made at the target

	contents api.Contents // which part of the application moves

	trouble  int  // how often other clients still do something
	lostOne  bool // a record was deleted
	stubborn bool // one scales the target up again and again
	outage   int  // how many requests still get no answer
	meddled  bool // the source was touched after the target was started

	copyTime time.Duration // that a final run takes
	stopping time.Time     // when the newest part of the source was about to be stopped since the last run
	down     bool          // the downtime has begun
}

// pending is an action of a process that counts as dead: it carries it out later.
type pending struct {
	action   Action
	observed *Observed
	process  string
}

// simWorkload is a Deployment, or a CronJob with the Pods of its Jobs: with one replica while it is
// not suspended. What is stuck never ends. Ours: its stop is this switch's.
type simWorkload struct {
	replicas, generation, pods int
	ledger                     *int
	cron, stuck, missing, ours bool
}

// simClaim is a claim of the target.
type simClaim struct {
	uid                  types.UID
	foreign, whole, kept bool
	data                 int
	mark                 string
}

const (
	wantReplicas   = 2
	quiesceTimeout = 5 * time.Minute
	noData         = -1
)

func newWorld(t *testing.T, seed uint64) *world {
	r := rand.New(rand.NewPCG(seed, 7))
	w := &world{t: t, rand: r, clock: time.Unix(1_800_000_000, 0), objects: map[string]*simObject{}, rollingBack: map[string]bool{}}
	w.srcData = r.IntN(5)
	w.live = r.IntN(2) == 0
	w.contents = []api.Contents{api.ContentsAll, api.ContentsAll, api.ContentsData, api.ContentsObjects}[r.IntN(4)]
	// Without a workload: claims that move alone.
	for range r.IntN(4) {
		w.workloads = append(w.workloads, simWorkload{replicas: wantReplicas, generation: 1, pods: wantReplicas})
	}
	w.custom = len(w.workloads) > 1 && w.contents != api.ContentsData && r.IntN(2) == 0
	for range r.IntN(3) {
		w.workloads = append(w.workloads, simWorkload{cron: true, replicas: 1, generation: 1, pods: r.IntN(3), stuck: r.IntN(8) == 0})
	}
	if r.IntN(2) == 0 {
		w.trouble = 1 + r.IntN(4)
	}
	w.stubborn = r.IntN(30) == 0
	if r.IntN(2) == 0 {
		w.copyTime = 2 * quiesceTimeout
	}
	w.crashes = r.IntN(7)
	if w.back = w.contents == api.ContentsAll && !w.custom && r.IntN(3) == 0; w.back {
		w.leave()
	}
	return w
}

// leave at the target what an earlier switch has stopped there.
func (w *world) leave() {
	w.leaving, w.reapply = true, w.rand.IntN(2) == 0
	if w.reapply {
		w.objects[configRef.String()] = &simObject{uid: w.uid(), kept: true, ready: true}
	}
	w.claim = &simClaim{uid: w.uid(), kept: true, data: noData}
	for i := range w.workloads {
		x := &simObject{uid: w.uid(), want: wantReplicas, stopped: true, kept: true, ready: true}
		if w.workloads[i].cron {
			x.want = 0
		}
		w.objects[w.ref(i).String()] = x
	}
}

func (w *world) failf(format string, args ...any) {
	w.t.Helper()
	for _, l := range w.log {
		w.t.Log(l)
	}
	w.t.Fatalf(format, args...)
}

func (w *world) uid() types.UID {
	w.uids++
	return types.UID(fmt.Sprint("uid-", w.uids))
}

func (w *world) ref(i int) application.Ref {
	if w.workloads[i].cron {
		return application.Ref{Group: "batch", Kind: "CronJob", Name: fmt.Sprintf("w%d", i)}
	}
	return ref(i)
}

var (
	claimRef   = application.Ref{Kind: "PersistentVolumeClaim", Name: "data"}
	configRef  = application.Ref{Kind: "ConfigMap", Name: "config"}
	widgetRef  = application.Ref{Group: "example.com", Kind: "Widget", Name: "widget"}
	ingressRef = application.Ref{Group: "networking.k8s.io", Kind: "Ingress", Name: "external"}
)

// copies: there is data to copy.
func (w *world) copies() bool { return w.contents != api.ContentsObjects }

// whole: the target has what the source has written, as far as it is to have it.
func (w *world) whole() bool { return !w.copies() || w.claim != nil && w.claim.data == w.srcData }

// creates: objects are created at the target.
func (w *world) creates() bool { return w.contents != api.ContentsData && !w.back }

func (w *world) active() bool { return w.claim != nil && w.claim.mark == self }

func (w *world) pods() (n int) {
	for _, x := range w.workloads {
		n += x.pods
	}
	return n
}

// owned: what the controller makes, at the source and then at the target.
func (w *world) owned(i int) bool { return w.custom && i == 1 }

// started: the target was started.
func (w *world) started() bool { return w.dstRecord != nil && w.dstRecord.StartedAt != nil }

// unreachable: an API server does not answer; now and then for longer than a process has patience.
func (w *world) unreachable() bool {
	if w.outage == 0 && w.rand.IntN(60) == 0 {
		w.outage = []int{1, 1, 2, 5, 400}[w.rand.IntN(5)]
	}
	if w.outage > 0 {
		w.outage--
		return true
	}
	return false
}

// pass lets the world go on by itself for a moment.
func (w *world) pass() {
	w.clock = w.clock.Add(time.Duration(1+w.rand.IntN(20)) * time.Second)
	if w.trouble > 0 && w.rand.IntN(12) == 0 && (w.srcRecord != nil || w.dstRecord != nil) {
		w.trouble--
		w.others()
	}
	if z := w.zombie; z != nil && w.rand.IntN(4) == 0 {
		w.zombie = nil
		if err := w.fenced(z.action, z.process); err == nil {
			w.note("process %s, which counts as dead: %s", z.process, z.action.Kind)
			_ = w.do(z.action, z.observed, false)
		}
	}
	for i := range w.workloads {
		x := &w.workloads[i]
		if x.pods > 0 {
			w.srcData += w.rand.IntN(3)
			w.srcState += w.rand.IntN(3)
		}
		x.pass(w.rand)
	}
	if x := w.workloads; w.custom && x[0].pods > 0 && x[1].replicas == 0 && w.rand.IntN(3) == 0 {
		x[1].replicas, x[1].ours = wantReplicas, false
		x[1].generation++
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

// read is a complete observation.
func (w *world) read(rollback bool) *Observed {
	o := &Observed{Now: w.clock, Began: w.began, Us: us, Process: w.id, SourceLock: LockFree, TargetLock: LockFree,
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
	o.TargetLost, o.PlanLost = o.HasRecord && w.dstRecord == nil, !w.pinnedSecret
	o.Pinned = w.srcRecord != nil && w.dstRecord != nil && w.pinnedSecret
	o.Record = mergeRecords(w.srcRecord, w.dstRecord)
	o.CommittedBoth = w.srcRecord != nil && w.srcRecord.CommittedAt != nil && w.dstRecord != nil && w.dstRecord.CommittedAt != nil
	w.readSource(o)
	if !o.Pinned && !rollback {
		return o
	}
	if !rollback {
		again := o.Record.Reading
		o.ToRead = w.creates() && o.Record.CommittedAt == nil && (again == nil || again.Epoch != o.Record.Epoch)
		w.observeTarget(o)
		return o
	}
	// The target goes on while it is read, but no Pod is so short that it begins and ends meanwhile.
	begin := w.rand.IntN(2) == 0
	w.observePods(o)
	w.passTarget(begin, !begin)
	w.observeTarget(o)
	w.passTarget(begin, !begin)
	w.observePods(o)
	return o
}

func (w *world) readSource(o *Observed) {
	for i, x := range w.workloads {
		known := w.pinnedSecret || o.HasRecord || x.ledger != nil
		if !known {
			continue
		}
		n, suspended := int32(x.replicas), x.replicas == 0
		r := Workload{Workload: application.Workload{Ref: w.ref(i), Replicas: wantReplicas}, Stopped: x.replicas == 0,
			UID: types.UID(fmt.Sprint(i)), Identity: fmt.Sprint(x.generation)}
		if w.owned(i) {
			r.MadeBy = &widgetRef
		}
		r.Current = lineage.Ledger{Switch: self, Values: workload.Values{Replicas: &n}}
		if x.cron {
			r.Current = lineage.Ledger{Switch: self, Values: workload.Values{Suspend: &suspended}}
		}
		if x.ledger != nil {
			was, off := int32(*x.ledger), *x.ledger == 0
			r.Ledger, r.Written = true, &lineage.Ledger{Switch: self, Values: workload.Values{Replicas: &was}}
			if x.cron {
				r.Written = &lineage.Ledger{Switch: self, Values: workload.Values{Suspend: &off}}
			}
		}
		if x.missing {
			r = Workload{Workload: r.Workload, Missing: true, Stopped: true, Identity: "missing"}
		}
		o.Workloads = append(o.Workloads, r)
		if x.cron && x.pods > 0 {
			o.SourceJobs = append(o.SourceJobs, w.ref(i).String())
		}
	}
	if n := w.pods(); n > 0 {
		o.SourcePods = []string{fmt.Sprint(n, " Pods")}
	}
}
