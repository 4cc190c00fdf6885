package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
	"github.com/kubemove/kubemove/internal/cli/view"
)

type statusOptions struct {
	all, watch bool
	output     kit.Output
}

func newStatusCommand(k *kit.Kit) *cobra.Command {
	o := &statusOptions{}
	c := &cobra.Command{
		Use: "status [NAME]", Short: "Show all moves, or one of them in detail",
		Long: "Show all moves of the namespace in a table, or one of them in detail: its steps with their times, its data, how old the copy\n" +
			"is, how long a switch would stop the application, and what is next.\n\n" +
			"With --watch it is drawn anew on a terminal, and otherwise a line is written for each change. It ends with Ctrl-C, and of one\n" +
			"move when that is over. A tilde in front of a downtime says that it is predicted.",
		Example: examples(k, "status", "status shop --watch", "status -A -o wide"),
		Args:    kit.AtMost(1, nameUse), ValidArgsFunction: completeMoves(k),
		RunE: func(c *cobra.Command, args []string) error { return runStatus(c.Context(), k, o, kit.First(args)) },
	}
	c.Flags().BoolVarP(&o.all, "all-namespaces", "A", false, "the moves of all namespaces")
	c.Flags().BoolVarP(&o.watch, "watch", "w", false, "go on, and show what changes")
	o.output.AddFlag(c, "table", "wide", "json", "yaml", "name")
	return c
}

func runStatus(ctx context.Context, k *kit.Kit, o *statusOptions, name string) error {
	if err := o.output.Check(); err != nil {
		return err
	}
	if o.all && name != "" {
		return fault.Badly("a NAME and --all-namespaces are both given: leave one of them out")
	}
	if o.watch && !o.output.IsTable() {
		return fault.Badly("--watch shows a table: leave --output %s out", o.output.String())
	}
	ns := ""
	if !o.all {
		var err error
		if ns, err = k.Namespace(); err != nil {
			return err
		}
	}
	read := k.Load
	if o.all {
		read = k.LoadCached // What may be much, and is only shown.
	}
	s, err := read(ctx, ns)
	if err != nil {
		return err
	}
	if name == "" {
		return showAll(ctx, k, o, ns, s)
	}
	m, err := s.Find(ns, name)
	if err != nil {
		return err
	}
	if o.watch {
		return watchMove(ctx, k, m)
	}
	return showMove(k, o, m)
}

func showAll(ctx context.Context, k *kit.Kit, o *statusOptions, ns string, s snapshot.Snapshot) error {
	if o.watch {
		return watchAll(ctx, k, o, ns)
	}
	if done, err := o.output.Print(k, s, func() (names []string) {
		for _, m := range s.Moves {
			names = append(names, m.Key())
		}
		return names
	}); done {
		return err
	}
	if len(s.Moves) == 0 {
		where := "namespace " + ns
		if ns == "" {
			where = "any namespace"
		}
		k.Narrate("There are no moves in %s.", where)
		return nil
	}
	fmt.Fprint(k.Out, view.Table(s, o.output.Is("wide"), o.all, k.View(k.Out)))
	if len(s.Moves) == 1 {
		m := s.Moves[0]
		k.Next(steer.In(k.Current(), m, "kubectl", "move", "status", m.Key()))
	}
	return nil
}

func showMove(k *kit.Kit, o *statusOptions, m snapshot.Move) error {
	if done, err := o.output.Print(k, m, func() []string { return []string{m.Key()} }); done {
		return err
	}
	v := k.View(k.Out)
	v.Quiet = true
	fmt.Fprint(k.Out, view.Render(m, v))
	k.NextOf(m, "status")
	return nil
}

func watchMove(ctx context.Context, k *kit.Kit, m snapshot.Move) error {
	l := newLive(k, m.Key()).onOut()
	// A move that was tried before may be tried again, so only the end that is seen here ends the view.
	ended := m.Phase != snapshot.Switched && m.Phase != snapshot.Returned && m.Phase.IsOver()
	last, err := k.Await(ctx, m, kit.Goal{
		What: m.Key(), Goes: goesOn(m), Follow: stopping(m), Show: l.show,
		Reached: func(m snapshot.Move) (bool, error) {
			ended = ended && m.Phase.IsOver()
			return m.Phase.IsOver() && m.Phase != snapshot.Held && !ended, nil
		},
	})
	l.end()
	if err != nil {
		if fault.Code(err) == fault.Interrupted {
			return kit.Interrupted(goesOn(last), stopping(last))
		}
		return err
	}
	k.NextOf(last, "status")
	return nil
}

// goesOn says what goes on in the cluster without this program.
func goesOn(m snapshot.Move) string {
	switch {
	case m.Phase.IsSwitching():
		return m.Key() + " goes on switching in the cluster; rollback ends it until it is committed"
	case m.Phase.IsOver():
		return m.Key() + " is over"
	case m.Phase == snapshot.Suspended:
		return m.Key() + " is suspended: nothing new begins"
	}
	return m.Key() + " goes on in the cluster, in phase " + string(m.Phase) + "; suspend pauses it"
}

// stopping is the command that follows a move.
func stopping(m snapshot.Move) []string {
	return []string{"kubectl", "move", "status", m.Key(), "--watch"}
}

func watchAll(ctx context.Context, k *kit.Kit, o *statusOptions, ns string) error {
	l := newLive(k, "").onOut()
	l.wide, l.namespaces = o.output.Is("wide"), o.all
	for {
		s, err := k.LoadCached(ctx, ns)
		if err == nil {
			l.show(s)
		} else if !errors.Is(err, context.Canceled) {
			return err
		}
		select {
		case <-ctx.Done():
			return kit.Interrupted("the moves go on in the cluster", []string{"kubectl", "move", "status", "--watch"})
		case <-time.After(2 * k.Interval):
		}
	}
}
