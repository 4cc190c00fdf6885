package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
)

type reverseOptions struct {
	dryRun  kit.DryRun
	way     steer.Way
	timeout time.Duration
}

func newReverseCommand(k *kit.Kit) *cobra.Command {
	o := &reverseOptions{}
	c := onMove(k, "reverse [NAME]", "Bring the application back after the switch, with what was written since",
		"Make a MoveReverse of the switch that was committed. It plans, copies what differs, and switches back once its own plan is\n"+
			"approved; the way back of a MoveReverse is the way forward again. With --live the data is copied while the application runs.",
		func(ctx context.Context, m snapshot.Move) error { return runReverse(ctx, k, o, m) })
	c.Example = examples(k, "reverse shop --live", "approve movereverse/shop-back")
	o.dryRun.AddFlag(c)
	c.Flags().StringVar(&o.way.Name, "name", "", "the name of the MoveReverse; default: that of the move with -back")
	c.Flags().BoolVar(&o.way.Live, "live", false, "copy while the application runs, again and again, until the switch")
	c.Flags().StringVar(&o.way.Interval, "interval", "", "the time between two copies, such as 30s; it implies --live")
	c.Flags().StringVar((*string)(&o.way.Objects), "objects", "", "`WHICH` objects it starts with: Restore, those that it had before "+
		"(default), or Reapply, these with what was changed since")
	_ = c.RegisterFlagCompletionFunc("objects", cobra.FixedCompletions([]string{string(api.ObjectsRestore), string(api.ObjectsReapply)},
		cobra.ShellCompDirectiveNoFileComp))
	c.Flags().DurationVar(&o.timeout, "timeout", time.Minute, "how long to wait until it is accepted; 0 for ever")
	return c
}

func runReverse(ctx context.Context, k *kit.Kit, o *reverseOptions, m snapshot.Move) error {
	if err := o.dryRun.Check(); err != nil {
		return err
	}
	switch o.way.Objects {
	case "", api.ObjectsRestore, api.ObjectsReapply:
	default:
		return fault.Badly("--objects is %q, expected Restore or Reapply", o.way.Objects)
	}
	back, err := steer.Reverse(m, o.way)
	if err != nil {
		return err
	}
	manifest, err := steer.ManifestOf(back)
	if err != nil {
		return err
	}
	if _, err := k.Create(ctx, o.dryRun, manifest); err != nil || o.dryRun.Server() {
		return err
	}
	return accepted(ctx, k, snapshot.Move{Kind: snapshot.KindReverse, Namespace: m.Namespace, Name: back.Name}, o.timeout, 0)
}
