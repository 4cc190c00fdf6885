// Package watch looks at the endpoints of a pair while nothing else does: whether they answer, when their credentials end, and
// after a switch whether the application runs at the source again. It changes nothing.
package watch

import (
	"context"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/report"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/internal/steps/cutover"
	"github.com/kubemove/kubemove/task"
)

// Run carries out the verb watch.
func Run(ctx context.Context, t *task.Task, r *report.Reporter) task.Result {
	found := &task.Watch{Expires: cluster.Expiries(t)}
	r.Step("Watch", "looking at both endpoints")
	err := again(ctx, func(ctx context.Context) error { return look(ctx, t, found) })
	if err != nil {
		return failure(err)
	}
	r.Update(func(st *task.Status) { st.Watch = found })
	if len(found.SourceRuns) > 0 {
		return task.Succeeded("both endpoints answer, and the application runs at the source")
	}
	return task.Succeeded("both endpoints answer")
}

// look once.
func look(ctx context.Context, t *task.Task, found *task.Watch) error {
	c, err := steps.Connect(ctx, t)
	if err != nil {
		return err
	}
	for _, e := range []*cluster.Cluster{c.Source, c.Target} {
		// Its version an API server may tell to anyone. What it says of a right is the plan's business.
		if _, _, err := e.ReadLock(ctx); err != nil && !lacksRight(err) {
			return err
		}
	}
	if t.Move.Committed == nil {
		return nil
	}
	runs, err := cutover.RunsAgain(ctx, c, t)
	found.SourceRuns, found.StopCommand = runs.Runs, runs.Stop
	return err
}

// lacksRight: the API server knows who asks, and lets it not do that.
func lacksRight(err error) bool {
	return cluster.KindOf(err) == cluster.Forbidden && !refused(err)
}

// refused: the API server takes the credentials for none.
func refused(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && status.Status().Code == 401
}

// again tries a few times: what lasts no longer is no news.
func again(ctx context.Context, once func(context.Context) error) error {
	return steps.Again(ctx, once, func(err error) bool { return cluster.KindOf(err) == cluster.Unreachable })
}

// failure of a look that was made again and again: the next one comes after half a minute, then ever later. Credentials that
// are refused are those of the kubeconfig.
func failure(err error) task.Result {
	r := steps.Failure(err)
	r.Retry = task.RetryLater
	var e *cluster.Error
	if errors.As(err, &e) && e.Side != cluster.SideHome && refused(err) {
		r.Reason = api.ReasonInvalidKubeconfig
	}
	return r
}
