package cutover

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/report"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// Deps are what other steps lend to a cutover.
type Deps struct {
	// Plan captures the application afresh.
	Plan func(ctx context.Context, source, target *cluster.Cluster, t *task.Task, switchUID string) (*application.Plan, error)
	// Summary of a plan for a status.
	Summary func(*application.Plan) *api.PlanStatus
	// Channel reads the secret of the pair's channel.
	Channel func(ctx context.Context, home *cluster.Cluster, pair string) (*transfer.Channel, error)
}

// pause between two readings while the task waits for something.
const pause = time.Second

// patience with errors that pass by themselves: an API server that restarts, a lost
// connection.
const patience = 3 * time.Minute

// switcher carries the actions out.
type switcher struct {
	task   *task.Task
	self   string // UID of the MoveSwitch
	home   *cluster.Cluster
	source *cluster.Cluster
	target *cluster.Cluster
	plan   *application.Plan // pinned; nil until it is
	deps   Deps
	out    *report.Reporter
	run    *transfer.Run // this process's workers; nil: none
	steps  stepLog
	syncs  *dataSyncs
	epoch  int // of run

	homeUID string
	began   time.Time // this process
}

// Cutover moves the application over. It returns when the application runs at the target, or
// when a roll back (another task) has to undo what was begun.
func Cutover(ctx context.Context, t *task.Task, out *report.Reporter, deps Deps) task.Result {
	return start(ctx, t, out, deps, Next, false)
}

// Rollback undoes a cutover that has not been committed.
func Rollback(ctx context.Context, t *task.Task, out *report.Reporter) task.Result {
	return start(ctx, t, out, Deps{}, NextRollback, true)
}

func start(ctx context.Context, t *task.Task, out *report.Reporter, deps Deps, next func(Observed) Action, rollback bool) task.Result {
	s, err := connect(ctx, t, out, deps)
	if err != nil {
		return resultOf(err)
	}
	return s.loop(ctx, next, rollback)
}

// connect reaches home and both endpoints.
func connect(ctx context.Context, t *task.Task, out *report.Reporter, deps Deps) (*switcher, error) {
	if t.Move == nil || t.Move.Switch == nil {
		return nil, &permanent{fmt.Errorf("the task names no switch: move.switch is needed for the verb %s", t.Verb)}
	}
	s := &switcher{task: t, self: t.Move.Switch.UID, out: out, deps: deps, began: time.Now()}
	c, err := steps.Connect(ctx, t)
	if err != nil {
		return nil, err
	}
	s.home, s.source, s.target = c.Home, c.Source, c.Target
	if s.homeUID, err = s.home.ClusterUID(ctx); err != nil {
		return nil, err
	}
	s.syncs = newDataSyncs(s.home, t)
	return s, s.loadSteps(ctx)
}

// loadSteps takes over what an earlier Pod of the same Job has reported.
func (s *switcher) loadSteps(ctx context.Context) error {
	job, err := s.home.Kube.BatchV1().Jobs(s.home.Namespace).Get(ctx, s.task.Move.Job, metav1.GetOptions{})
	if err != nil {
		return s.home.Wrap("read Job/"+s.task.Move.Job, err)
	}
	old, err := task.DecodeStatus([]byte(job.Annotations[task.StatusAnnotation]))
	if err == nil && old.RunID == s.task.Run.ID {
		s.steps.load(old)
	}
	return nil
}

