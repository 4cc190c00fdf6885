package cutover

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/lineage"
)

// LockState is who holds the lock of an endpoint.
type LockState string

// The states of a lock.
const (
	LockFree  LockState = "Free"
	LockMine  LockState = "Mine"
	LockOther LockState = "Other"
)

// Workload is a workload of the source as it is now.
type Workload struct {
	application.Workload
	// Missing: it is not there (any more).
	Missing bool
	// Identity is its UID and generation.
	Identity string
	// Stopped: it asks for no Pods.
	Stopped bool
	// Ledger: it carries this switch's ledger, whose values are in Written.
	Ledger  bool
	Written *lineage.Ledger
	// UID, Selector of its Pods and Current values, as far as it is there.
	UID      types.UID
	Selector string
	Current  lineage.Ledger
	// Holder is the UID of another switch that holds it.
	Holder string
}

// Claim is a claim of the application, at the source or at the target.
type Claim struct {
	Name string
	// Exists there; Going: it is being deleted, and goes with its data when no Pod uses it any more.
	Exists, Going bool
	UID           types.UID
	// Copied: a final run writes it; Used: it is one of the user's own, which is used as it is.
	Copied, Used bool
	// Whole: the last run has filled it, and nothing has written to it since.
	Whole bool
	// Mark is the UID of the switch that made it active.
	Mark string
}

// Object is an object of the plan as it is at the target.
type Object struct {
	application.Ref
	Phase application.Phase
	// Workload: it runs Pods.
	Workload bool
	// Runs: it is a custom resource, and its controller runs Pods for it.
	Runs bool
	// Cluster: it is cluster-wide.
	Cluster bool
	// UID that it has at the target.
	UID types.UID
	// Exists at the target, and Mine: made by this switch.
	Exists bool
	Mine   bool
	// Kept: an earlier switch of the lineage has left it there, so that it is never created or deleted. Took: this one has
	// started it.
	Kept, Took bool
	// Changes: the plan changes what is in it, and Reapplied: this switch has done so.
	Changes, Reapplied bool
	// Recorded: its UID is in the record.
	Recorded bool
	// Zero: the plan says that it asks for no Pods.
	Zero bool
	// Selector of the Pods that the plan gives it.
	Selector string
	// Ready: healthy, as far as its kind can be.
	Ready bool
	// Stopped: it asks for no Pods. Settled: what makes its Pods knows that.
	Stopped, Settled bool
	// Open: it has its final form, with its external endpoint to the outside.
	Open bool
	// Message says why it is not ready.
	Message string
}

// Observed is everything that a decision is made of. It is read again before each one.
type Observed struct {
	// Now is the time of the reading, and Began that at which this process began.
	Now, Began time.Time
	// Us is the switch, and Process this process.
	Us      lineage.Actor
	Process string
	// SourceLock and TargetLock; Holder names another holder.
	SourceLock, TargetLock LockState
	Holder                 string
	// TargetGone: the namespace of the target is not there, or is being deleted, so that nothing can be
	// created in it, and no lock.
	TargetGone bool
	// Pinned: the plan is pinned, and both sides hold a Record of it. HasRecord: at least one
	// side does. TargetLost: only the source does, while the target's is written first and
	// deleted last. PlanLost: the plan that belongs to a record is not there.
	Pinned, HasRecord    bool
	TargetLost, PlanLost bool
	Record               Record
	// CommittedBoth: both sides have the commit on record.
	CommittedBoth bool
	// ToRead: objects that the application may write are still to be read, in this epoch.
	ToRead bool
	// Workloads of the source.
	Workloads []Workload
	// SourcePods are the application's Pods that are not gone.
	SourcePods []string
	// SourceEnded are Pods that have used a claim whose data is copied, and have ended.
	SourceEnded []types.UID
	// SourceJobs are those of them that CronJobs have made, and the Jobs themselves.
	SourceJobs []string
	// Volumes to copy: how many.
	Volumes int
	// Workers: this process's workers of the final run are mounted and waiting.
	Workers bool
	// Repeats: these workers can copy again and again. Deltas are how long each of the runs before the stop took, the last
	// one last, which ended at DeltaEnded; and MaxFinalSync is how long one may take after which the application is
	// stopped; 0: none is made.
	Repeats      bool
	Deltas       []time.Duration
	DeltaEnded   time.Time
	MaxFinalSync time.Duration
	// Leftovers: something of a run is on a side, be it this process's or that of one that
	// was killed.
	Leftovers bool
	// SourceClaims are those whose data is copied.
	SourceClaims []Claim
	// Left are claims of the source that are still marked as active for an earlier switch of the lineage. They are read after
	// the commit.
	Left []Claim
	// Claims and Objects of the target.
	Claims  []Claim
	Objects []Object
	// Made are the workloads that controllers have made at the target of custom resources of
	// the plan.
	Made []Object
	// TargetPods are Pods at the target that are not gone and belong to the application or mount one
	// of its claims, by any client, and what could still make some. Those of a cutover are read
	// between the copy and the start only.
	TargetPods []string
	// Others are Pods of other tasks that act for this switch and still run.
	Others []string
	// Diagnosis says what keeps the target from being healthy, when that takes long.
	Diagnosis string
	// QuiesceTimeout and HealthTimeout.
	QuiesceTimeout, HealthTimeout time.Duration
	// Repeated is the action that was carried out last, and since when it was the only one.
	Repeated Repeated
}

