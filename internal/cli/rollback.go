package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
)

type rollbackOptions struct {
	dryRun  kit.DryRun
	wait    bool
	timeout time.Duration
}

func newRollbackCommand(k *kit.Kit) *cobra.Command {
	o := &rollbackOptions{}
	c := onMove(k, "rollback [NAME]", "Bring the source back, until the switch is committed",
		"Set spec.desired of the MoveSwitch to RolledBack: the target is stopped, and the source starts again as it was; a switch that is\n"+
			"approved and has not begun does not begin. It is possible until the switch is committed; after that a way back is made with the\n"+
			"command reverse.",
		func(ctx context.Context, m snapshot.Move) error { return runRollback(ctx, k, o, m) })
	o.dryRun.AddFlag(c)
	c.Flags().BoolVar(&o.wait, "wait", false, "wait until the source is back")
	c.Flags().DurationVar(&o.timeout, "timeout", time.Hour, "how long to wait; 0 for ever")
	return c
}

func runRollback(ctx context.Context, k *kit.Kit, o *rollbackOptions, m snapshot.Move) error {
	if err := o.dryRun.Check(); err != nil {
		return err
	}
	p, err := steer.RollBack(m)
	if err != nil {
		return err
	}
	if err := k.Patch(ctx, o.dryRun, p, "rolls back"); err != nil || o.dryRun.Server() {
		return err
	}
	if !o.wait {
		k.Next([]string{"kubectl", "move", "status", m.Key(), "--watch"})
		return nil
	}
	view := newLive(k, m.Key())
	last, err := k.Await(ctx, m, kit.Goal{
		What: "the roll back of " + m.Key(), Timeout: o.timeout, Goes: "the roll back goes on in the cluster",
		Follow: []string{"kubectl", "move", "status", m.Key(), "--watch"}, Show: view.show,
		Reached: func(m snapshot.Move) (bool, error) {
			if r := m.Switch(); r != nil && r.Switch.Switched {
				return false, fault.New(fault.Failed, "cannot roll back "+m.Key(), "the switch was committed before: %s", r.Switch.Message).
					Trying("kubectl", "move", "reverse", m.Key())
			}
			return m.Phase == snapshot.RolledBack || m.Phase == snapshot.Cancelled, nil
		},
	})
	view.end()
	if err == nil {
		k.NextOf(last, "rollback")
	}
	return err
}
