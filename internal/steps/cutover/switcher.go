package cutover

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/report"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

// Deps are what other steps lend to a cutover.
type Deps struct {
	// Plan captures the application afresh.
	Plan func(ctx context.Context, source, target *cluster.Cluster, t *task.Task, switchUID string) (*application.Plan, error)
	// Summary of a plan for a status.
	Summary func(*application.Plan) *api.PlanStatus
	// Changes says what differs between the plan of that hash and a newer one, as far as the former is
	// still known.
	Changes func(ctx context.Context, home *cluster.Cluster, pairUID, hash string, is *application.Plan) ([]string, error)
	// Channel reads the secret of the pair's channel.
	Channel func(ctx context.Context, home *cluster.Cluster, pair string) (*transfer.Channel, error)
}

// switcher carries the actions out.
type switcher struct {
	task *task.Task
	us   lineage.Actor // the switch
	// process is this process, as the record names it.
	process string
	home    *cluster.Cluster
	source  *cluster.Cluster
	target  *cluster.Cluster
	plan    *application.Plan // pinned, with what was read again; nil until it is pinned
	pinned  *application.Plan // as it was pinned
	reading string            // that is in plan, by its hash; empty: none
	deps    Deps
	out     *report.Reporter
	session *transfer.Session // this process's workers; nil: none
	steps   stepLog
	syncs   *dataSyncs
	epoch   int // of run

	diagnosis diagnosis // of a target that does not become healthy

	homeUID  string
	began    time.Time // this process
	rollback bool
}

// self is the UID of the switch.
func (s *switcher) self() string { return s.us.Self() }

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
	l := &loop{next: bounded(next), rollback: rollback, out: out, steps: &stepLog{}}
	var s *switcher
	err := l.untilReached(ctx, func() (err error) {
		s, err = connect(ctx, t, out, deps)
		return err
	})
	if err != nil {
		return resultOf(err)
	}
	s.rollback = rollback
	l.machine, l.steps = s, &s.steps
	return l.run(ctx)
}

// connect reaches home and both endpoints.
func connect(ctx context.Context, t *task.Task, out *report.Reporter, deps Deps) (*switcher, error) {
	if t.Subject().Kind != task.KindSwitch {
		return nil, &permanent{fmt.Errorf("the task names no switch: move.switch is needed for the verb %s", t.Verb)}
	}
	s := &switcher{task: t, us: lineage.Of(t.Move, t.Subject().UID), process: rand.Text(), out: out, deps: deps, began: time.Now()}
	c, err := steps.Connect(ctx, t)
	if err != nil {
		return nil, err
	}
	s.home, s.source, s.target = c.Home, c.Source, c.Target
	if s.homeUID, err = s.home.ClusterUID(ctx); err != nil {
		return nil, err
	}
	s.syncs = newDataSyncs(s.home, t)
	if err := s.loadSteps(ctx); err != nil {
		return nil, err
	}
	return s, nil
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

// resultOf turns an error into the end of the task.
func resultOf(err error) task.Result {
	r := steps.Failure(err)
	if isPermanent(err) {
		r.Retry = task.RetryLater
	}
	return r
}
