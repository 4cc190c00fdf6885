package cutover

import (
	"context"
	"errors"
	"log/slog"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/task"
)

const (
	// pause between two readings while the task waits for something.
	pause = time.Second
	// patience with errors that pass by themselves: an API server that restarts, a lost connection.
	patience = 3 * time.Minute
	// quotaPatience with a quota that is used up: what has just been deleted is still counted for some
	// seconds.
	quotaPatience = 15 * time.Second
	// unseenLimit is how long the clusters may not be seen until the status says so.
	unseenLimit = 30 * time.Second
)

// patienceWith an error.
func patienceWith(err error) time.Duration {
	if cluster.OverQuota(err) {
		return quotaPatience
	}
	return patience
}

// machine is what a loop drives: the clusters, or a model of them.
type machine interface {
	// observe reads everything that a decision needs. It returns no observation with an error.
	observe(ctx context.Context, rollback bool) (*Observed, error)
	// act carries an action out.
	act(ctx context.Context, a Action, o *Observed) error
	// unlock gives the locks back, of a task that ends before it has changed anything else.
	unlock(ctx context.Context) error
	// acted is told of each action that was carried out.
	acted(ctx context.Context, a Action)
	now() time.Time
	sleep(ctx context.Context, d time.Duration)
}

// updater takes changes of the task's status.
type updater interface {
	Update(change func(*task.Status))
}

// loop reads, decides and acts until the end. Errors that pass by themselves are waited out. What it
// reports comes from complete observations, and from what was begun since the last one.
type loop struct {
	machine  machine
	next     func(Observed) Action
	rollback bool
	out      updater
	steps    *stepLog

	// seen is the last complete observation, and doing what was begun since then.
	seen  *Observed
	doing Kind
	// repeated is the newest action.
	repeated Repeated
	// failing is since when nothing has gone well.
	failing time.Time
}

func (l *loop) run(ctx context.Context) task.Result {
	for {
		r, err := l.turn(ctx)
		if r != nil {
			return *r
		}
		if err == nil {
			l.failing = time.Time{}
			continue
		}
		var stop *ending
		if errors.As(err, &stop) {
			return l.end(ctx, stop.result)
		}
		if !l.failed(ctx, err) {
			l.steps.fail(err.Error(), l.machine.now())
			l.show(nil)
			return resultOf(err)
		}
	}
}

// turn is one observation and the action that follows; with a result the task has ended.
func (l *loop) turn(ctx context.Context) (*task.Result, error) {
	silent, began := l.watch("not all of source, target and home has answered"), l.machine.now()
	o, err := l.machine.observe(ctx, l.rollback)
	silent()
	if err != nil {
		if l.failing.IsZero() {
			l.failing = began // Not only now: the time that was waited for an answer counts.
		}
		return nil, err
	}
	before := l.repeated
	o.Repeated = before
	l.seen, l.doing = o, ""
	a := l.next(*o)
	l.repeated = before.next(a, o.Now)
	l.steps.begin(a, l.machine.now(), l.rollback)
	if a.Kind == End {
		r := l.end(ctx, *a.Result)
		return &r, nil
	}
	l.doing = a.Kind
	l.show(func(st *task.Status) {
		st.Step, st.Message = string(a.Kind), a.Message
		if l.failing.IsZero() {
			st.Stalled = nil
		}
	})
	if a.Kind != Wait && (a.Kind == before.Kind || a.Kind == RecordObjects) {
		l.machine.sleep(ctx, pause) // What was done does not show yet, such as a deletion.
	}
	if err := refused(l.act(ctx, a, o)); err != nil {
		return nil, err
	}
	l.machine.acted(ctx, a)
	return nil, nil
}

// act carries an action out. Those that move data, or wait, tell by themselves how they get on.
func (l *loop) act(ctx context.Context, a Action, o *Observed) error {
	if !actions[a.Kind].reports {
		defer l.watch("a cluster has not answered to: " + a.Message)()
	}
	return l.machine.act(ctx, a, o)
}

// failed waits before the next try and says so; false: this error ends the task.
func (l *loop) failed(ctx context.Context, err error) bool {
	now := l.machine.now()
	if l.failing.IsZero() {
		l.failing = now
	}
	since := now.Sub(l.failing)
	if ctx.Err() != nil || isPermanent(err) || since > patienceWith(err) {
		return false
	}
	if since >= unseenLimit {
		l.stalled(resultOf(err).Reason, err.Error(), l.failing)
	}
	slog.Warn("trying again", "error", err.Error())
	l.machine.sleep(ctx, pause)
	return true
}

// watch says in the status that something does not answer, once it has not for a while. The returned
// function ends it.
func (l *loop) watch(what string) (stop func()) {
	began := l.machine.now()
	t := time.AfterFunc(unseenLimit, func() { l.stalled(api.ReasonEndpointUnreachable, what, began) })
	return func() { t.Stop() }
}

func (l *loop) stalled(reason, message string, since time.Time) {
	l.out.Update(func(st *task.Status) {
		st.Stalled = &task.Stalled{
			Since: metav1.NewTime(since.Truncate(time.Second)), Reason: reason, Message: task.Cut(message, task.MaxMessage),
		}
	})
}

// untilReached tries to connect for a while, and says after a part of it that it is in vain.
func (l *loop) untilReached(ctx context.Context, connect func() error) error {
	began := time.Now()
	for {
		err := connect()
		since := time.Since(began)
		if err == nil || cluster.KindOf(err) != cluster.Unreachable || ctx.Err() != nil || since > patience {
			return err
		}
		if since >= unseenLimit {
			l.stalled(steps.Failure(err).Reason, err.Error(), began)
		}
		slog.Warn("trying again", "error", err.Error())
		sleep(ctx, pause)
	}
}

// end closes the task. One that ends before anything was changed gives the locks back, and only then
// is the application untouched.
func (l *loop) end(ctx context.Context, r task.Result) task.Result {
	untouched := false
	early := r.Outcome == task.OutcomeDeclined || r.Reason == api.ReasonPlanUnsure
	if o := l.seen; early && o != nil && !o.HasRecord && !o.holdsWorkloads() {
		if err := l.machine.unlock(ctx); err != nil {
			slog.Warn("cannot release the locks", "error", err.Error())
		} else {
			untouched = true
		}
	}
	if r.Outcome != task.OutcomeSucceeded {
		l.steps.fail(r.Message, l.machine.now())
	}
	l.show(func(st *task.Status) {
		st.Stalled = nil
		p := st.Switch
		switch {
		case p == nil:
		case untouched:
			p.Touched, p.Active = false, api.ActiveSource
		case l.rollback && r.Outcome == task.OutcomeSucceeded:
			p.Touched, p.Active, p.RolledBack = false, api.ActiveSource, true
		}
	})
	return r
}
