package cutover

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kubemove/kubemove/internal/application"
)

// LockState is who holds the lock of an endpoint.
type LockState string

// The states of a lock.
const (
	LockFree  LockState = "Free"
	LockMine  LockState = "Mine"
	LockOther LockState = "Other"
)

// Record is what the task writes down in the clusters, beside the locks, before and after it
// acts. Times are written once and never changed; those of an epoch, once in it.
type Record struct {
	// Switch is the UID of the MoveSwitch.
	Switch string `json:"switch"`
	// PlanHash of the pinned plan.
	PlanHash string `json:"planHash"`
	// Changed are the workloads of the source that this switch may have stopped.
	Changed []application.Ref `json:"changed,omitempty"`
	// Created are the objects of the target that this switch may have created.
	Created []application.Ref `json:"created,omitempty"`
	// Runs are those of them that are custom resources whose controllers run Pods.
	Runs []application.Ref `json:"runs,omitempty"`
	// Claims are the application's claims at the target.
	Claims []string `json:"claims,omitempty"`
	// SuspendedAt is when the first CronJob was about to be suspended.
	SuspendedAt *time.Time `json:"suspendedAt,omitempty"`
	// QuiescedAt is when the first workload but these was about to be stopped: the downtime's
	// begin.
	QuiescedAt *time.Time `json:"quiescedAt,omitempty"`
	// Stopping is when the newest stop began: that of a later epoch begins after a whole run.
	Stopping *Stop `json:"stopping,omitempty"`
	// Epoch counts the final runs.
	Epoch int `json:"epoch,omitempty"`
	// Fence is the state of the source when the run of this epoch began.
	Fence Fence `json:"fence,omitempty"`
	// Final is the newest final run that has succeeded.
	Final *FinalRun `json:"final,omitempty"`
	// StartedAt is when the target was about to be started.
	StartedAt *time.Time `json:"startedAt,omitempty"`
	// CommittedAt is the point of no return.
	CommittedAt *time.Time `json:"committedAt,omitempty"`
	// OpenedAt is when the target was open.
	OpenedAt *time.Time `json:"openedAt,omitempty"`
}

// Stop is when a stop began, and the epoch that was the newest then.
type Stop struct {
	Epoch int       `json:"epoch"`
	At    time.Time `json:"at"`
}

// Fence identifies the stopped state of each workload: UID and generation by reference. It
// differs after anybody touched a workload, even when it was stopped again.
type Fence map[string]string

// Equal compares two fences.
func (f Fence) Equal(g Fence) bool {
	if len(f) != len(g) {
		return false
	}
	for k, v := range f {
		if w, ok := g[k]; !ok || w != v {
			return false
		}
	}
	return true
}

// FinalRun is a final run that succeeded and was verified.
type FinalRun struct {
	ID         string    `json:"id"`
	Epoch      int       `json:"epoch"`
	Fence      Fence     `json:"fence"`
	StartedAt  time.Time `json:"startedAt"`
	FinishedAt time.Time `json:"finishedAt"`
	Bytes      int64     `json:"bytes"`
	Files      int64     `json:"files"`
}

// Workload is a workload of the source as it is now.
type Workload struct {
	application.Workload
	// Missing: it is not there (any more).
	Missing bool
	// Identity is its UID and generation.
	Identity string
	// Stopped: it asks for no Pods.
	Stopped bool
	// Ledger: it carries this switch's ledger.
	Ledger bool
	// Holder is the UID of another switch that holds it.
	Holder string
}

// Claim is a claim of the application at the target.
type Claim struct {
	Name string
	// Exists at the target.
	Exists bool
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
	// Ready: healthy, as far as its kind can be.
	Ready bool
	// Stopped: it asks for no Pods. Settled: what makes its Pods knows that.
	Stopped, Settled bool
	// Open: it has its final form, with its door to the outside.
	Open bool
	// Message says why it is not ready.
	Message string
}

// Observed is everything that a decision is made of. It is read afresh before each one.
type Observed struct {
	// Now is the time of the reading, and Began that at which this process began.
	Now, Began time.Time
	// Self is the UID of the switch.
	Self string
	// SourceLock and TargetLock; Holder names another holder.
	SourceLock, TargetLock LockState
	Holder                 string
	// Pinned: the plan is pinned, and both sides hold a Record of it. HasRecord: at least one
	// side does.
	Pinned, HasRecord bool
	Record            Record
	// CommittedBoth: both sides have the commit on record.
	CommittedBoth bool
	// Workloads of the source.
	Workloads []Workload
	// SourcePods are the application's Pods that are not gone.
	SourcePods []string
	// SourceJobs are those of them that CronJobs have made, and the Jobs themselves.
	SourceJobs []string
	// Volumes to copy: how many.
	Volumes int
	// Workers: this process's workers of the final run are mounted and waiting.
	Workers bool
	// Leftovers: something of a run is on a side, be it this process's or that of one that
	// was killed.
	Leftovers bool
	// Claims and Objects of the target.
	Claims  []Claim
	Objects []Object
	// Made are the workloads that controllers have made at the target of custom resources of
	// the plan.
	Made []Object
	// TargetPods are Pods of the application at the target that are not gone, and what could
	// still make some.
	TargetPods []string
	// Others are Pods of other tasks that cut over for this switch and still run.
	Others []string
	// QuiesceTimeout and HealthTimeout.
	QuiesceTimeout, HealthTimeout time.Duration
}

func (o *Observed) locked() bool {
	return o.SourceLock == LockMine && o.TargetLock == LockMine
}

// fence is the state of the source now.
func (o *Observed) fence() Fence {
	f := Fence{}
	for _, w := range o.Workloads {
		f[w.Ref.String()] = w.Identity
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

func isSuspendedFirst(w Workload) bool { return w.Kind == "CronJob" && w.MadeBy == nil }

// toRestore are those that this switch has stopped.
func (o *Observed) toRestore() []Workload {
	return filter(o.Workloads, func(w Workload) bool { return w.Ledger })
}

func filter(list []Workload, keep func(Workload) bool) []Workload {
	return slices.DeleteFunc(slices.Clone(list), func(w Workload) bool { return !keep(w) })
}

// sourceStopped: every workload asks for nothing and no Pod is left.
func (o *Observed) sourceStopped() bool {
	running := slices.ContainsFunc(o.Workloads, func(w Workload) bool { return !w.Missing && !w.Stopped })
	return !running && len(o.SourcePods) == 0
}

// finalHolds: the newest final run is of this epoch, and nothing has touched the source since
// it began.
func (o *Observed) finalHolds() bool {
	f := o.Record.Final
	return f != nil && f.Epoch == o.Record.Epoch && o.sourceStopped() && f.Fence.Equal(o.fence())
}

// missingClaims of the target.
func (o *Observed) missingClaims() []string {
	var out []string
	for _, c := range o.Claims {
		if !c.Exists {
			out = append(out, "PersistentVolumeClaim/"+c.Name)
		}
	}
	return out
}

func (o *Observed) marked() bool {
	return slices.ContainsFunc(o.Claims, func(c Claim) bool { return c.Mark == o.Self })
}

func (o *Observed) allMarked() bool {
	return !slices.ContainsFunc(o.Claims, func(c Claim) bool { return c.Mark != o.Self })
}
