package cutover

import (
	"maps"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/lineage"
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
	// Kept are those of them that were there before, as an earlier switch of the lineage has left them.
	Kept []application.Ref `json:"kept,omitempty"`
	// Runs are those of them that are custom resources whose controllers run Pods.
	Runs []application.Ref `json:"runs,omitempty"`
	// Claims are the application's claims at the target.
	Claims []string `json:"claims,omitempty"`
	// Former are the values that a roll back gives the workloads of the source back, as they were
	// before their stop. They are kept beside the ledgers, which other clients can remove.
	Former []Former `json:"former,omitempty"`
	// UIDs of what this switch has created at the target, or found there as the pair's, by
	// reference: an object of the same name with another UID is another client's.
	UIDs map[string]types.UID `json:"uids,omitempty"`
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
	// Reading is what the application has written into objects, read when its Pods were gone.
	Reading *Reading `json:"reading,omitempty"`
	// StartedAt is when the target was about to be started.
	StartedAt *time.Time `json:"startedAt,omitempty"`
	// CommittedAt is the point of no return.
	CommittedAt *time.Time `json:"committedAt,omitempty"`
	// OpenedAt is when the target was open.
	OpenedAt *time.Time `json:"openedAt,omitempty"`
	// HandedOverAt is when KubeMove was no field manager of the target's objects any more.
	HandedOverAt *time.Time `json:"handedOverAt,omitempty"`
	// Process that acts for the switch: one that was replaced and does not know it yet changes
	// nothing any more.
	Process string `json:"process,omitempty"`
	// RollbackAt is when a roll back began: from then on no cutover commits or starts anything.
	RollbackAt *time.Time `json:"rollbackAt,omitempty"`
}

// Reading is a second reading of the objects that the application may write. Another epoch makes it
// void, as the application ran in between.
type Reading struct {
	Epoch int    `json:"epoch"`
	Hash  string `json:"hash"`
}

// Former is a workload of the source as it was before its stop.
type Former struct {
	application.Ref `json:",inline"`
	UID             types.UID `json:"uid,omitempty"`
	// Selector of its Pods, by which they are found when their owner is gone.
	Selector string `json:"selector,omitempty"`
	// Ledger holds the values.
	Ledger lineage.Ledger `json:"ledger"`
}

// Stop is when a stop began, and the epoch that was the newest then.
type Stop struct {
	Epoch int       `json:"epoch"`
	At    time.Time `json:"at"`
}

// Fence identifies the stopped state of the source: UID and generation of each workload and the
// UID of each claim, by reference, and the Pods that have used a claim and have ended. It differs after
// a workload was changed, even when it was stopped again, after a claim was made anew, and after a Pod
// has begun and ended that was not seen running.
type Fence map[string]string

// endedPod begins what a fence says of a Pod.
const endedPod = "Pod of UID "

// Holds says whether the source was not touched between this fence and a later one. That a Pod which
// had ended before is cleaned up touches nothing.
func (f Fence) Holds(later Fence) bool {
	still := maps.Clone(f)
	maps.DeleteFunc(still, func(k, _ string) bool {
		_, there := later[k]
		return strings.HasPrefix(k, endedPod) && !there
	})
	return still.Equal(later)
}

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
	// CopySeconds of them, as SyncRun has it.
	CopySeconds int64 `json:"copySeconds,omitempty"`
	Bytes       int64 `json:"bytes"`
	Files       int64 `json:"files"`
	// Warnings of its workers.
	Warnings []string `json:"warnings,omitempty"`
	// Claims are the UIDs of the target's claims by name: these hold the copy, and no others of
	// the same names.
	Claims map[string]types.UID `json:"claims,omitempty"`
}

// note writes the time of an action: once, or once in an epoch.
func (r *Record) note(k Kind, now time.Time) {
	once := func(at **time.Time) {
		if *at == nil {
			*at = &now
		}
	}
	switch k {
	case RecordSuspend:
		once(&r.SuspendedAt)
	case RecordQuiesce:
		once(&r.QuiescedAt)
		if r.Stopping == nil || r.Stopping.Epoch != r.Epoch {
			r.Stopping = &Stop{Epoch: r.Epoch, At: now}
		}
	case RecordStart:
		once(&r.StartedAt)
	case RecordRollback:
		once(&r.RollbackAt)
	case RecordOpen:
		once(&r.OpenedAt)
	case HandOver:
		once(&r.HandedOverAt)
	}
}

// mergeRecords makes one record out of what the two sides hold. The target's is the main one;
// the source's counts where the target's is missing, and for the commit, which either side
// proves.
func mergeRecords(source, target *Record) Record {
	var out Record
	switch {
	case target != nil:
		out = *target
	case source != nil:
		out = *source
	}
	if source != nil && out.CommittedAt == nil {
		out.CommittedAt = source.CommittedAt
	}
	if source != nil && len(out.Changed) == 0 {
		out.Changed = source.Changed
	}
	if source != nil && out.RollbackAt == nil {
		out.RollbackAt = source.RollbackAt
	}
	return out
}

// begun: something of the application may have been changed since the record was made.
func (r *Record) begun() bool {
	return r.SuspendedAt != nil || r.QuiescedAt != nil || r.StartedAt != nil || r.Epoch > 0
}

// noteUIDs replaces what is recorded of the objects: those that are gone are forgotten.
func (r *Record) noteUIDs(objects []Object) {
	uids := maps.Clone(r.UIDs)
	if uids == nil {
		uids = map[string]types.UID{}
	}
	for _, b := range objects {
		switch {
		case b.Exists && b.Mine:
			uids[b.Ref.String()] = b.UID
		case !b.Exists:
			delete(uids, b.Ref.String())
		}
	}
	r.UIDs = uids
}
