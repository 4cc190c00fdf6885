package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/retry"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/steps/cutover"
)

// stopAnswer is what the source's API server says to the updates of one workload.
type stopAnswer struct {
	// doing says what the refused update does.
	doing string
	err   error
}

// checkStops lets the source's API server judge, without making them, the very updates with which
// a switch stops the workloads and a roll back starts them again: a policy that refuses one of them
// would leave the application half stopped.
func checkStops(ctx context.Context, source *cluster.Cluster, p *application.Plan, us lineage.Actor) error {
	if len(p.Workloads) == 0 {
		return nil
	}
	server, err := source.DryRun()
	if err != nil {
		return err
	}
	answers := make([]stopAnswer, len(p.Workloads))
	errs := cluster.Each(ctx, len(p.Workloads), func(i int) error {
		answers[i] = askToStop(ctx, source, server, p.Workloads[i].Ref, us)
		if err := answers[i].err; !isVerdict(err) {
			return err
		}
		return nil
	})
	if err := cluster.First(errs); err != nil {
		return err
	}
	judgeStops(p, answers)
	return nil
}

// askToStop tries the updates of one workload, until one is refused. What has changed since it was
// read is read again, as the switch does.
func askToStop(ctx context.Context, source *cluster.Cluster, server *cluster.DryRun, ref application.Ref,
	us lineage.Actor) (out stopAnswer) {
	out.err = retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		u, err := source.Get(ctx, ref.Workload().GVK(), ref.Name)
		if err != nil || u == nil {
			return err
		}
		updates, err := updatesOf(u, us)
		if err != nil {
			return nil // It carries the ledger of another switch, which is a blocker already.
		}
		for _, update := range updates {
			out.doing = update.doing
			if _, err := server.Update(ctx, update.object); err != nil {
				return err
			}
		}
		return nil
	})
	return out
}

// update of a workload of the source.
type update struct {
	doing  string
	object *unstructured.Unstructured
}

// updatesOf a workload: those that stop it, and that which gives it back what it had. All of them
// carry the version that was read, as none is made.
func updatesOf(u *unstructured.Unstructured, us lineage.Actor) ([]update, error) {
	stops, err := cutover.Stops(u, us)
	if err != nil {
		return nil, err
	}
	var out []update
	for _, s := range stops {
		out = append(out, update{"a switch stops it", s})
	}
	back, err := cutover.Restored(stops[len(stops)-1], us)
	if back != nil {
		out = append(out, update{"a roll back starts it again", back})
	}
	return out, err
}

// judgeStops turns the answers into blockers, and into one warning for each webhook that cannot
// judge without acting.
func judgeStops(p *application.Plan, answers []stopAnswer) {
	var unable []string
	untried := map[string][]string{}
	for i, a := range answers {
		ref := p.Workloads[i].Ref
		switch {
		case a.err == nil || cluster.KindOf(a.err) == cluster.Conflict || cluster.KindOf(a.err) == cluster.NotFound:
			// Changed or deleted a moment ago: the next plan sees it.
		case notDryRun(a.err):
			why := causeOf(a.err)
			if !slices.Contains(unable, why) {
				unable = append(unable, why)
			}
			untried[why] = append(untried[why], ref.String())
		case cluster.Denied(a.err):
			p.AddBlocker(api.ReasonRejectedBySource, ref, "the source refuses the update of %s with which %s: %s. "+
				"Expected that it is let through; let the policy make an exception for this workload, or for the account of the switch, "+
				"for the time of the move", ref, a.doing, causeOf(a.err))
		default:
			p.AddWarning(ref, "KubeMove cannot tell whether the source lets a switch stop %s: %v", ref, a.err)
		}
	}
	for _, why := range unable {
		p.AddWarning(application.Ref{}, "KubeMove cannot tell whether the source lets a switch stop %s: %s. "+
			"Set sideEffects of that webhook to None or NoneOnDryRun, if that is true of it",
			fewNames(untried[why]), why)
	}
}

// causeOf an error is what the API server itself has said.
func causeOf(err error) string {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return status.Status().Message
	}
	return err.Error()
}

// fewNames lists the first names.
func fewNames(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
