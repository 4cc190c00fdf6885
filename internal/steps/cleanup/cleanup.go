// Package cleanup removes what a pair has left in the clusters: worker Pods, their Secrets and
// leases, the repositories and the stored plans. Copies of the application's data stay.
package cleanup

import (
	"context"
	"fmt"
	"strings"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/report"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/internal/steps/plan"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

// tries of each place, and the pause between them.
const (
	tries = 3
	pause = 10 * time.Second
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
	endpoint := func(side string, ep task.Endpoint) place {
		return place{name: fmt.Sprintf("the %s (namespace %s)", side, ep.Namespace), what: workers, clean: func(ctx context.Context) error {
			c, err := cluster.Connect(ctx, side, ep)
			if err != nil {
				return err
			}
			return transfer.Cleanup(ctx, c, t.Move.Pair.UID, transfer.CleanupOptions{Repositories: true})
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
	return cleanAll(ctx, places, r)
}

func cleanAll(ctx context.Context, places []place, r *report.Reporter) task.Result {
	var left []string
	retry := task.RetryLater
	for _, p := range places {
		r.Step("CleanUp", "cleaning up "+p.name)
		err := again(ctx, p.clean)
		if err == nil {
			continue
		}
		left = append(left, fmt.Sprintf("%s: %s (%v)", p.name, p.what, err))
		if kind := cluster.KindOf(err); kind != cluster.Forbidden && kind != cluster.Invalid {
			retry = task.RetrySoon
		}
	}
	if len(left) > 0 {
		return steps.Failed(api.ReasonFailed, "left behind at "+strings.Join(left, "; at "), retry)
	}
	return steps.Success("nothing is left of the pair but the copies")
}

// again tries a few times; what cannot pass by itself is not tried again.
func again(ctx context.Context, clean func(context.Context) error) error {
	var err error
	for i := range tries {
		if i > 0 {
			select {
			case <-ctx.Done():
				return err
			case <-time.After(pause):
			}
		}
		err = clean(ctx)
		if kind := cluster.KindOf(err); err == nil || kind == cluster.Forbidden || kind == cluster.Invalid {
			return err
		}
	}
	return err
}
