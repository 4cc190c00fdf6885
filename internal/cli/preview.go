package cli

import (
	"context"
	"errors"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
	"github.com/kubemove/kubemove/internal/planfile"
	"github.com/kubemove/kubemove/internal/text"
)

// runPreview shows the plan of a file's MoveEngine, which is in the cluster only for as long as that takes. Its plan is the one that
// the real move would get: made by the same Jobs, with the same rights.
func runPreview(ctx context.Context, k *kit.Kit, o *planOptions, args []string) error {
	m, err := readPreview(k, o, args)
	if err != nil {
		return err
	}
	uid, err := k.Create(ctx, o.dryRun, m)
	if err != nil || o.dryRun.Server() {
		return err
	}
	engine := &api.MoveEngine{ObjectMeta: metav1.ObjectMeta{Namespace: m.Namespace, Name: m.Name, UID: uid}}
	move := snapshot.Move{Kind: m.Kind, Namespace: m.Namespace, Name: m.Name, Engine: engine}
	err = planPreview(ctx, k, o, move)
	if ended := endPreview(ctx, k, move); ended != nil {
		if err == nil {
			return ended
		}
		fault.Print(k.ErrOut, ended, k.Line)
	}
	if err == nil {
		k.Next(steer.In(k.Current(), move, "kubectl", "move", "start", "--filename", o.file))
	}
	return err
}

func readPreview(k *kit.Kit, o *planOptions, args []string) (steer.Manifest, error) {
	var none steer.Manifest
	switch {
	case len(args) > 0:
		return none, fault.Badly("both NAME and -f FILE are given: expected one of them")
	case o.refresh:
		return none, fault.Badly("both --refresh and -f FILE are given: the plan of a file is always a new one")
	}
	if err := errors.Join(o.output.Check(), o.dryRun.Check()); err != nil {
		return none, err
	}
	moves, err := readMoves(k, o.file)
	if err != nil {
		return none, err
	}
	if len(moves) != 1 {
		return none, fault.Badly("%s has %d moves, expected one", o.file, len(moves))
	}
	m, err := steer.Preview(moves[0])
	if err != nil {
		return none, fault.Badly("%s cannot be planned: %s", o.file, err)
	}
	return m, nil
}

// planPreview waits for the plan and shows it.
func planPreview(ctx context.Context, k *kit.Kit, o *planOptions, m snapshot.Move) error {
	last, r, err := awaitPlan(ctx, k, o.timeout, m, o.target)
	if err != nil {
		return err
	}
	return presentPlan(ctx, k, o, last, r)
}

// endTimeout is how long it may take until the MoveEngine of a preview is gone.
const endTimeout = 2 * time.Minute

// endPreview deletes the MoveEngine, and waits until that is done, so that the same file can be started at once. Ctrl-C does not
// keep it from that.
func endPreview(ctx context.Context, k *kit.Kit, m snapshot.Move) error {
	ctx = context.WithoutCancel(ctx)
	if err := k.Delete(ctx, kit.DryRun{}, m); err != nil {
		return err
	}
	_, err := k.Await(ctx, m, kit.Goal{
		What: "the end of " + m.Key() + ", which was there for the plan", Timeout: endTimeout, Goes: "it is deleted in the cluster",
		Follow: []string{"kubectl", "move", "status", m.Key()}, Gone: func() bool { return true },
		Reached: func(snapshot.Move) (bool, error) { return false, nil },
	})
	if err != nil {
		return err
	}
	k.Narrate("%s, which was there for the plan alone, is deleted", m.Key())
	return nil
}

// blockedPreview is the error of a plan that has blockers; nil: it has none, and the move may be started.
func blockedPreview(k *kit.Kit, o *planOptions, m snapshot.Move, plan planfile.Plan) error {
	if len(plan.Blockers) == 0 {
		return nil
	}
	return fault.New(fault.Blocked, "the plan of "+o.file+" is blocked", "it has %s; correct what they name",
		text.Count(len(plan.Blockers), "blocker")).Trying(steer.In(k.Current(), m, "kubectl", "move", "plan", "--filename", o.file)...)
}
