// Package sync copies volumes while the application goes on running at the source, because
// it is time to, or it was asked for. It never touches a claim that a switch has made, or is making, active.
package sync

import (
	"context"
	"fmt"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/report"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/internal/steps/cutover"
	"github.com/kubemove/kubemove/internal/steps/open"
	"github.com/kubemove/kubemove/internal/steps/plan"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

// closeTime for the workers to be gone after a run.
const closeTime = 2 * time.Minute

// Run carries out the verb sync.
func Run(ctx context.Context, t *task.Task, r *report.Reporter) task.Result {
	c, err := steps.Connect(ctx, t)
	if err != nil {
		return steps.Failure(err)
	}
	if stop, err := locked(ctx, c); stop != nil || err != nil {
		return ended(stop, err)
	}
	p, volumes, stop, err := choices(ctx, c, t, r)
	if stop != nil || err != nil {
		return ended(stop, err)
	}
	us, err := cutover.ActorOf(ctx, c.Home, c.Source, t, "")
	if err != nil {
		return steps.Failure(err)
	}
	if stop, err := ensureClaims(ctx, c.Target, p, volumes, us); stop != nil || err != nil {
		return ended(stop, err)
	}
	channel, err := open.LoadChannel(ctx, c.Home, t.Move.Pair.Name)
	if err != nil {
		return steps.Failure(err)
	}
	s := spec(c, t, r, volumes, *channel, us)
	if t.Session != nil && s.Repeatable() {
		return keepOpen(ctx, c, t, s, r)
	}
	return transferAll(ctx, s, r)
}

func ended(stop *task.Result, err error) task.Result {
	if err != nil {
		return steps.Failure(err)
	}
	return *stop
}

// locked declines the run while a switch holds a lock. The lock is not taken: a switch that
// begins later takes the claims over.
func locked(ctx context.Context, c *steps.Clusters) (*task.Result, error) {
	for _, side := range []*cluster.Cluster{c.Source, c.Target} {
		h, _, err := side.ReadLock(ctx)
		if err != nil {
			return nil, err
		}
		if h != nil {
			stop := task.Declined(api.ReasonLocked,
				fmt.Sprintf("the namespace %s at the %s is locked by the switch %s, which copies the data itself: "+
					"ask again when it has ended", side.Namespace, side.Side, h.Name))
			return &stop, nil
		}
	}
	return nil, nil
}

// choices are the wanted volumes, with what the pair's plan has found out about them: to find it out again for each run
// would cost more than most runs. Where the stored plan does not know one, the application is captured again.
func choices(ctx context.Context, c *steps.Clusters, t *task.Task, r *report.Reporter,
) (*application.Plan, []application.Volume, *task.Result, error) {
	r.Step("Prepare", "reading the plan")
	known, err := plan.Load(ctx, c.Home, t.Move.Pair.UID)
	if err != nil && cluster.KindOf(err) != cluster.NotFound {
		return nil, nil, nil, err
	}
	if known.Plan != nil {
		if volumes, stop := choose(known.Plan, t.Volumes); stop == nil {
			return known.Plan, volumes, nil, nil
		}
	}
	r.Step("Prepare", "capturing the application")
	p, err := plan.Capture(ctx, c.Source, c.Target, t, "")
	if err != nil {
		return nil, nil, nil, err
	}
	if err := plan.Recall(ctx, c.Home, t.Move.Pair.UID, p); err != nil {
		return nil, nil, nil, err
	}
	volumes, stop := choose(p, t.Volumes)
	return p, volumes, stop, nil
}

// choose finds the wanted volumes in the plan.
func choose(p *application.Plan, wanted []task.Volume) ([]application.Volume, *task.Result) {
	byName := map[string]application.Volume{}
	for _, v := range p.Volumes {
		byName[v.Name] = v
	}
	var out []application.Volume
	for _, w := range wanted {
		v, ok := byName[w.Name]
		if !ok || v.Policy != api.ClaimCopy {
			stop := task.Failed(api.ReasonPlanChanged, fmt.Sprintf("the claim %s is no longer one that this application copies: "+
				"have the move planned again (spec.planRequest of the MovePair), then ask again", w.Name), task.RetryLater)
			return nil, &stop
		}
		v.Target = w.Target
		out = append(out, v)
	}
	return out, nil
}

func spec(c *steps.Clusters, t *task.Task, r *report.Reporter, volumes []application.Volume, channel transfer.Channel,
	us lineage.Actor) transfer.Spec {
	s := transfer.NewSpec(t, c.Source, c.Target)
	s.Volumes, s.Channel, s.Left = volumes, channel, us.Left
	s.Report = func(p transfer.Progress) { show(r, p) }
	return s
}

func show(r *report.Reporter, p transfer.Progress) {
	r.Update(func(s *task.Status) {
		s.Step, s.Message, s.Stalled = "Copy", p.Message, p.Stalled
		s.Volumes, s.Warnings = p.Volumes, p.Warnings
		s.BytesPerSecond, s.ETASeconds = p.BytesPerSecond, p.ETASeconds
	})
}

// transferAll makes the run. A task that is told to stop leaves the workers at work: its next
// Pod goes on with them.
func transferAll(ctx context.Context, s transfer.Spec, r *report.Reporter) task.Result {
	r.Step("Workers", "bringing up the workers")
	session, err := transfer.Open(ctx, s)
	if err != nil {
		return failure(err)
	}
	result, err := copyAll(ctx, session, s.Run)
	if ctx.Err() != nil {
		return failure(ctx.Err())
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	if cerr := session.Close(closing); cerr != nil {
		r.Warn(fmt.Sprintf("the workers are not all removed, the next run or the clean-up does it: %v", cerr))
	}
	if err != nil {
		return failure(err)
	}
	r.Update(func(st *task.Status) {
		st.Volumes, st.Message = result.Volumes, ""
		st.BytesPerSecond, st.ETASeconds = 0, 0
		st.CopySeconds = result.CopySeconds()
	})
	return task.Succeeded(fmt.Sprintf("volumes copied and verified: %d (%d files, %d bytes)", len(result.Volumes), result.Files, result.Bytes))
}

func copyAll(ctx context.Context, session *transfer.Session, run task.Run) (transfer.Result, error) {
	pass, err := session.Begin(ctx, run)
	if err != nil {
		return transfer.Result{}, err
	}
	return pass.Wait(ctx)
}

// failure of a run; what the endpoints say goes before the transfer's own words.
func failure(err error) task.Result {
	return *transfer.AsError(err).Result()
}