// loop reads, decides and acts until the end. Errors that pass by themselves are waited out.
func (s *switcher) loop(ctx context.Context, next func(Observed) Action, rollback bool) task.Result {
	var failingSince time.Time
	var last Action
	for {
		o, err := s.observe(ctx, rollback)
		if err == nil {
			a := next(*o)
			s.report(a, o, rollback)
			if a.Kind == last.Kind && a.Kind != Wait {
				sleep(ctx, pause) // What was done does not show yet, such as a deletion.
			}
			last = a
			if a.Kind == End {
				return s.end(ctx, a, o)
			}
			if err = s.act(ctx, a, o); err == nil {
				failingSince = time.Time{}
				afterAction(ctx, s.home, a)
				continue
			}
		}
		var stop *ending
		if errors.As(err, &stop) {
			return s.end(ctx, Action{Kind: End, Result: &stop.result}, o)
		}
		if failingSince.IsZero() {
			failingSince = time.Now()
		}
		if ctx.Err() != nil || isPermanent(err) || time.Since(failingSince) > patience {
			s.steps.fail(err.Error(), time.Now())
			s.touch(o)
			return resultOf(err)
		}
		slog.Warn("trying again", "error", err.Error())
		sleep(ctx, pause)
	}
}

// end closes the task: one that ends before anything was changed, and is tried again by itself, gives
// the locks back.
func (s *switcher) end(ctx context.Context, a Action, o *Observed) task.Result {
	r := *a.Result
	early := r.Outcome == task.OutcomeDeclined || r.Reason == api.ReasonPlanUnsure
	if early && o != nil && !o.HasRecord {
		if err := s.unlock(ctx); err != nil {
			slog.Warn("cannot release the locks", "error", err.Error())
		} else {
			o.SourceLock, o.TargetLock = LockFree, LockFree
		}
	}
	if r.Outcome != task.OutcomeSucceeded {
		s.steps.fail(r.Message, time.Now())
	}
	s.touch(o)
	return r
}

// report shows the action and the state in the task's status.
func (s *switcher) report(a Action, o *Observed, rollback bool) {
	now := time.Now()
	s.steps.begin(a, now, rollback)
	s.out.Update(func(st *task.Status) {
		st.Step, st.Message = string(a.Kind), a.Message
		p := s.progress(o)
		p.RolledBack = rollback && a.Kind == End && a.Result.Outcome == task.OutcomeSucceeded
		st.Switch = p
	})
}

// touch says in the last status whether there is something to roll back.
func (s *switcher) touch(o *Observed) {
	if o == nil {
		return
	}
	s.out.Update(func(st *task.Status) {
		rolledBack := st.Switch != nil && st.Switch.RolledBack
		st.Switch = s.progress(o)
		st.Switch.RolledBack = rolledBack
	})
}

// progress is the switch's part of the status.
func (s *switcher) progress(o *Observed) *task.SwitchProgress {
	p := &task.SwitchProgress{Steps: s.steps.list(), PlanHash: o.Record.PlanHash,
		Touched: o.HasRecord || o.SourceLock == LockMine || o.TargetLock == LockMine, Active: active(o)}
	if t := o.Record.CommittedAt; t != nil {
		p.CommittedAt = metaTime(*t)
	}
	if f := o.Record.Final; f != nil && f.ID != "" {
		p.FinalRun = &api.SyncRun{ID: f.ID, Trigger: api.TriggerFinal, StartedAt: metaTime(f.StartedAt),
			FinishedAt: metaTime(f.FinishedAt), Outcome: string(task.OutcomeSucceeded), Bytes: f.Bytes, Files: f.Files}
	}
	if o.Record.OpenedAt != nil && o.Record.QuiescedAt != nil {
		p.DowntimeSeconds = int64(o.Record.OpenedAt.Sub(*o.Record.QuiescedAt).Round(time.Second) / time.Second)
	}
	return p
}

// active is the side on which the application may run.
func active(o *Observed) api.ActiveSide {
	switch {
	case o.Record.CommittedAt != nil:
		return api.ActiveTarget
	case o.Record.QuiescedAt != nil:
		return api.ActiveNone
	}
	return api.ActiveSource
}

// resultOf turns an error into the end of the task.
func resultOf(err error) task.Result {
	r := steps.Failure(err)
	if isPermanent(err) {
		r.Retry = task.RetryLater
	}
	return r
}
