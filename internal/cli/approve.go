package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
	"github.com/kubemove/kubemove/internal/cli/view"
)

type approveOptions struct {
	dryRun       kit.DryRun
	target, plan string
	yes          bool
}

func newApproveCommand(k *kit.Kit) *cobra.Command {
	o := &approveOptions{}
	c := onMove(k, "approve [NAME]", "Approve the plan by its hash: the switch may begin",
		"Write spec.approvedPlan of the MoveSwitch: the hash of the plan that you have read. The switch begins as soon as all else that it\n"+
			"waits for is there; a plan that has changed since is not carried out. A first plan that is being made is waited for.\n\n"+
			"Without --plan the plan is summed up and you are asked. The hash that is sent is the one that was shown.",
		func(ctx context.Context, m snapshot.Move) error { return runApprove(ctx, k, o, m) })
	o.dryRun.AddFlag(c)
	o.addFlags(k, c)
	return c
}

// addFlags of an approval.
func (o *approveOptions) addFlags(k *kit.Kit, c *cobra.Command) {
	addTarget(k, c, &o.target)
	c.Flags().StringVar(&o.plan, "plan", "", "the hash of the plan that you have read; without it you are asked")
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
}

func runApprove(ctx context.Context, k *kit.Kit, o *approveOptions, m snapshot.Move) error {
	if err := o.dryRun.Check(); err != nil {
		return err
	}
	r, err := m.Choose(o.target)
	if err != nil {
		return err
	}
	if m, r, err = firstPlan(ctx, k, planTimeout, m, r); err != nil {
		return err
	}
	if err := steer.Approvable(m, r); err != nil {
		return err
	}
	hash, err := o.ask(k, m, r)
	if err != nil {
		return err
	}
	p, err := steer.Approve(m, r, hash)
	if err != nil {
		return err
	}
	if err := k.Patch(ctx, o.dryRun, p, "approved: plan "+hash); err != nil {
		return err
	}
	k.Next([]string{"kubectl", "move", "status", m.Key(), "--watch"})
	return nil
}

// ask for the approval of the plan that is shown, and return its hash. With --plan the person has read it before.
func (o *approveOptions) ask(k *kit.Kit, m snapshot.Move, r *snapshot.Route) (string, error) {
	if o.plan != "" {
		return o.plan, nil
	}
	hash := steer.PlanHash(r)
	if r.Plan.Hash != hash {
		return "", fault.New(fault.Failed, "cannot approve "+m.Key(), "the cutover has found plan %s, which is not stored yet", hash).
			Trying("kubectl", "move", "plan", m.Key(), "--target", r.Target, "--refresh")
	}
	for _, line := range view.Summary(r) {
		k.Narrate("%s", line)
	}
	if o.yes {
		return hash, nil
	}
	return hash, k.Confirm("Approve plan "+hash+" of "+m.Key()+"?", "--plan "+hash+" or --yes")
}

// addTarget adds the flag that names a target.
func addTarget(k *kit.Kit, c *cobra.Command, target *string) {
	c.Flags().StringVar(target, "target", "", "the name of the target; needed where there are several")
	_ = c.RegisterFlagCompletionFunc("target", completeTargets(k))
}
