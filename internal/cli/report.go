package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/report"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
)

type reportOptions struct {
	output kit.Output
	target string
}

func newReportCommand(k *kit.Kit) *cobra.Command {
	o := &reportOptions{}
	c := onMove(k, "report [NAME]", "Report how a move was verified and how long it took",
		"Report a move: what was planned and approved, each step of the switch with its time, how both sides were compared, the downtime\n"+
			"beside the one that was predicted, the copies, and all warnings. The form html is one page that loads nothing.",
		func(_ context.Context, m snapshot.Move) error { return runReport(k, o, m) })
	c.Example = examples(k, "report shop", "report shop -o html > shop.html")
	o.output.AddFlag(c, "text", "json", "html")
	addTarget(k, c, &o.target)
	return c
}

func runReport(k *kit.Kit, o *reportOptions, m snapshot.Move) error {
	if err := o.output.Check(); err != nil {
		return err
	}
	r := m.Switch()
	if o.target != "" || r == nil {
		var err error
		if r, err = m.Choose(o.target); err != nil {
			return err
		}
	}
	rep := report.New(m, r, k.Now())
	if done, err := o.output.Print(k, rep, nil); done {
		return err
	}
	if o.output.Is("html") {
		return rep.HTML(k.Out)
	}
	fmt.Fprint(k.Out, rep.Text(k.View(k.Out)))
	k.NextOf(m, "report")
	return nil
}
