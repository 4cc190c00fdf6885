package cutover

import (
	"fmt"
	"slices"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/task"
)

// NextRollback decides the next action of a roll back: the mirror order of a cutover. The
// source comes back only after the target was seen at zero.
func NextRollback(o Observed) Action {
	if o.Record.CommittedAt != nil {
		return declined(api.ReasonAlreadyDone, "the switch is committed: the application runs at the target, and "+
			"going back needs its data, too. Leave desired at Switched")
	}
	if len(o.Others) > 0 {
		return o.goneOrTold("RollBack", "the cutover's Pods", o.Others)
	}
	if o.SourceLock != LockMine && o.TargetLock != LockMine && !o.HasRecord && !o.holdsWorkloads() {
		return succeeded("nothing is left of the switch: the application is at the source")
	}
	if locked := o.SourceLock == LockMine && (o.TargetLock == LockMine || o.TargetGone); (o.HasRecord || o.holdsWorkloads()) && !locked {
		if o.Holder != "" {
			return failed(api.ReasonLocked, "another switch holds the lock: "+o.Holder)
		}
		return do(Lock)
	}
	if o.HasRecord && o.Record.RollbackAt == nil {
		return do(RecordRollback)
	}
	if a, more := undoTarget(o); more {
		return a
	}
	if stopped := o.toRestore(); len(stopped) > 0 {
		return do(Restore, "restore "+names(stopped))
	}
	if o.toPutBack() {
		return do(PutBack)
	}
	// Only now: those on a node that is down do not go away, and do not write at the source.
	if o.Leftovers {
		return do(RemoveWorkers)
	}
	if lost := o.notRestored(); len(lost) > 0 {
		return failed(api.ReasonNotRestored,
			"the rest of the source is back, but not all of it: "+list(lost)+"; then the roll back ends by itself")
	}
	if o.HasRecord {
		return do(Forget)
	}
	return do(Unlock)
}

// rollbackPatience with what has to be gone, after which the roll back is tried again: so a person is
// told while the application is down.
const rollbackPatience = 2 * time.Minute

// goneOrTold waits for Pods to be gone, as nothing else may be done before.
func (o *Observed) goneOrTold(stepName, what string, pods []string) Action {
	if o.Now.Sub(o.Began) <= rollbackPatience {
		return wait(stepName, fmt.Sprintf("waiting for %s to be gone: %s", what, list(pods)))
	}
	return ended(task.Failed(api.ReasonQuiesceTimeout, fmt.Sprintf("%s: still there: %s. "+
		"Until they are gone the source stays as it is, or both sides would run: "+
		"look at their nodes, bring one that is down back, or remove it from the cluster when it is off for good. "+
		"What another client has made there it has to stop itself, or you do",
		what, list(pods)), task.RetrySoon))
}

// undoTarget stops the target, sees it gone, removes the marks and deletes what the switch
// has created there.
func undoTarget(o Observed) (Action, bool) {
	runs := func(b Object) bool { return b.Workload && (b.deletable() && !b.Stopped || b.stopsAgain()) }
	if slices.ContainsFunc(o.Objects, runs) || slices.ContainsFunc(o.Made, runs) {
		return do(StopTarget), true
	}
	if len(o.TargetPods) > 0 {
		return o.goneOrTold("RollBack", "what runs at the target", o.TargetPods), true
	}
	if slices.ContainsFunc(o.Objects, func(b Object) bool { return b.deletable() }) {
		return do(DeleteObjects), true
	}
	if o.marked() {
		return do(Unmark), true
	}
	return Action{}, false
}

// deletable: made by this switch, and neither a claim nor cluster-wide, nor left by an earlier switch. Claims stay: they hold a
// copy that makes the next try shorter. What is cluster-wide stays, too: other applications may
// use it by then (with a definition all objects of its kind would go), and a right to delete it
// would be one on the objects of all moves.
func (b *Object) deletable() bool {
	return b.Exists && b.Mine && !b.Kept && b.Phase != application.PhaseVolume && !b.Cluster
}
