package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/reach"
	"github.com/kubemove/kubemove/internal/cli/target"
	"github.com/kubemove/kubemove/internal/cli/view"
)

type targetCheckOptions struct {
	output kit.Output
	side   string
}

func newTargetCheckCommand(k *kit.Kit) *cobra.Command {
	o := &targetCheckOptions{}
	c := &cobra.Command{
		Use: "check NAME", Short: "Connect to a target with its stored kubeconfig, and look at its rights",
		Long: "Connect to a target with the kubeconfig in the Secret NAME, as a move does, and ask for each right of a move. It ends with " +
			"code 5\n" +
			"when no move can use the target. It connects from this machine: an address that only Pods reach cannot be checked here.",
		Example: examples(k, "target check dst", "target check src --side source"),
		Args:    kit.Exactly(1, targetUse), ValidArgsFunction: completeStored(k),
		RunE: func(c *cobra.Command, args []string) error { return runTargetCheck(c.Context(), k, o, args[0]) },
	}
	o.output.AddFlag(c, "table", "json", "yaml")
	c.Flags().StringVar(&o.side, "side", "", "check it as the `SIDE` target or source of a move (default: as the moves that use it have it)")
	_ = c.RegisterFlagCompletionFunc("side", cobra.FixedCompletions([]string{target.AsTarget, target.AsSource},
		cobra.ShellCompDirectiveNoFileComp))
	return c
}

func runTargetCheck(ctx context.Context, k *kit.Kit, o *targetCheckOptions, name string) error {
	if err := o.output.Check(); err != nil {
		return err
	}
	if o.side != "" && o.side != target.AsTarget && o.side != target.AsSource {
		return fault.Badly("--side is %q, expected target or source", o.side)
	}
	ns, err := k.Namespace()
	if err != nil {
		return err
	}
	uses, err := usesOf(ctx, k, ns)
	if err != nil {
		return err
	}
	secret, err := secretOf(ctx, k, ns, name)
	if err != nil {
		return err
	}
	if secret == nil {
		return noTarget(ns, name)
	}
	report, err := checkTarget(ctx, k, secret, uses, o.side)
	if err != nil {
		return err
	}
	if done, err := o.output.Print(k, report, nil); err != nil || done && !report.HasFailed() {
		return err
	} else if !done {
		fmt.Fprint(k.Out, view.Columns(report.Rows(), k.View(k.Out), nil))
	}
	if report.HasFailed() {
		return &fault.Error{Failed: "target " + name + " cannot be used by a move", Reason: "a check has failed, see above", Code: fault.Blocked}
	}
	return nil
}

// checkTarget by the kubeconfig that is stored. side: empty for that of the moves that use it.
func checkTarget(ctx context.Context, k *kit.Kit, secret *corev1.Secret, uses []target.Use, side string) (target.Report, error) {
	key, namespace := target.Key, ""
	for _, u := range uses {
		if u.Secret == secret.Name {
			key, namespace = u.Key, u.Namespace
			break
		}
	}
	if side == "" {
		side = target.SideOf(secret.Name, uses)
	}
	stored := target.Read(secret, key)
	for _, u := range uses {
		if u.Secret == secret.Name {
			stored.UsedBy = append(stored.UsedBy, u.Move)
		}
	}
	if namespace != "" {
		stored.Namespace = namespace
	}
	if stored.Problem != "" {
		return target.NewReport(stored, target.Observed{}, side, k.Now()), nil
	}
	rights, err := target.Wanted()
	if err != nil {
		return target.Report{}, err
	}
	observed, err := reach.Observe(ctx, k, secret.Data[key], stored, rights)
	return target.NewReport(stored, observed, side, k.Now()), err
}
