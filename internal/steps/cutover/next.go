package cutover

import (
	"fmt"
	"slices"
	"strings"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/transfer"
)

// maxEpochs bounds the final runs of one cutover: a source that is touched during each of them
// another client controls. A process that was killed costs one, too.
const maxEpochs = 8

// Next decides the next action of a cutover.
func Next(o Observed) Action {
	switch {
	case len(o.Others) > 0:
		return o.goneOrTold("Lock", "another cutover or roll back of this switch", o.Others)
	case o.Record.CommittedAt != nil:
		return nextOpen(o)
	case o.Record.RollbackAt != nil:
		return failed(api.ReasonRollingBack, "a roll back of this switch has begun: it is brought to its end first")
	case o.Holder != "":
		return declined(api.ReasonLocked, fmt.Sprintf("the application's namespace is locked by %s: "+
			"wait until that switch has ended, or, if it is gone for good, annotate the Lease %q with %s=true",
			o.Holder, api.LockName, api.ForceUnlockAnnotation))
	case o.recordLost() != "":
		return failed(api.ReasonRecordLost, o.recordLost()+" was deleted by another client while the switch was under way: "+
			"the source is brought back as far as it was stopped; then set spec.retry")
	case !o.locked():
		return do(Lock)
	case o.HasRecord && o.Record.Process != o.Process:
		return do(TakeOver)
	case !o.Pinned:
		return do(Pin)
	case o.Record.StartedAt == nil:
		return nextSync(o)
	default:
		return nextStart(o)
	}
}

// nextSync is everything until the target may be started.
func nextSync(o Observed) Action {
	for _, w := range o.Workloads {
		if w.Holder != "" {
			return failed(api.ReasonSourceHeld, fmt.Sprintf("%s is held by another switch (UID %s): "+
				"let that switch end or roll it back first", w.Ref, w.Holder))
		}
	}
	if a, stop := unusable(o); stop {
		return a
	}
	if o.unrecorded() {
		return do(RecordObjects)
	}
	if o.finalHolds() && o.filled() {
		switch why := o.claimsDiffer(false); {
		case why != "":
			return failed(api.ReasonClaimReplaced, why+" at the target, after the copy: find out which client does it, then set spec.retry")
		case len(o.TargetPods) > 0:
			return failed(transfer.ReasonClaimInUse, fmt.Sprintf("a claim of the target is used by what another client runs there, "+
				"after the copy: %s. What it writes is no copy; stop it, then set spec.retry", list(o.TargetPods)))
		case o.Workers || o.Leftovers:
			return do(CloseWorkers)
		case !o.allMarked():
			return do(Mark)
		case o.ToRead:
			return do(ReadAgain)
		default:
			return do(RecordStart)
		}
	}
	switch {
	case o.marked():
		return do(Unmark, "the source was touched: the final run is void")
	case o.Record.Epoch >= maxEpochs:
		return failed(api.ReasonNotFenced,
			fmt.Sprintf("none of %d final runs stood: the source or the copy was changed meanwhile, or the run was interrupted: "+
				"find out which client does it (an operator, GitOps, an autoscaler), pause that, then set spec.retry", maxEpochs))
	case slices.ContainsFunc(o.Objects, func(b Object) bool { return b.Phase == application.PhaseVolume && !b.Exists }):
		return do(CreateClaims)
	case o.Volumes > 0 && !o.Workers:
		return do(OpenWorkers)
	}
	if a, more := nextStop(o); more {
		return a
	}
	return do(FinalSync, fmt.Sprintf("final run, epoch %d", o.Record.Epoch+1))
}

// unusable finds a claim that nothing can be copied from, or to.
func unusable(o Observed) (Action, bool) {
	if foreign := o.foreignClaims(); len(foreign) > 0 {
		return failed(api.ReasonNameConflict,
			fmt.Sprintf("%s at the target was made by another client since the plan: nothing is written to it; "+
				"remove it, or choose another target namespace, then set spec.retry", list(foreign))), true
	}
	if gone := o.sourceClaims(func(c Claim) bool { return !c.Exists }); len(gone) > 0 {
		return failed(api.ReasonClaimMissing,
			fmt.Sprintf("%s was deleted at the source by another client, and with it the data that was to be copied: "+
				"restore it, then set spec.retry", list(gone))), true
	}
	going := o.sourceClaims(func(c Claim) bool { return c.Going })
	if len(going) > 0 && !o.finalHolds() {
		return failed(api.ReasonClaimMissing,
			fmt.Sprintf("%s is being deleted at the source by another client, and goes with its data as soon as no Pod uses it: "+
				"save the data while the application runs, make the claim anew, then set spec.retry", list(going))), true
	}
	if gone := o.gone(application.PhaseVolume); len(gone) > 0 {
		return failed(api.ReasonClaimMissing, fmt.Sprintf("%s was deleted at the target by another client since the plan: "+
			"the way back ends there; set spec.desired to Cancelled", list(gone))), true
	}
	for _, c := range o.Claims {
		if c.Going {
			return failed(api.ReasonClaimReplaced,
				c.goes()+" at the target: find out which client does it, and wait until it is gone, then set spec.retry"), true
		}
	}
	return Action{}, false
}

