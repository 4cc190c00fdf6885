// Package cleanup removes what a pair has left in the clusters: worker Pods, their Secrets and
// leases, the repositories and the stored plans. Copies of the application's data stay, unless they are to be deleted and the
// target is not active.
package cleanup

import (
	"context"
	"fmt"
	"strings"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/report"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/internal/steps/open"
	"github.com/kubemove/kubemove/internal/steps/plan"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

// place is one that is cleaned up.
type place struct {
	name  string
	what  string
	clean func(ctx context.Context) error
}

// Run carries out the verb cleanup of a pair. A place that cannot be cleaned up does not keep
// the others from it; the result says what is left where.
func Run(ctx context.Context, t *task.Task, r *report.Reporter) task.Result {
	workers := "worker Pods, Secrets, Leases and repository claims with the label " + api.PairLabel + "=" + t.Move.Pair.UID
	done := outcome{Asked: t.Move.DeleteCopies}
	endpoint := func(side string, ep task.Endpoint) place {
		what := workers
		copiesToo := side == cluster.SideTarget && done.Asked
		if copiesToo {
			what += ", and copies, which are claims with the annotation " + api.CreatedByAnnotation + "=" + t.Move.Pair.UID
		}
		return place{name: fmt.Sprintf("the %s (namespace %s)", side, ep.Namespace), what: what, clean: func(ctx context.Context) error {
			c, err := cluster.Connect(ctx, side, ep)
			if err != nil {
				return err
			}
			opts := transfer.CleanupOptions{All: true}
			if opts.Lineage, err = last(ctx, t); err != nil {
				return err
			}
			if err := transfer.Cleanup(ctx, c, t.Move.Pair.UID, opts); err != nil || !copiesToo {
				return err
			}
			// Only now: no worker of the pair mounts a claim any more.
			at, err := copiesOf(ctx, t, c)
			if err != nil {
				return err
			}
			return deleteCopies(ctx, at, t.Move, &done)
		}}
	}
	home := place{name: "home (namespace " + t.Move.Home + ")", what: "stored plans", clean: func(ctx context.Context) error {
		c, err := steps.Home(ctx, t)
		if err != nil {
			return err
		}
		return plan.Forget(ctx, c, t.Move.Pair.UID)
	}}
	places := []place{endpoint(cluster.SideSource, t.Source), endpoint(cluster.SideTarget, t.Target), home}
	return cleanAll(ctx, places, r, &done)
}

// last is the lineage of the pair when no other pair of it is left, which would use its repositories; empty: one is.
func last(ctx context.Context, t *task.Task) (string, error) {
	home, err := steps.Home(ctx, t)
	if err != nil {
		return "", err
	}
	lineage := t.Move.FirstPair().UID
	used, err := open.Used(ctx, home, lineage, t.Move.Pair.UID)
	if used || err != nil {
		return "", err
	}
	return lineage, nil
}

func cleanAll(ctx context.Context, places []place, r *report.Reporter, done fmt.Stringer) task.Result {
	var left []string
	retry := task.RetryLater
	for _, p := range places {
		r.Step("CleanUp", "cleaning up "+p.name)
		err := again(ctx, p.clean)
		if err == nil {
			continue
		}
		left = append(left, fmt.Sprintf("%s: %s (%v)", p.name, p.what, err))
		if !isRefusal(err) {
			retry = task.RetrySoon
		}
	}
	if len(left) > 0 {
		return task.Failed(api.ReasonFailed, "left behind at "+strings.Join(left, "; at "), retry)
	}
	return task.Succeeded(done.String())
}

// again tries a few times; what cannot pass by itself is not tried again.
func again(ctx context.Context, clean func(context.Context) error) error {
	return steps.Again(ctx, clean, func(err error) bool { return !isRefusal(err) })
}
