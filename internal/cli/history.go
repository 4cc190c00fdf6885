package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/view"
	"github.com/kubemove/kubemove/internal/text"
)

type historyOptions struct{ output kit.Output }

func newHistoryCommand(k *kit.Kit) *cobra.Command {
	o := &historyOptions{}
	c := onMove(k, "history [NAME]", "Show the copies and the steps of the switch with their times",
		"Show what has happened, the oldest first: the newest plan, the last copies (ten of each DataSync are kept, and the last that\n"+
			"succeeded), and the steps of the newest try of the switch.",
		func(_ context.Context, m snapshot.Move) error { return runHistory(k, o, m) })
	o.output.AddFlag(c, "table", "json", "yaml")
	return c
}

func runHistory(k *kit.Kit, o *historyOptions, m snapshot.Move) error {
	if err := o.output.Check(); err != nil {
		return err
	}
	list := view.NewHistory(m, k.Now())
	if done, err := o.output.Print(k, list, nil); done {
		return err
	}
	if len(list) == 0 {
		k.Narrate("Nothing has happened yet.")
		return nil
	}
	fmt.Fprint(k.Out, view.History(list, len(m.Routes) > 1, k.View(k.Out)))
	return nil
}

// sinceText is the time since then as a table has it.
func sinceText(now, then time.Time) string {
	if then.IsZero() {
		return ""
	}
	return text.Took(now.Sub(then))
}