// nextStart is everything from the start of the target to the commit. The source must not have
// been touched: if it was, the task fails, and the roll back stops the target first.
func nextStart(o Observed) Action {
	if !o.finalHolds() {
		return failed(api.ReasonNotFenced, "the source was started or changed while the target was being started: "+
			"find out who does it (an operator, GitOps, an autoscaler), pause that, then set spec.retry")
	}
	if why := o.claimsDiffer(true); why != "" {
		return failed(api.ReasonClaimReplaced, why+" at the target, before the commit: find out which client does it, then set spec.retry")
	}
	if a, conflict := conflicts(o); conflict {
		return a
	}
	if o.unrecorded() {
		return do(RecordObjects, "record what was created")
	}
	if slices.ContainsFunc(o.Objects, func(b Object) bool { return !b.Exists && b.atStart() && !b.Workload }) {
		return do(CreateObjects)
	}
	if gone := o.gone(application.PhaseStart); len(gone) > 0 {
		return failed(api.ReasonWorkloadNotFound, fmt.Sprintf("%s was deleted at the target by another client, before the commit: "+
			"apply it again, a workload with no replicas, or make a MoveEngine from there to here", list(gone)))
	}
	if o.toReapply() {
		return do(Reapply)
	}
	if slices.ContainsFunc(o.Objects, func(b Object) bool { return b.Workload && (!b.Exists || b.startsAgain()) }) {
		return do(StartWorkloads)
	}
	if unready := o.unready(); len(unready) > 0 {
		if o.Now.Sub(*o.Record.StartedAt) > o.HealthTimeout {
			return failed(api.ReasonHealthTimeout, fmt.Sprintf("not healthy at the target after %s: %s",
				o.HealthTimeout, list(unready)+o.because()))
		}
		return wait("Health", "waiting for "+list(unready)+o.because())
	}
	return do(Commit)
}

// unready names the workloads of the target that are not healthy, each with the reason.
func (o *Observed) unready() []string {
	var out []string
	for _, b := range o.Objects {
		if why := b.unhealthy(); why != "" {
			out = append(out, b.Ref.String()+" ("+why+")")
		}
	}
	return out
}

// nextOpen is everything after the point of no return.
func nextOpen(o Observed) Action {
	if o.Record.OpenedAt != nil {
		switch handOver := o.Record.HandedOverAt == nil && o.Pinned; {
		case handOver && o.Record.Process != o.Process:
			return do(TakeOver)
		case handOver:
			return do(HandOver)
		}
		if o.SourceLock == LockMine || o.TargetLock == LockMine {
			return do(Unlock)
		}
		if runs := o.sourceRuns(); len(runs) > 0 {
			return succeeded(
				"the application runs at the target, and something of it was started at the source again by another client: " + list(runs))
		}
		if !slices.ContainsFunc(o.Objects, func(b Object) bool { return b.Workload }) {
			return succeeded("what was to move is at the target")
		}
		return succeeded("the application runs at the target")
	}
	if !o.TargetLost && o.Record.Process != o.Process {
		return do(TakeOver)
	}
	if !o.CommittedBoth {
		return do(Commit)
	}
	if !o.Pinned {
		return failed(api.ReasonFailed, "the plan of this switch, a Secret at home, is gone: "+
			"the application runs at the target, and which of its external endpoints are closed is not known any more. "+
			"Open them there yourself (Ingresses, Services of type NodePort and LoadBalancer, suspended CronJobs)")
	}
	if runs := o.sourceRuns(); len(runs) > 0 {
		return sourceActive(o, runs)
	}
	if len(o.Left) > 0 {
		return do(Passivate)
	}
	if slices.ContainsFunc(o.Objects, func(b Object) bool { return !b.Open }) {
		return do(Open)
	}
	return do(RecordOpen)
}

// sourceActive keeps the external endpoints of the target closed while the application runs at the
// source as well: another client has started it after the commit, and only a person can tell why.
func sourceActive(o Observed, runs []string) Action {
	message := fmt.Sprintf("the switch is committed, and something of the application was started at the source again by another client: %s. "+
		"What it writes there stays there. Stop it; then the target's external endpoints open", list(runs))
	if o.repeatedFor("Open") <= o.QuiesceTimeout {
		return wait("Open", message)
	}
	return failed(api.ReasonSourceActive, message)
}

// conflicts finds an object of another client in the place of one of the plan's.
func conflicts(o Observed) (Action, bool) {
	for _, b := range o.Objects {
		// A cluster-wide object may come from another move.
		if b.Exists && !b.Mine && b.Phase != application.PhaseVolume && !b.Cluster {
			return failed(api.ReasonNameConflict,
				fmt.Sprintf("%s exists at the target and was not created by this switch, or was replaced since by another client: "+
					"rename or remove it, then set spec.retry", b.Ref)), true
		}
	}
	return Action{}, false
}

// atStart: it is created before the commit. A Service with an external endpoint is, without its external endpoint.
func (b *Object) atStart() bool {
	return b.Phase == application.PhaseStart || b.Phase == application.PhaseOpen && isService(b.Ref)
}

// names of workloads.
func names(workloads []Workload) string {
	var out []string
	for _, w := range workloads {
		out = append(out, w.Ref.String())
	}
	return list(out)
}

// list names at most five things.
func list(names []string) string {
	if len(names) > 5 {
		return strings.Join(names[:5], ", ") + fmt.Sprintf(" and %d more", len(names)-5)
	}
	return strings.Join(names, ", ")
}
