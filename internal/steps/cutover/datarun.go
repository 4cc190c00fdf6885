package cutover

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

// openWorkers brings up the workers of the next final run. That of an earlier process is never gone
// on with: nobody has watched who used the source meanwhile.
func (s *switcher) openWorkers(ctx context.Context, o *Observed) error {
	channel, err := s.deps.Channel(ctx, s.home, s.task.Move.Pair.Name)
	if err != nil {
		return err
	}
	s.epoch = o.Record.Epoch + 1
	for _, v := range s.copied() {
		s.syncs.add(v.Mobilizer, v.Name)
	}
	spec := transfer.NewSpec(s.task, s.source, s.target)
	spec.Run = task.Run{ID: s.runID(), Trigger: api.TriggerFinal, Exact: true, Verification: string(s.task.Move.Data.Verification)}
	spec.LockHolder, spec.Volumes, spec.Channel, spec.Report = s.self(), s.copied(), *channel, s.progressed
	s.session, err = transfer.Open(ctx, spec)
	if err != nil {
		s.session = nil
		return runError(err)
	}
	return nil
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
	pass, err := s.session.Begin(ctx)
	if err != nil {
		return err
	}
	result, err := pass.Wait(ctx)
	if err != nil {
		return err
	}
	final.Bytes, final.Files, final.Warnings = result.Bytes, result.Files, result.Warnings
	return nil
}

// lost ends the cutover with what a run has failed of. Workers that do not go away, of which the
// failure may be a sign, keep nobody from bringing the source back.
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
		return s.removeWorkers(ctx)
	}
	return session.Close(ctx)
}

// removeWorkers deletes what runs of the pair have left on both sides.
func (s *switcher) removeWorkers(ctx context.Context) error {
	for _, c := range []*cluster.Cluster{s.source, s.target} {
		if err := transfer.Cleanup(ctx, c, s.task.Move.Pair.UID, transfer.CleanupOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// dismissWorkers asks for the end of what runs of the pair have left, and waits for nothing: nodes
// and clusters may be down.
func (s *switcher) dismissWorkers(ctx context.Context) {
	for _, c := range []*cluster.Cluster{s.source, s.target} {
		if err := transfer.Dismiss(ctx, c, s.task.Move.Pair.UID); err != nil {
			slog.Warn("cannot ask for the end of the workers", "side", c.Side, "error", err.Error())
		}
	}
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
	s.syncs.show(p, s.runID())
}

// runError ends the task with a run's error. The run has had its own tries, and the
// application is down: the source comes back first, then somebody looks at the reason.
func runError(err error) error {
	e := transfer.AsError(err)
	if e.Reason == transfer.ReasonInterrupted {
		return err
	}
	r := *e.Result()
	r.Outcome, r.Retry = task.OutcomeFailed, task.RetryLater
	return &ending{r}
}
