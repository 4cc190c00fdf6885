package plan

import (
	"context"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

// checkNotes lets both sides judge what a switch writes apart from the application: its locks and its
// records. What is there already was let in.
func checkNotes(ctx context.Context, sides []*cluster.Cluster, p *application.Plan, h cluster.Holder) error {
	for _, c := range sides {
		if c.Side == cluster.SideTarget && p.BlockedBy(api.ReasonNamespaceNotFound) {
			continue
		}
		server, err := c.DryRun()
		if err != nil {
			return err
		}
		notes, err := c.Notes(h)
		if err != nil {
			return err
		}
		for i := range notes {
			_, err := server.Create(ctx, &notes[i])
			if !isVerdict(err) {
				return err
			}
			judgeNote(p, c.Side, application.RefOf(&notes[i]), err)
		}
	}
	return nil
}

func judgeNote(p *application.Plan, side string, ref application.Ref, err error) {
	if !cluster.Denied(err) || notDryRun(err) {
		return
	}
	reason := api.ReasonRejected
	if side == cluster.SideSource {
		reason = api.ReasonRejectedBySource
	}
	p.AddBlocker(reason, ref, "the %s refuses %s, in which a switch keeps its lock or its record: %s. Expected that it is let in; "+
		"let the policy make an exception for objects "+
		"with the label %s=%s", side, ref, causeOf(err), api.ManagedByLabel, api.ManagedByValue)
}
