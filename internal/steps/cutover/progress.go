package cutover

import (
	"slices"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// show writes the switch's part of the status. Without a complete observation it stays as an earlier
// process of this task has left it, but for the steps.
func (l *loop) show(change func(*task.Status)) {
	l.out.Update(func(st *task.Status) {
		if l.seen != nil {
			st.Switch = progressOf(l.seen, l.doing, st.Switch)
		}
		if st.Switch != nil {
			st.Switch.Steps = l.steps.list()
		}
		if change != nil {
			change(st)
		}
	})
}

// progressOf an observation, and of an action that was begun since then and may have been carried out
// in part. What was reported before never goes back.
func progressOf(o *Observed, doing Kind, before *task.SwitchProgress) *task.SwitchProgress {
	p := &task.SwitchProgress{PlanHash: o.Record.PlanHash, Active: o.active(doing),
		Touched: o.HasRecord || o.SourceLock == LockMine || o.TargetLock == LockMine || o.holdsWorkloads() || doing.changes()}
	if t := o.Record.CommittedAt; t != nil {
		p.CommittedAt, p.SourceRuns = metaTime(*t), first(o.sourceRuns(), 5)
	}
	if f := o.Record.Final; f != nil && f.ID != "" {
		p.FinalRun = &api.SyncRun{ID: f.ID, Trigger: api.TriggerFinal, StartedAt: metaTime(f.StartedAt),
			FinishedAt: metaTime(f.FinishedAt), Seconds: int64(f.FinishedAt.Sub(f.StartedAt).Round(time.Second) / time.Second),
			CopySeconds: f.CopySeconds, Outcome: string(task.OutcomeSucceeded), Bytes: f.Bytes, Files: f.Files, Warnings: f.Warnings}
	}
	if o.Record.OpenedAt != nil && o.Record.QuiescedAt != nil {
		p.DowntimeSeconds = int64(o.Record.OpenedAt.Sub(*o.Record.QuiescedAt).Round(time.Second) / time.Second)
	}
	if before == nil {
		return p
	}
	p.Touched = p.Touched || before.Touched
	if p.CommittedAt == nil {
		p.CommittedAt = before.CommittedAt
	}
	if p.Active.Before(before.Active) {
		p.Active = before.Active
	}
	return p
}

// active is the side on which the application may run, when an action was begun.
func (o *Observed) active(doing Kind) api.ActiveSide {
	switch {
	case o.Record.CommittedAt != nil:
		return api.ActiveTarget
	case o.Record.QuiescedAt != nil || o.progressLost() || doing == RecordQuiesce || slices.ContainsFunc(o.Workloads, stoppedHere):
		return api.ActiveNone
	}
	return api.ActiveSource
}

// stoppedHere: the workload is down because of this switch, whatever its records say.
func stoppedHere(w Workload) bool { return w.Ledger && w.Stopped && !isSuspendedFirst(w) }

func first(list []string, n int) []string { return list[:min(len(list), n)] }
