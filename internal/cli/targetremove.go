package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/reach"
	"github.com/kubemove/kubemove/internal/cli/target"
)

type targetRemoveOptions struct {
	there
	dryRun                 kit.DryRun
	force, secretOnly, yes bool
}

func newTargetRemoveCommand(k *kit.Kit) *cobra.Command {
	o := &targetRemoveOptions{}
	c := &cobra.Command{
		Use: "remove NAME --kubeconfig FILE", Short: "Remove the account at a target, and its Secret here",
		Long: "Remove what target add has made: the account with its roles and token at the target, then the Secret NAME here. The namespace\n" +
			"there stays, with all else that it holds. While a move names the Secret nothing is removed.\n\n" +
			"--kubeconfig and --context are of the target's cluster here.",
		Example: examples(k, "target remove dst --kubeconfig dst.kubeconfig", "target remove dst --secret-only"),
		Args:    kit.Exactly(1, targetUse), ValidArgsFunction: completeStored(k),
		RunE: func(c *cobra.Command, args []string) error { return runTargetRemove(c.Context(), k, o, args[0]) },
	}
	o.addFlags(k, c)
	o.dryRun.AddFlag(c)
	f := c.Flags()
	f.BoolVar(&o.force, "force", false, "remove it although a move uses it: that move, and its clean-up, cannot go on")
	f.BoolVar(&o.secretOnly, "secret-only", false, "leave the account at the target, such as in a cluster that is gone")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	return c
}

func runTargetRemove(ctx context.Context, k *kit.Kit, o *targetRemoveOptions, name string) error {
	if err := o.dryRun.Check(); err != nil {
		return err
	}
	if o.secretOnly && o.isGiven() {
		return fault.Badly("--secret-only asks nothing at the target: leave --kubeconfig, --context and --in-cluster out")
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
	if !former.IsOurs() {
		return fault.New(fault.Failed, "cannot remove target "+name, "the Secret %s in namespace %s was not made by target add", name, ns).
			Trying("kubectl", "--namespace", ns, "delete", "secret", name)
	}
	uses, err := usesOf(ctx, k, ns)
	if err != nil {
		return err
	}
	if err := o.checkUses(name, ns, uses); err != nil {
		return err
	}
	t, hasAccount := former.Target()
	if hasAccount && !o.secretOnly {
		if err := o.removeThere(ctx, k, t); err != nil {
			return err
		}
	} else if err := o.confirm(k, name, "Only the Secret is removed."); err != nil {
		return err
	}
	return o.removeHere(ctx, k, ns, name, secret.UID)
}

// checkUses refuses while a move names the Secret.
func (o *targetRemoveOptions) checkUses(name, ns string, uses []target.Use) error {
	var by []string
	for _, u := range uses {
		if u.Secret == name && !slices.Contains(by, u.Move) {
			by = append(by, u.Move)
		}
	}
	if len(by) == 0 || o.force {
		return nil
	}
	return fault.New(fault.Failed, "cannot remove target "+name, "it is used by %s, also for the clean-up when that is deleted; delete the "+
		"move first, or add --force", strings.Join(by, ", ")).
		Trying("kubectl", "--namespace", ns, "delete", "moveengine", strings.TrimPrefix(by[0], "moveengine/"))
}

func (o *targetRemoveOptions) confirm(k *kit.Kit, name, what string) error {
	k.Narrate("%s", what)
	if o.yes || o.dryRun.Server() {
		return nil
	}
	return k.Confirm("Remove target "+name+"?", "--yes")
}

// removeThere removes the objects at the target, the token first.
func (o *targetRemoveOptions) removeThere(ctx context.Context, k *kit.Kit, t target.Target) error {
	c, err := o.open(k)
	if err != nil {
		return err
	}
	found, err := look(ctx, c, t)
	if err != nil {
		return err
	}
	if foreign := found.refs(reach.Foreign); len(foreign) > 0 {
		return fault.New(fault.Failed, "cannot remove target "+t.Name+" in "+c.String(), "these lack its label, so they are another client's: "+
			"%s; "+
			"delete them there, or remove the Secret alone with --secret-only", strings.Join(foreign, ", "))
	}
	if len(found[reach.Ours]) == 0 {
		return fault.New(fault.Failed, "there is nothing of target "+t.Name+" in "+c.String(), "expected serviceaccount/%s in namespace %s: "+
			"name the cluster that it is in, or remove the Secret alone with --secret-only", t.Account(), t.Namespace)
	}
	k.Narrate("In %s:", c)
	for _, ref := range found.refs(reach.Ours) {
		k.Item("%s", ref)
	}
	if unseen := found.refs(reach.Unseen); len(unseen) > 0 {
		k.Narrate("Warning: you may not read these there, so they stay if they are there: %s.", strings.Join(unseen, ", "))
	}
	if err := o.confirm(k, t.Name, "At home: secret/"+t.Name); err != nil {
		return err
	}
	return remove(ctx, k, o.dryRun, c, found[reach.Ours])
}

// found are the objects of a target by their standing, the last one that was created first.
type found map[reach.Standing][]unstructured.Unstructured

func (f found) refs(s reach.Standing) (out []string) {
	for i := range f[s] {
		out = append(out, target.Ref(&f[s][i]))
	}
	return out
}

// look at all objects that a target may have.
func look(ctx context.Context, c *reach.Cluster, t target.Target) (found, error) {
	objects, err := t.Objects(target.All)
	if err != nil {
		return nil, err
	}
	slices.Reverse(objects)
	out := found{}
	for i := range objects {
		standing, err := c.Look(ctx, t, &objects[i])
		if err != nil {
			return nil, err
		}
		out[standing] = append(out[standing], objects[i])
	}
	return out, nil
}

// remove objects one after the other.
func remove(ctx context.Context, k *kit.Kit, d kit.DryRun, c *reach.Cluster, objects []unstructured.Unstructured) error {
	for i := range objects {
		if err := c.Remove(ctx, d, &objects[i]); err != nil {
			return err
		}
		k.Narrate("%s deleted%s", target.Ref(&objects[i]), dryNote(d))
	}
	return nil
}

// removeHere removes the Secret that was read, and no later one.
func (o *targetRemoveOptions) removeHere(ctx context.Context, k *kit.Kit, ns, name string, uid types.UID) error {
	core, err := k.Core()
	if err != nil {
		return err
	}
	k.Say(o.dryRun, []string{"kubectl", "--namespace", ns, "delete", "secret", name})
	err = core.CoreV1().Secrets(ns).Delete(ctx, name,
		metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}, DryRun: o.dryRun.Options()})
	if err != nil {
		return fault.API(fmt.Sprintf("cannot delete the Secret %s in namespace %s", name, ns), err)
	}
	k.Done(o.dryRun, "secret/"+name, "deleted")
	return nil
}
