package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
)

type cancelOptions struct {
	dryRun kit.DryRun
	yes    bool
}

func newCancelCommand(k *kit.Kit) *cobra.Command {
	o := &cancelOptions{}
	c := onMove(k, "cancel [NAME]", "Never switch: roll back what has begun",
		"Set spec.desired of the MoveSwitch to Cancelled: what has begun is rolled back, and it never begins again. That cannot be taken\n"+
			"back, but for deleting the MoveSwitch. The copies go on; suspend or delete the move to end them.",
		func(ctx context.Context, m snapshot.Move) error { return runCancel(ctx, k, o, m) })
	o.dryRun.AddFlag(c)
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	return c
}

func runCancel(ctx context.Context, k *kit.Kit, o *cancelOptions, m snapshot.Move) error {
	if err := o.dryRun.Check(); err != nil {
		return err
	}
	p, err := steer.Cancel(m)
	if err != nil {
		return err
	}
	if !o.yes && !o.dryRun.Server() {
		if err := k.Confirm("Cancel the switch "+p.Name+" for good?", "--yes"); err != nil {
			return err
		}
	}
	if err := k.Patch(ctx, o.dryRun, p, "cancelled"); err != nil {
		return err
	}
	k.Next([]string{"kubectl", "move", "status", m.Key()})
	return nil
}
