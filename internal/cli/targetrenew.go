package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/reach"
	"github.com/kubemove/kubemove/internal/cli/target"
)

type targetRenewOptions struct {
	there
	dryRun   kit.DryRun
	duration time.Duration
	yes      bool
}

func newTargetRenewCommand(k *kit.Kit) *cobra.Command {
	o := &targetRenewOptions{}
	c := &cobra.Command{
		Use: "renew NAME --kubeconfig FILE", Short: "Put a new token in the place of a target's",
		Long: "Make a new token for the account of a target, and store it in the Secret NAME. Moves go on with it by themselves.\n\n" +
			"A token that ends is made for as long as before, or for --duration. One that does not end is replaced by another one, and does\n" +
			"not work any more from then on: what runs at that moment fails, and is tried again.\n\n" +
			"--kubeconfig and --context are of the target's cluster here.",
		Example: examples(k, "target renew dst --kubeconfig dst.kubeconfig", "target renew dst --context dst --duration 720h"),
		Args:    kit.Exactly(1, targetUse), ValidArgsFunction: completeStored(k),
		RunE: func(c *cobra.Command, args []string) error { return runTargetRenew(c.Context(), k, o, args[0]) },
	}
	o.addFlags(k, c)
	o.dryRun.AddFlag(c)
	c.Flags().DurationVar(&o.duration, "duration", 0, "how long the new token lasts, such as 720h (default: as the one before)")
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	return c
}

func runTargetRenew(ctx context.Context, k *kit.Kit, o *targetRenewOptions, name string) error {
	if err := o.dryRun.Check(); err != nil {
		return err
	}
	if err := checkDuration(o.duration); err != nil {
		return err
	}
	cluster, err := o.open(k)
	if err != nil {
		return err
	}
	ns, err := k.Namespace()
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
	former := target.Read(secret, target.Key)
	t, ok := former.Target()
	if !ok {
		return fault.New(fault.Failed, "cannot renew target "+name, "the Secret %s in namespace %s has no account that target add has made; "+
			"write a new kubeconfig into it yourself, or make an account with target add --overwrite", name, ns)
	}
	if o.duration == 0 {
		o.duration = former.Duration()
	}
	if err := o.confirm(k, cluster, t, former); err != nil {
		return err
	}
	return o.renew(ctx, k, cluster, t, former, ns, secret.ResourceVersion)
}

// confirm says what is replaced.
func (o *targetRenewOptions) confirm(k *kit.Kit, c *reach.Cluster, t target.Target, former target.Stored) error {
	k.Narrate("In %s, for the account %s/%s: a new token.", c, t.Namespace, t.Account())
	if former.Duration() == 0 {
		k.Narrate("The token that it has now works until then, and not any more.")
	}
	if o.yes || o.dryRun.Server() {
		return nil
	}
	return k.Confirm("Renew target "+t.Name+"?", "--yes")
}

func (o *targetRenewOptions) renew(
	ctx context.Context, k *kit.Kit, c *reach.Cluster, t target.Target, former target.Stored, ns, version string,
) error {
	lasting := o.duration == 0
	if lasting {
		if err := replaceToken(ctx, o.dryRun, c, t); err != nil {
			return err
		}
	}
	if o.dryRun.Server() {
		k.Done(o.dryRun, "secret/"+t.Name, "renewed")
		return nil
	}
	contents, err := newContents(ctx, k, c, t, o.duration, former.Server)
	if err != nil {
		return err
	}
	if err := store(ctx, k, o.dryRun, t.Secret(ns, contents), version); err != nil {
		return err
	}
	if !lasting && former.Duration() == 0 {
		// The one that does not end would go on working.
		if err := removeToken(ctx, o.dryRun, c, t); err != nil {
			return err
		}
	}
	k.Next([]string{"kubectl", "move", "target", "check", t.Name})
	return nil
}

// replaceToken that does not end by another one.
func replaceToken(ctx context.Context, d kit.DryRun, c *reach.Cluster, t target.Target) error {
	objects, err := t.Objects(target.Parts{Token: true})
	if err != nil {
		return err
	}
	// The account has to be there: without it the cluster removes the Secret again, and a move has no rights.
	if err := c.HasAccount(ctx, t); err != nil {
		return err
	}
	last := &objects[len(objects)-1]
	if err := removeToken(ctx, d, c, t); err != nil {
		return err
	}
	return c.Apply(ctx, d, last)
}

// removeToken that does not end.
func removeToken(ctx context.Context, d kit.DryRun, c *reach.Cluster, t target.Target) error {
	objects, err := t.Objects(target.Parts{Token: true})
	if err != nil {
		return err
	}
	token := &objects[len(objects)-1]
	switch standing, err := c.Look(ctx, t, token); {
	case err != nil:
		return err
	case standing == reach.Ours:
		return c.Remove(ctx, d, token)
	case standing == reach.Foreign:
		return fault.New(fault.Failed, "cannot replace "+target.Ref(token)+" in "+c.String(), "it lacks the label of this target, so it is "+
			"another client's")
	case standing == reach.Unseen:
		return fault.New(fault.Failed, "cannot replace "+target.Ref(token)+" in "+c.String(), "you may not read it: get and delete secrets in "+
			"namespace %s",
			t.Namespace)
	}
	return nil
}
