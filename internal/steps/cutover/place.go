package cutover

import (
	"context"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/task"
)

// Place creates a plan's objects at a target as a cutover does: the claims, what has no external endpoint,
// the workloads, then the external endpoints are opened, and KubeMove is a field manager of nothing any more. It
// does nothing else of a cutover, so it is for tests against an API server alone.
func Place(ctx context.Context, target *cluster.Cluster, p *application.Plan, t *task.Task) error {
	s := &switcher{task: t, us: lineage.Of(t.Move, t.Subject().UID), target: side{target}, plan: p}
	for _, k := range []Kind{CreateClaims, CreateObjects, StartWorkloads} {
		o := &Observed{}
		if err := s.observeTarget(ctx, o, true); err != nil {
			return err
		}
		if _, err := s.create(ctx, k, o); err != nil {
			return err
		}
	}
	if err := s.open(ctx); err != nil {
		return err
	}
	return s.handOverAll(ctx)
}
