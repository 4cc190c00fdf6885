package cli

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
)

type startOptions struct {
	dryRun  kit.DryRun
	file    string
	force   bool
	timeout time.Duration
}

func newStartCommand(k *kit.Kit) *cobra.Command {
	o := &startOptions{}
	c := &cobra.Command{
		Use: "start -f FILE", Short: "Apply a MoveEngine, and wait until it is accepted",
		Long: "Apply the MoveEngines and MoveReverses of a file on the server's side, with the field manager kubectl-move, and wait until " +
			"each\n" +
			"is accepted, or say why it is not. Nothing is stopped by it: a plan is made, and a live move begins to copy.",
		Example: examples(k, "start -f moveengine.yaml", "start -f moveengine.yaml --dry-run=server"),
		Args:    kit.Exactly(0, "no argument but -f FILE"),
		RunE:    func(c *cobra.Command, _ []string) error { return runStart(c.Context(), k, o) },
	}
	c.Flags().StringVarP(&o.file, "filename", "f", "", "the `FILE` with the MoveEngine; - for the input")
	o.dryRun.AddFlag(c)
	c.Flags().BoolVar(&o.force, "force-conflicts", false, "take fields from other field managers")
	c.Flags().DurationVar(&o.timeout, "timeout", time.Minute, "how long to wait until it is accepted; 0 for ever")
	return c
}

func runStart(ctx context.Context, k *kit.Kit, o *startOptions) error {
	if err := o.dryRun.Check(); err != nil {
		return err
	}
	moves, err := readMoves(k, o.file)
	if err != nil {
		return err
	}
	for _, m := range moves {
		generation, err := k.Apply(ctx, o.dryRun, m, o.force)
		if err != nil {
			return err
		}
		if o.dryRun.Server() {
			continue
		}
		if err := accepted(ctx, k, snapshot.Move{Kind: m.Kind, Namespace: m.Namespace, Name: m.Name}, o.timeout, generation); err != nil {
			return err
		}
	}
	return nil
}

// readMoves of a file that -f names.
func readMoves(k *kit.Kit, file string) ([]steer.Manifest, error) {
	if file == "" {
		return nil, fault.Badly("no file is given: expected -f FILE with a MoveEngine")
	}
	data, err := readFile(k, file)
	if err != nil {
		return nil, err
	}
	ns, err := k.Namespace()
	if err != nil {
		return nil, err
	}
	given := ""
	if k.Flags.Namespace != nil {
		given = *k.Flags.Namespace
	}
	moves, err := steer.Read(data, ns, given)
	if err != nil {
		return nil, fault.Badly("%s cannot be read: %s", file, err)
	}
	return moves, nil
}

// readFile by its name; - is the input.
func readFile(k *kit.Kit, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(k.In)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fault.Badly("cannot read %s: %s", name, err)
	}
	return data, nil
}

// accepted waits until a move is, from this generation on, or says why it is not.
func accepted(ctx context.Context, k *kit.Kit, m snapshot.Move, timeout time.Duration, generation int64) error {
	last, err := k.Await(ctx, m, kit.Goal{
		What: "the answer of KubeMove to " + m.Key(), Timeout: timeout, Goes: m.Key() + " is applied, and is worked on when KubeMove runs",
		Follow: []string{"kubectl", "move", "check"},
		Reached: func(m snapshot.Move) (bool, error) {
			if m.Phase == snapshot.Refused {
				return false, fault.New(fault.Failed, m.Key()+" is not accepted", "%s", m.Message).
					Trying("kubectl", "--namespace", m.Namespace, "edit", m.Resource(), m.Name)
			}
			return m.Phase != snapshot.Starting && observed(m) >= generation, nil
		},
	})
	if err != nil {
		return err
	}
	k.Print("%s accepted", last.Key())
	k.NextOf(last, "start")
	return nil
}

// observed is the generation that the status of a move was computed from.
func observed(m snapshot.Move) int64 {
	switch {
	case m.Engine != nil:
		return m.Engine.Status.ObservedGeneration
	case m.Reverse != nil:
		return m.Reverse.Status.ObservedGeneration
	}
	return 0
}
