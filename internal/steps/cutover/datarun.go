package cutover

import (
	"context"
	"fmt"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

// openWorkers brings up the workers of the final run. A run that an earlier process began is
// gone on with when nothing has touched the source since; else the next epoch begins.
func (s *switcher) openWorkers(ctx context.Context, o *Observed) error {
	channel, err := s.deps.Channel(ctx, s.home, s.task.Move.Pair.Name)
	if err != nil {
		return err
	}
	s.epoch = o.Record.Epoch + 1
	if o.resumable() {
		s.epoch = o.Record.Epoch
	}
	for _, v := range s.copied() {
		s.syncs.add(v.Mobilizer, v.Name)
	}
	spec := transfer.NewSpec(s.task, s.source, s.target)
	spec.Run = task.Run{ID: s.runID(), Trigger: api.TriggerFinal, Exact: true, Verification: string(s.task.Move.Data.Verification)}
	spec.LockHolder, spec.Volumes, spec.Channel, spec.Report = s.self, s.copied(), *channel, s.progressed
	s.run, err = transfer.Open(ctx, spec)
	if err != nil {
		s.run = nil
		return runError(err)
	}
	return nil
}

// runID identifies the final run by the switch and the epoch.
func (s *switcher) runID() string { return fmt.Sprintf("final-%s-%d", s.self, s.epoch) }

// finalSync begins the epoch, copies, and records the run if nothing has touched the source
// since it began.
func (s *switcher) finalSync(ctx context.Context, o *Observed) error {
	fence := o.fence()
	if s.epoch == o.Record.Epoch && !o.Record.Fence.Equal(fence) {
		return s.closeWorkers(ctx)
	}
	final := &FinalRun{ID: s.runID(), Fence: fence, StartedAt: time.Now().UTC()}
	err := s.update(ctx, s.target, false, func(r *Record) {
		if s.run == nil { // Nothing to copy: the epoch is that of the fence alone.
			s.epoch = r.Epoch + 1
		}
		r.Epoch, r.Fence, final.Epoch = s.epoch, fence, s.epoch
	})
	if err != nil {
		return err
	}
	var failure error
	if s.run != nil {
		failure = s.copy(ctx, final)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	after := &Observed{Self: s.self, Record: o.Record}
	if err := s.observeSource(ctx, after); err != nil {
		return err
	}
	if !after.sourceStopped() || !after.fence().Equal(fence) {
		// Somebody touched the source, which may be why the run failed: it is void in any
		// case, and the next epoch begins with stopping the source again.
		return s.closeWorkers(ctx)
	}
	if failure != nil {
		return s.lost(ctx, failure)
	}
	final.FinishedAt = time.Now().UTC()
	return s.update(ctx, s.target, false, func(r *Record) { r.Final = final })
}

func (s *switcher) copy(ctx context.Context, final *FinalRun) error {
	if err := s.run.Go(ctx); err != nil {
		return err
	}
	result, err := s.run.Wait(ctx)
	if err != nil {
		return err
	}
	final.Bytes, final.Files = result.Bytes, result.Files
	return nil
}

// lost removes the workers of a run that failed.
func (s *switcher) lost(ctx context.Context, err error) error {
	if cerr := s.closeWorkers(ctx); cerr != nil {
		return cerr
	}
	return runError(err)
}

// closeWorkers removes the workers; also those of a process that was killed.
func (s *switcher) closeWorkers(ctx context.Context) error {
	if s.run == nil {
		return s.removeWorkers(ctx)
	}
	if err := s.run.Close(ctx); err != nil {
		return err
	}
	s.run = nil
	return nil
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

// progressed shows the run's progress in the task's status and on the DataSyncs.
func (s *switcher) progressed(p transfer.Progress) {
	s.out.Update(func(st *task.Status) {
		st.Volumes, st.BytesPerSecond, st.ETASeconds, st.Warnings = p.Volumes, p.BytesPerSecond, p.ETASeconds, p.Warnings
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

// resumable: the run of the newest epoch has begun and not succeeded, and nothing has touched
// the source since it began.
func (o *Observed) resumable() bool {
	r := o.Record
	return r.Epoch > 0 && (r.Final == nil || r.Final.Epoch != r.Epoch) && o.sourceStopped() && r.Fence.Equal(o.fence())
}
