package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
)

type syncOptions struct {
	dryRun  kit.DryRun
	target  string
	wait    bool
	timeout time.Duration
}

func newSyncCommand(k *kit.Kit) *cobra.Command {
	o := &syncOptions{}
	c := onMove(k, "sync [NAME]", "Copy the data once more, now, while the application runs",
		"Write spec.request of each DataSync: one copy is made at once, while the application goes on running, so that the one of the switch\n"+
			"is shorter. Until it has succeeded no other copy is made.",
		func(ctx context.Context, m snapshot.Move) error { return runSync(ctx, k, o, m) })
	addTarget(k, c, &o.target)
	o.dryRun.AddFlag(c)
	c.Flags().BoolVar(&o.wait, "wait", false, "wait until the copy has ended")
	c.Flags().DurationVar(&o.timeout, "timeout", 6*time.Hour, "how long to wait; 0 for ever")
	return c
}

func runSync(ctx context.Context, k *kit.Kit, o *syncOptions, m snapshot.Move) error {
	if err := o.dryRun.Check(); err != nil {
		return err
	}
	r, err := m.Choose(o.target)
	if err != nil {
		return err
	}
	token := steer.Token(k.Now())
	patches, err := steer.Sync(m, r, token)
	if err != nil {
		return err
	}
	for _, p := range patches {
		if err := k.Patch(ctx, o.dryRun, p, "is copied once more"); err != nil {
			return err
		}
	}
	switch {
	case o.dryRun.Server():
		return nil
	case !o.wait:
		k.Next([]string{"kubectl", "move", "status", m.Key(), "--watch"})
		return nil
	}
	v := newLive(k, m.Key())
	last, err := k.Await(ctx, m, kit.Goal{
		What: "the copy of " + m.Key(), Timeout: o.timeout, Goes: "the copy goes on in the cluster",
		Follow: []string{"kubectl", "move", "status", m.Key(), "--watch"}, Show: v.show,
		Reached: func(m snapshot.Move) (bool, error) { return copied(m, m.Route(r.Target), token) },
	})
	v.end()
	if err != nil {
		return err
	}
	k.NextOf(last, "sync")
	return warned(last.Route(r.Target), token)
}

// copied says whether each DataSync has a successful run for a request; an error: a try of it has failed, and a person is needed.
// That a DataSync stalls says nothing before it was tried, as it does so until a try succeeds.
func copied(m snapshot.Move, r *snapshot.Route, token string) (bool, error) {
	if r == nil || len(r.Syncs) == 0 {
		return false, fault.New(fault.Failed, "cannot copy "+m.Key(), "its DataSyncs are gone").Trying("kubectl", "move", "status", m.Key())
	}
	all := true
	for _, d := range r.Syncs {
		last := d.Status.LastRun
		switch {
		case last == nil || last.Request != token:
			all = false
		case last.Outcome == snapshot.Succeeded:
		case d.Status.Stalled != "":
			return false, fault.New(fault.Failed, "cannot copy "+m.Key(), "%s: %s", d.Status.Stalled, last.Message).
				Trying("kubectl", "move", "logs", m.Key())
		default:
			all = false
		}
	}
	return all, nil
}

// warned is what the runs of a request have warned of; nil: nothing.
func warned(r *snapshot.Route, token string) error {
	for _, run := range r.Runs {
		if run.Request == token && len(run.Warnings) > 0 {
			return fault.New(fault.Warned, "everything was copied, with warnings", "%s", run.Warnings[0])
		}
	}
	return nil
}
