package cutover

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

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
	// Plan captures the application again.
	Plan func(ctx context.Context, source, target *cluster.Cluster, t *task.Task, switchUID string) (*application.Plan, error)
	// Summary of a plan for a status.
	Summary func(*application.Plan) *api.PlanStatus
	// Changes says what differs between the plan of that hash and a newer one, as far as the former is
	// still known.
	Changes func(ctx context.Context, home *cluster.Cluster, pairUID, hash string, is *application.Plan) ([]string, error)
	// Channel reads the secret of the pair's channel.
	Channel func(ctx context.Context, home *cluster.Cluster, pair string) (*transfer.Channel, error)
}

// pairPlanner plans the move of a pair.
type pairPlanner struct {
	deps     Deps
	clusters *steps.Clusters
	task     *task.Task
	self     string
}

// Plan captures the application again.
func (p *pairPlanner) Plan(ctx context.Context) (*application.Plan, error) {
	return p.deps.Plan(ctx, p.clusters.Source, p.clusters.Target, p.task, p.self)
}

// Changes since the approved plan.
func (p *pairPlanner) Changes(ctx context.Context, is *application.Plan) ([]string, error) {
	return p.deps.Changes(ctx, p.clusters.Home, p.task.Move.Pair.UID, p.task.Move.ApprovedPlan, is)
}

// Summary of a plan.
func (p *pairPlanner) Summary(plan *application.Plan) *api.PlanStatus { return p.deps.Summary(plan) }

// switcher carries the actions out.
type switcher struct {
	task *task.Task
	us   lineage.Actor // the switch
	// process is this process, as the record names it.
	process    string
	home       home
	source     source // nil: it is lost, and nothing is done there
	target     target
	mover      mover
	planner    planner
	plan       *application.Plan // pinned, with what was read again; nil until it is pinned
	pinned     *application.Plan // as it was pinned
	reading    string            // that is in plan, by its hash; empty: none
	out        *report.Reporter
	session    session         // this process's workers; nil: none
	deltas     []time.Duration // of this session; the last one ended at deltaEnded
	deltaEnded time.Time
	showing    string // the run whose progress is shown
	steps      stepLog
	syncs      *dataSyncs
	epoch      int // of run

	diagnosis diagnosis // of a target that does not become healthy

	// killed is told of each action after which tests may end the process.
	killed func(ctx context.Context, a Action)

	homeUID  string
	began    time.Time // this process
	rollback bool
}

// endpoints are the source, as far as there is one, and the target.
func (s *switcher) endpoints() []endpoint {
	if s.source == nil {
		return []endpoint{s.target}
	}
	return []endpoint{s.source, s.target}
}

func (s *switcher) isTarget(e endpoint) bool { return e == endpoint(s.target) }

// targetFirst are they in the order in which what decides is written.
func (s *switcher) targetFirst() []endpoint {
	out := s.endpoints()
	slices.Reverse(out)
	return out
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
	s := &switcher{task: t, process: rand.Text(), out: out, began: time.Now()}
	c, err := steps.Connect(ctx, t)
	if err != nil {
		return nil, err
	}
	if s.us, err = ActorOf(ctx, c.Home, c.Source, t, t.Subject().UID); err != nil {
		return nil, err
	}
	s.home, s.source, s.target = homeCluster{c.Home}, side{c.Source}, side{c.Target}
	s.planner = &pairPlanner{deps: deps, clusters: c, task: t, self: s.self()}
	channel := func(ctx context.Context) (*transfer.Channel, error) {
		return deps.Channel(ctx, c.Home, t.Move.Pair.Name)
	}
	s.mover = &pairRuns{task: t, process: s.process, source: c.Source, target: c.Target, channel: channel}
	s.killed = func(ctx context.Context, a Action) { afterAction(ctx, c.Home, a) }
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
	old, err := s.home.Reported(ctx, s.task.Move.Job)
	if err == nil && old != nil && old.RunID == s.task.Run.ID {
		s.steps.load(old)
	}
	return err
}

// resultOf turns an error into the end of the task.
func resultOf(err error) task.Result {
	r := steps.Failure(err)
	if isPermanent(err) {
		r.Retry = task.RetryLater
	}
	return r
}
