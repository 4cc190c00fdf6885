package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
)

type deleteOptions struct {
	dryRun  kit.DryRun
	yes     bool
	wait    bool
	timeout time.Duration
}

func newDeleteCommand(k *kit.Kit) *cobra.Command {
	o := &deleteOptions{}
	c := onMove(k, "delete [NAME]", "Delete a move; the application stays",
		"Delete the MoveEngine or MoveReverse, and wait until it has cleaned up after itself. What stays is said before, and you are asked.\n"+
			"A switch that is not committed is rolled back first.",
		func(ctx context.Context, m snapshot.Move) error { return runDelete(ctx, k, o, m) })
	o.dryRun.AddFlag(c)
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	c.Flags().BoolVar(&o.wait, "wait", true, "wait until it is gone")
	c.Flags().DurationVar(&o.timeout, "timeout", 30*time.Minute, "how long to wait; 0 for ever")
	return c
}

func runDelete(ctx context.Context, k *kit.Kit, o *deleteOptions, m snapshot.Move) error {
	if err := o.dryRun.Check(); err != nil {
		return err
	}
	for _, line := range steer.Stays(m) {
		k.Narrate("%s", line)
	}
	if !o.yes && !o.dryRun.Server() {
		if err := k.Confirm("Delete "+m.Key()+" in namespace "+m.Namespace+"?", "--yes"); err != nil {
			return err
		}
	}
	if err := k.Delete(ctx, o.dryRun, m); err != nil {
		return err
	}
	if !o.wait || o.dryRun.Server() {
		k.Done(o.dryRun, m.Key(), "deleted")
		return nil
	}
	v := newLive(k, m.Key())
	_, err := k.Await(ctx, m, kit.Goal{
		What: "the end of " + m.Key(), Timeout: o.timeout, Goes: "the clean-up goes on in the cluster",
		Follow: []string{"kubectl", "move", "status", m.Key(), "--watch"},
		Show:   v.show, Gone: func() bool { return true },
		Reached: func(snapshot.Move) (bool, error) { return false, nil },
	})
	v.end()
	if err != nil {
		return err
	}
	k.Done(o.dryRun, m.Key(), "deleted")
	return nil
}
