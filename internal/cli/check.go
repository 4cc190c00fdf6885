package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kubemove/kubemove/internal/cli/check"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/observe"
	"github.com/kubemove/kubemove/internal/cli/target"
	"github.com/kubemove/kubemove/internal/cli/view"
)

type checkOptions struct {
	pre, all bool
	output   kit.Output
}

func newCheckCommand(k *kit.Kit) *cobra.Command {
	o := &checkOptions{}
	c := &cobra.Command{
		Use: "check", Short: "Look whether KubeMove, your rights and the targets are as they should be",
		Long: "Look whether KubeMove is installed and answers, whether you have the rights of a move in the namespace, whether its targets\n" +
			"can be used, and what former moves have left. With --pre: whether KubeMove can be installed. Nothing is changed.\n\n" +
			"It ends with code 5 when a check has failed, and with code 3 when there are warnings. What could not be looked at is skipped,\n" +
			"with the reason.",
		Example: examples(k, "check", "check --pre", "check --all-namespaces --output json"),
		Args:    kit.Exactly(0, "no argument"),
		RunE:    func(c *cobra.Command, _ []string) error { return runCheck(c.Context(), k, o) },
	}
	c.Flags().BoolVar(&o.pre, "pre", false, "look whether KubeMove can be installed")
	c.Flags().BoolVarP(&o.all, "all-namespaces", "A", false, "the moves, targets and leftovers of all namespaces")
	o.output.AddFlag(c, "text", "table", "wide", "json", "yaml", "name")
	return c
}

func runCheck(ctx context.Context, k *kit.Kit, o *checkOptions) error {
	if err := o.output.Check(); err != nil {
		return err
	}
	report, err := checkReport(ctx, k, o.pre, o.all)
	if err != nil {
		return err
	}
	if err := o.show(k, report); err != nil {
		return err
	}
	if code := report.Code(); code != fault.Done {
		return &fault.Error{Failed: "not everything is as it should be", Reason: view.CheckSummary(report), Code: code}
	}
	next := []string{"kubectl", "move", "target", "list"}
	if o.pre {
		next = []string{"kubectl", "move", "install"}
	}
	k.Next(next)
	return nil
}

func (o *checkOptions) show(k *kit.Kit, report check.Report) error {
	done, err := o.output.Print(k, report, func() (names []string) {
		for _, r := range report.Results {
			names = append(names, r.ID)
		}
		return names
	})
	switch {
	case done || err != nil:
		return err
	case o.output.Is("text"):
		fmt.Fprint(k.Out, view.Checks(report, k.View(k.Out)))
	default:
		fmt.Fprint(k.Out, view.CheckTable(report, o.output.Is("wide"), k.View(k.Out)))
	}
	return nil
}

// checkReport of the checks before an installation, or of those of one.
func checkReport(ctx context.Context, k *kit.Kit, pre, all bool) (check.Report, error) {
	options := observe.Options{Client: clientVersion(), Targets: func(ctx context.Context, ns string) ([]check.Target, error) {
		return checkTargets(ctx, k, ns)
	}}
	if !all {
		var err error
		if options.Namespace, err = k.Namespace(); err != nil {
			return check.Report{}, err
		}
	}
	if pre {
		o, err := observe.Before(ctx, k, options)
		return check.RunPre(o), err
	}
	o, err := observe.Installed(ctx, k, options)
	return check.Run(o), err
}

// checkTargets of a namespace, each as target check does it.
func checkTargets(ctx context.Context, k *kit.Kit, ns string) (out []check.Target, err error) {
	uses, err := usesOf(ctx, k, ns)
	if err != nil {
		return nil, err
	}
	list, err := storedTargets(ctx, k, ns)
	if err != nil {
		return nil, err
	}
	for _, stored := range list {
		secret, err := secretOf(ctx, k, ns, stored.Name)
		if err != nil {
			return nil, err
		}
		report := target.NewReport(stored, target.Observed{}, target.SideOf(stored.Name, uses), k.Now())
		if secret != nil {
			if report, err = checkTarget(ctx, k, secret, uses, ""); err != nil {
				return nil, err
			}
		}
		out = append(out, check.Target{Namespace: ns, Report: report})
	}
	return out, nil
}
