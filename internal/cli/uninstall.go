package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/installation"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/setup"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
)

type uninstallOptions struct {
	dryRun  kit.DryRun
	yes     bool
	with    bool
	wait    bool
	timeout time.Duration
}

func newUninstallCommand(k *kit.Kit) *cobra.Command {
	o := &uninstallOptions{}
	c := &cobra.Command{
		Use: "uninstall", Short: "Remove KubeMove; the applications and what was moved stay",
		Long: "Remove what install has made, in the reverse order, the kinds last. It refuses while there are moves: without KubeMove they\n" +
			"would never be cleaned up. A kind of which there are objects stays, unless --with-objects is given.\n\n" +
			"What stays: the applications and their data, the records and locks of switches, repository claims, and the Secrets and accounts\n" +
			"of targets, which target remove removes.",
		Example: examples(k, "uninstall --dry-run=server", "uninstall --yes --wait"),
		Args:    kit.Exactly(0, "no argument"),
		RunE:    func(c *cobra.Command, _ []string) error { return runUninstall(c.Context(), k, o) },
	}
	o.dryRun.AddFlag(c)
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	c.Flags().BoolVar(&o.with, "with-objects", false, "delete kinds of Metacontroller that have objects, too, and these with them")
	c.Flags().BoolVar(&o.wait, "wait", false, "wait until the namespace is gone")
	c.Flags().DurationVar(&o.timeout, "timeout", 5*time.Minute, "how long to wait")
	return c
}

func runUninstall(ctx context.Context, k *kit.Kit, o *uninstallOptions) error {
	if err := o.dryRun.Check(); err != nil {
		return err
	}
	objects, err := installation.Build(nil)
	if err != nil {
		return err
	}
	if err := noMoves(ctx, k); err != nil {
		return err
	}
	if !o.yes && !o.dryRun.Server() {
		question := "Remove KubeMove, with everything in namespace " + installation.Namespace + "?"
		if err := k.Confirm(question, "--yes"); err != nil {
			return err
		}
	}
	s, err := setup.New(k, o.dryRun)
	if err != nil {
		return err
	}
	rest, definitions := installation.Removal(objects)
	if err := s.Remove(ctx, rest); err != nil {
		return err
	}
	stays, err := s.RemoveDefinitions(ctx, definitions, rest, o.with)
	if err != nil {
		return err
	}
	for _, line := range stays {
		k.Narrate("It stays: %s", line)
	}
	if o.wait && !o.dryRun.Server() {
		if err := s.Gone(ctx, o.timeout); err != nil {
			return err
		}
	}
	if len(stays) > 0 {
		return fault.New(fault.Warned, "not everything was removed", "what stays is said above").
			Trying("kubectl", "get", "customresourcedefinitions", "--selector", installation.PartOf+"="+installation.PartOfValue)
	}
	return nil
}

// noMoves refuses while there is an object of KubeMove's kinds. Where these are not served, there is none.
func noMoves(ctx context.Context, k *kit.Kit) error {
	client, err := k.Moves()
	if err != nil {
		return err
	}
	o, err := snapshot.Read(ctx, client, "", snapshot.Newest)
	if fault.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return steer.Uninstall(o)
}
