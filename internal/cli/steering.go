package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
)

// nameUse is how a command names its move.
const nameUse = "at most one NAME of a move"

// onMove makes a command that has one move.
func onMove(k *kit.Kit, use, short, long string, run func(ctx context.Context, m snapshot.Move) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Long: long, Args: kit.AtMost(1, nameUse), ValidArgsFunction: completeMoves(k),
		RunE: func(c *cobra.Command, args []string) error {
			m, err := k.Move(c.Context(), kit.First(args))
			if err != nil {
				return err
			}
			return run(c.Context(), m)
		},
	}
}

// steeringOptions of a verb that is one patch.
type steeringOptions struct {
	dryRun kit.DryRun
}

// steering makes the command of a verb that is one patch; done says what it has done to the object.
func steering(k *kit.Kit, use, short, long, done string, patch func(snapshot.Move) (steer.Patch, error)) *cobra.Command {
	o := &steeringOptions{}
	c := onMove(k, use, short, long, func(ctx context.Context, m snapshot.Move) error {
		if err := o.dryRun.Check(); err != nil {
			return err
		}
		p, err := patch(m)
		if err != nil {
			return err
		}
		if err := k.Patch(ctx, o.dryRun, p, done); err != nil {
			return err
		}
		k.Next([]string{"kubectl", "move", "status", m.Key()})
		return nil
	})
	o.dryRun.AddFlag(c)
	return c
}

func newSuspendCommand(k *kit.Kit) *cobra.Command {
	return steering(k, "suspend [NAME]", "Begin nothing new: no plan, no copy, no switch",
		"Set spec.suspend of the move: no plan, no copy and no switch begins any more. What runs goes on to its end.", "suspended",
		func(m snapshot.Move) (steer.Patch, error) { return steer.Suspend(m, true), nil })
}

func newResumeCommand(k *kit.Kit) *cobra.Command {
	return steering(k, "resume [NAME]", "Go on after suspend",
		"Take spec.suspend of the move back. A copy whose time has passed begins at once.",
		"resumed", func(m snapshot.Move) (steer.Patch, error) { return steer.Suspend(m, false), nil })
}

func newRetryCommand(k *kit.Kit) *cobra.Command {
	return steering(k, "retry [NAME]", "Try a switch again that was rolled back, declined or held",
		"Write spec.retry of the MoveSwitch: a switch that was rolled back, declined or held tries again.", "tries again",
		func(m snapshot.Move) (steer.Patch, error) { return steer.Retry(m, steer.Token(k.Now())) })
}