func (o *Observed) locked() bool {
	return o.SourceLock == LockMine && o.TargetLock == LockMine
}

// Of the runs before the stop: at most so many, and no further one unless the last one was shorter than the one before by
// this part. When Jobs were waited for, and the last one ended so long ago, there is one more, at most as many again.
const (
	maxDeltas  = 5
	deltaGains = 0.2
	deltaAge   = time.Minute
)

// wantsDelta: what the final run has to copy would be less after one more run while the application goes on running.
func (o *Observed) wantsDelta() bool {
	n := len(o.Deltas)
	switch {
	case o.MaxFinalSync <= 0 || !o.Repeats || o.Record.QuiescedAt != nil || len(o.toStop())+len(o.SourcePods) == 0:
		return false
	case n == 0 || n < 2*maxDeltas && o.Now.Sub(o.DeltaEnded) > deltaAge:
		return true
	case n >= maxDeltas || o.Deltas[n-1] <= o.MaxFinalSync:
		return false
	}
	return n == 1 || float64(o.Deltas[n-1]) < (1-deltaGains)*float64(o.Deltas[n-2])
}

// fence is the state of the source now.
func (o *Observed) fence() Fence {
	f := Fence{}
	for _, w := range o.Workloads {
		f[w.Ref.String()] = w.Identity
	}
	for _, c := range o.SourceClaims {
		f[claimRefOf(c.Name).String()] = string(c.UID)
	}
	for _, uid := range o.SourceEnded {
		f[endedPod+string(uid)] = "ended"
	}
	return f
}

// stopBegan is when the stop began that the next epoch needs; nil: it did not.
func (o *Observed) stopBegan() *time.Time {
	if b := o.Record.Stopping; b != nil && b.Epoch == o.Record.Epoch {
		return &b.At
	}
	return nil
}

// toStop are the workloads of the source that ask for Pods, or do not say yet who stopped them, in
// the order of the plan.
func (o *Observed) toStop() []Workload {
	return filter(o.Workloads, func(w Workload) bool { return !w.Missing && (!w.Stopped || !w.Ledger) })
}

// toSuspend are those of them that stop before the others. A CronJob that a controller makes stops
// after its controller, which would resume it.
func (o *Observed) toSuspend() []Workload {
	return filter(o.toStop(), isSuspendedFirst)
}

func isSuspendedFirst(w Workload) bool { return isScheduled(w.Ref) && w.MadeBy == nil }

func filter(list []Workload, keep func(Workload) bool) []Workload {
	return slices.DeleteFunc(slices.Clone(list), func(w Workload) bool { return !keep(w) })
}

// sourceStopped: every workload asks for nothing and no Pod is left.
func (o *Observed) sourceStopped() bool {
	return len(o.sourceRuns()) == 0
}

// finalHolds: the newest final run is of this epoch, and nothing has touched the source since
// it began. The claims of the target are looked at by claimsDiffer.
func (o *Observed) finalHolds() bool {
	f := o.Record.Final
	return f != nil && f.Epoch == o.Record.Epoch && o.sourceStopped() && f.Fence.Holds(o.fence())
}
