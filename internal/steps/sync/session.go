package sync

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/report"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

const (
	// idle between two looks while nothing is copied: a Pod of the application may wait for its claim.
	idle = 3 * time.Second
	// unseenLimit is how long home may be unreadable until the session ends.
	unseenLimit = 5 * time.Minute
)

// keeper keeps a session open from pass to pass.
type keeper struct {
	home *cluster.Cluster
	task *task.Task
	out  *report.Reporter

	session *transfer.Session
	id      string
	number  int

	spec      api.DataSyncSpec
	opened    time.Time
	lastBegan time.Time
	answered  string
	sawAt     time.Time
}

// keepOpen makes passes in one session until there is a reason to end it.
func keepOpen(ctx context.Context, c *steps.Clusters, t *task.Task, s transfer.Spec, r *report.Reporter) task.Result {
	k := &keeper{home: c.Home, task: t, out: r, id: t.Run.ID + "-" + rand.String(5), opened: time.Now(), sawAt: time.Now()}
	d, err := k.dataSync(ctx)
	switch {
	case err != nil:
		return steps.Failure(err)
	case d == nil || !sameVolumes(d.Spec, t.Volumes):
		return task.Declined(api.ReasonPlanChanged, "the DataSync has changed since the session was asked for: the next one follows it")
	}
	k.spec = d.Spec
	s.Session = k.id
	r.Step("Workers", "bringing up the workers")
	if k.session, err = transfer.Open(ctx, s); err != nil {
		return failure(err)
	}
	result := k.passes(ctx, s.Run)
	if ctx.Err() != nil {
		// The next process has a session of its own, which removes the workers of this one.
		result = failure(ctx.Err())
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	if err := k.session.Close(closing); err != nil {
		r.Warn(fmt.Sprintf("the workers are not all removed, the next run or the clean-up does it: %v", err))
	}
	return result
}

func (k *keeper) passes(ctx context.Context, run task.Run) task.Result {
	for {
		observed, err := k.observe(ctx)
		if err != nil {
			return failure(err)
		}
		switch do := next(observed); {
		case do.end != "" && k.lastBegan.IsZero():
			return task.Declined(api.ReasonPlanChanged, "no pass was made: "+do.end)
		case do.end != "":
			return task.Succeeded(fmt.Sprintf("the session ends after %d passes: %s", k.number, do.end))
		case do.trigger != "":
			if err := k.pass(ctx, run, do); err != nil {
				return failure(err)
			}
			k.out.Step("Idle", "waits for the next pass")
		}
		select {
		case <-ctx.Done():
			return failure(ctx.Err())
		case <-time.After(k.pause()):
		}
	}
}

// pause until the next look, or the next pass.
func (k *keeper) pause() time.Duration {
	return max(0, min(idle, time.Until(k.lastBegan.Add(interval(k.spec)))))
}

// observe reads what the next step depends on.
func (k *keeper) observe(ctx context.Context) (reading, error) {
	r := reading{opened: k.opened, lastBegan: k.lastBegan, spec: k.spec, answered: k.answered}
	err := k.session.Look(ctx)
	var verdict *transfer.Error
	switch {
	case errors.As(err, &verdict) && verdict.Outcome == task.OutcomeDeclined && !k.lastBegan.IsZero():
		r.lost = verdict.Message
	case err != nil:
		return r, err
	}
	r.dataSync, err = k.dataSync(ctx)
	switch {
	case err == nil:
		k.sawAt = time.Now()
	case time.Since(k.sawAt) > unseenLimit || ctx.Err() != nil:
		return r, err
	default:
		// What is not seen is taken for what it was, but no pass begins by it.
		slog.Warn("cannot read the DataSync; trying again", "error", err.Error())
		r.dataSync, r.lastBegan = &api.DataSync{Spec: k.spec}, time.Now()
		r.dataSync.Spec.Request = ""
	}
	r.now = time.Now()
	return r, nil
}

// dataSync as it is now; nil: it is gone, going, or another one.
func (k *keeper) dataSync(ctx context.Context) (*api.DataSync, error) {
	want := k.task.Session.DataSync
	d, err := steps.Own[api.DataSync](ctx, k.home, "DataSync", want.Name)
	if d == nil || err != nil || string(d.UID) != want.UID || d.DeletionTimestamp != nil {
		return nil, err
	}
	return d, nil
}

// limit the next passes as the pair says now. What it said before holds until it can be read again.
func (k *keeper) limit(ctx context.Context) {
	p, err := steps.Own[api.MovePair](ctx, k.home, "MovePair", k.task.Move.Pair.Name)
	switch {
	case err != nil:
		slog.Warn("cannot read the limits of the MovePair; those that are known hold", "error", err.Error())
	case p != nil:
		k.session.Limit(transfer.LimitsOf(p.Spec.Data.Limits))
	}
}

// pass makes one, and reports it by its id.
func (k *keeper) pass(ctx context.Context, run task.Run, do step) error {
	k.limit(ctx)
	k.number++
	run.ID, run.Trigger = fmt.Sprintf("%s-%d", k.id, k.number), do.trigger
	k.lastBegan = time.Now()
	shown := api.SyncRun{ID: run.ID, Trigger: do.trigger, Request: do.request, StartedAt: seconds(k.lastBegan)}
	k.out.Update(func(st *task.Status) { st.Pass, st.Warnings, st.Step = &shown, nil, "Copy" })
	result, err := copyAll(ctx, k.session, run)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	ended := finished(shown, result, err)
	slog.Info("pass ended", "run", run.ID, "outcome", ended.Outcome, "milliseconds", time.Since(k.lastBegan).Milliseconds())
	k.out.Update(func(st *task.Status) {
		st.Pass, st.Passes = nil, remember(st.Passes, ended)
		st.BytesPerSecond, st.ETASeconds, st.Message = 0, 0, ""
		if err == nil {
			st.Volumes, st.CopySeconds = result.Volumes, ended.CopySeconds
		}
	})
	if err == nil && do.request != "" {
		k.answered = do.request
	}
	return err
}

// finished is the pass as it has ended.
func finished(run api.SyncRun, result transfer.Result, err error) api.SyncRun {
	now := time.Now()
	run.FinishedAt = seconds(now)
	run.Seconds = int64(run.FinishedAt.Sub(run.StartedAt.Time) / time.Second)
	run.Outcome = string(task.OutcomeSucceeded)
	if err != nil {
		r := failure(err)
		run.Outcome, run.Message = string(r.Outcome), r.Message
		return run
	}
	run.CopySeconds, run.Warnings = result.CopySeconds(), result.Warnings
	run.Bytes, run.Files = result.Bytes, result.Files
	return run
}

func seconds(t time.Time) *metav1.Time {
	out := metav1.NewTime(t.UTC().Truncate(time.Second))
	return &out
}

// sameVolumes: the spec names those of the task.
func sameVolumes(spec api.DataSyncSpec, volumes []task.Volume) bool {
	return slices.EqualFunc(spec.Volumes, volumes, func(a api.SyncVolume, b task.Volume) bool {
		return a.Name == b.Name && a.Target == b.Target
	})
}
