package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/target"
	"github.com/kubemove/kubemove/internal/cli/view"
)

func newTargetListCommand(k *kit.Kit) *cobra.Command {
	o := &kit.Output{}
	c := &cobra.Command{
		Use: "list", Short: "List the targets of the namespace, and the moves that use them",
		Long: "List the Secrets of targets in the namespace: those that target add has made, and all others that a MoveEngine names. Nothing " +
			"is\n" +
			"asked at the targets; check does that.",
		Example: examples(k, "target list", "target list --output json"),
		Args:    kit.AtMost(0, "none"),
		RunE:    func(c *cobra.Command, _ []string) error { return runTargetList(c.Context(), k, o) },
	}
	o.AddFlag(c, "table", "json", "yaml", "name")
	return c
}

func runTargetList(ctx context.Context, k *kit.Kit, o *kit.Output) error {
	if err := o.Check(); err != nil {
		return err
	}
	ns, err := k.Namespace()
	if err != nil {
		return err
	}
	list, err := storedTargets(ctx, k, ns)
	if err != nil {
		return err
	}
	done, err := o.Print(k, list, func() (names []string) {
		for _, s := range list {
			names = append(names, "secret/"+s.Name)
		}
		return names
	})
	if done || err != nil {
		return err
	}
	if len(list) == 0 {
		k.Narrate("There are no targets in namespace %s.", ns)
		k.Next([]string{"kubectl", "move", "target", "add", "--help"})
		return nil
	}
	fmt.Fprint(k.Out, view.Columns(target.Rows(list, k.Now()), k.View(k.Out), nil))
	return nil
}

// storedTargets of a namespace.
func storedTargets(ctx context.Context, k *kit.Kit, ns string) ([]target.Stored, error) {
	uses, err := usesOf(ctx, k, ns)
	if err != nil {
		return nil, err
	}
	secrets, err := listSecrets(ctx, k, ns)
	if err != nil {
		return nil, err
	}
	for _, u := range uses {
		if slices.ContainsFunc(secrets, func(s corev1.Secret) bool { return s.Name == u.Secret }) {
			continue
		}
		s, err := secretOf(ctx, k, ns, u.Secret)
		if err != nil {
			return nil, err
		}
		if s != nil {
			secrets = append(secrets, *s)
		}
	}
	return target.List(secrets, uses), nil
}
