package cutover

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

// openWorkers brings up the workers of the next final run. That of an earlier process is never gone
// on with: the use of the source was not watched meanwhile.
func (s *switcher) openWorkers(ctx context.Context, o *Observed) error {
	s.epoch = o.Record.Epoch + 1
	for _, v := range s.copied() {
		s.syncs.add(v.Mobilizer, v.Name)
	}
	s.session, s.deltas, s.showing = nil, nil, s.runID()
	opened, err := s.mover.Open(ctx, s.finalRun(), s.self(), s.copied(), o.claimUIDs(), s.progressed)
	if err != nil {
		return err
	}
	s.session = opened
	return nil
}

// finalRun is the exact one, after the stop.
func (s *switcher) finalRun() task.Run {
	return task.Run{ID: s.runID(), Trigger: api.TriggerFinal, Exact: true, Verification: string(s.task.Move.Data.Verification)}
}

// delta copies once more while the application runs. It is a pass of the session of the final run.
func (s *switcher) delta(ctx context.Context, o *Observed) error {
	begun := time.Now()
	s.showing = fmt.Sprintf("delta-%s-%d-%d", s.self(), s.epoch, len(o.Deltas)+1)
	defer func() { s.showing = s.runID() }()
	_, err := s.pass(ctx, task.Run{ID: s.showing, Trigger: api.TriggerFinal})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return s.lost(ctx, err)
	}
	s.deltas, s.deltaEnded = append(s.deltas, time.Since(begun)), time.Now()
	slog.Info("copied once more before the stop", "run", s.showing, "took", time.Since(begun).Round(time.Millisecond).String())
	return nil
}

// pass of the session, to its end.
func (s *switcher) pass(ctx context.Context, run task.Run) (transfer.Result, error) {
	begun, err := s.session.Begin(ctx, run)
	if err != nil {
		return transfer.Result{}, err
	}
	return begun.Wait(ctx)
}

// runID identifies the final run by the switch and the epoch.
func (s *switcher) runID() string { return fmt.Sprintf("final-%s-%d", s.self(), s.epoch) }

// finalSync begins the epoch, copies, and records the run if nothing has touched the source
// since it began.
func (s *switcher) finalSync(ctx context.Context, o *Observed) error {
	fence := o.fence()
	if s.session != nil && s.epoch == o.Record.Epoch && !o.Record.Fence.Holds(fence) {
		return s.closeWorkers(ctx)
	}
	final := &FinalRun{Fence: fence, StartedAt: time.Now().UTC()}
	err := s.update(ctx, s.target, false, func(r *Record) {
		if s.session == nil { // Nothing to copy: the epoch is that of the fence alone.
			s.epoch = r.Epoch + 1
		}
		r.Epoch, r.Fence = s.epoch, fence
		r.Former = o.remember(r, func(Workload) bool { return false })
		final.ID, final.Epoch = s.runID(), s.epoch
	})
	if err != nil {
		return err
	}
	var failure error
	if s.session != nil {
		failure = s.copy(ctx, final)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	after := &Observed{Us: s.us, Record: o.Record, HasRecord: true}
	if err := s.observeSource(ctx, after); err != nil {
		return err
	}
	if !after.sourceStopped() || !fence.Holds(after.fence()) {
		// The source was touched, which may be why the run failed: it is void in any case, and
		// the next epoch begins with stopping the source again.
		return s.closeWorkers(ctx)
	}
	if failure != nil {
		return s.lost(ctx, failure)
	}
	if err := s.observeTarget(ctx, after, false); err != nil {
		return err
	}
	if !maps.Equal(after.claimUIDs(), o.claimUIDs()) {
		return s.closeWorkers(ctx) // A claim was made anew meanwhile, which the next reading tells.
	}
	final.Claims = after.claimUIDs()
	final.FinishedAt = time.Now().UTC()
	return s.update(ctx, s.target, false, func(r *Record) { r.Final = final })
}

func (s *switcher) copy(ctx context.Context, final *FinalRun) error {
	result, err := s.pass(ctx, s.finalRun())
	if err != nil {
		return err
	}
	final.Bytes, final.Files, final.Warnings = result.Bytes, result.Files, result.Warnings
	final.CopySeconds = result.CopySeconds()
	return nil
}

// lost ends the cutover with what a run has failed of. Workers that do not go away, of which the
// failure may be a sign, not keep the source from being brought the source back.
func (s *switcher) lost(ctx context.Context, err error) error {
	if cerr := s.closeWorkers(ctx); cerr != nil {
		slog.Warn("the workers of the failed run are not all removed", "error", cerr.Error())
	}
	return runError(err)
}

// closeLimit for the workers to go away: theirs is a minute at most, unless their node is down.
const closeLimit = 2 * time.Minute

// closeWorkers removes the workers; also those of a process that was killed. A run that could not
// be closed is over as well.
func (s *switcher) closeWorkers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closeLimit)
	defer cancel()
	session := s.session
	s.session = nil
	if session == nil {
		return s.mover.Remove(ctx)
	}
	return session.Close(ctx)
}

// progressed shows the run's progress in the task's status and on the DataSyncs.
func (s *switcher) progressed(p transfer.Progress) {
	s.out.Update(func(st *task.Status) {
		st.Volumes, st.BytesPerSecond, st.ETASeconds, st.Warnings = p.Volumes, p.BytesPerSecond, p.ETASeconds, p.Warnings
		st.Stalled = p.Stalled
		if p.Message != "" {
			st.Message = p.Message
		}
	})
	s.syncs.show(p, s.showing)
}

// runError ends the task with a run's error. The run has had its own tries, and the
// application is down: the source comes back first, then a person looks at the reason.
func runError(err error) error {
	e := transfer.AsError(err)
	if e.Reason == transfer.ReasonInterrupted {
		return err
	}
	r := *e.Result()
	r.Outcome, r.Retry = task.OutcomeFailed, task.RetryLater
	return &ending{r}
}
