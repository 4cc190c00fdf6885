package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/planfile"
)

type explainOptions struct{ target string }

func newExplainCommand(k *kit.Kit) *cobra.Command {
	o := &explainOptions{}
	c := &cobra.Command{
		Use: "explain [NAME] OBJECT", Short: "Say why an object moves or stays, and what becomes of it",
		Long: "Say what the plan has of one object: whether it moves or stays, and why; when it is created; what the target has in its place\n" +
			"and in which fields that differs; what moves because of it; warnings and blockers about it.\n\n" +
			"OBJECT is NAME or KIND/NAME, with the kind as kubectl takes it: deployment/web, svc/web, pvc/data.",
		Example: examples(k, "explain shop deploy/web", "explain configmap/settings"),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return fault.Badly("got %d arguments, expected OBJECT, or NAME and OBJECT", len(args))
			}
			return nil
		},
		ValidArgsFunction: completeMoves(k),
		RunE: func(c *cobra.Command, args []string) error {
			name, object := "", args[0]
			if len(args) == 2 {
				name, object = args[0], args[1]
			}
			m, err := k.Move(c.Context(), name)
			if err != nil {
				return err
			}
			return runExplain(c.Context(), k, o, m, object)
		},
	}
	addTarget(k, c, &o.target)
	return c
}

func runExplain(ctx context.Context, k *kit.Kit, o *explainOptions, m snapshot.Move, object string) error {
	r, err := m.Choose(o.target)
	if err != nil {
		return err
	}
	plan, err := storedPlan(ctx, k, m, r)
	if err != nil {
		return err
	}
	refs := plan.Find(object)
	if len(refs) == 0 {
		return fault.New(fault.Failed, "there is nothing to explain of "+object, "the plan %s lists no object of that name; it has %s",
			plan.Hash, similar(plan, object)).Trying("kubectl", "move", "plan", m.Key(), "--target", r.Target)
	}
	for i, ref := range refs {
		if i > 0 {
			fmt.Fprintln(k.Out)
		}
		if err := plan.Explain(ref).Render(k.Out, planfile.Options{Diffs: true}); err != nil {
			return err
		}
	}
	return nil
}

// similar objects of a plan, five at most: those whose names have the text in them, or the first ones.
func similar(plan planfile.Plan, object string) string {
	const most = 5
	_, name, both := strings.Cut(object, "/")
	if !both {
		name = object
	}
	var like, all []application.Ref
	for _, e := range plan.Entries() {
		all = append(all, e.Ref)
		if strings.Contains(e.Ref.Name, name) || strings.Contains(name, e.Ref.Name) {
			like = append(like, e.Ref)
		}
	}
	if len(like) == 0 {
		like = all
	}
	var out []string
	for _, ref := range like[:min(len(like), most)] {
		out = append(out, ref.String())
	}
	if len(out) == 0 {
		return "none at all"
	}
	return strings.Join(out, ", ")
}
