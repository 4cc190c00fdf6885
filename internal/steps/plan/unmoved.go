package plan

import (
	"context"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

// Unmoved adds what lies beside the application and stays, as KubeMove does not move its kind:
// a move that leaves something behind has to say so. It is for people, and no part of the hash.
func Unmoved(ctx context.Context, source *cluster.Cluster, t *task.Task, p *application.Plan) error {
	if t.Move.Application.Selector == nil {
		return nil // Named workloads move with what they refer to, and nothing else was meant.
	}
	objects, unseen, err := source.Others(ctx, application.Kinds())
	if err != nil {
		return err
	}
	p.AddUnmoved(t.Move.Application, objects)
	p.AddUnseen(unseen)
	return nil
}
