package plan

import (
	"context"
	"errors"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
)

// compareLimit of objects that are compared: a namespace that is full of others' objects is the
// wrong one, whatever they look like.
const compareLimit = 100

// compareTarget notes what the target holds in the places of the plan's objects, and adds the
// conflicts, with what differs.
func compareTarget(ctx context.Context, target *cluster.Cluster, p *application.Plan,
	existing map[application.Ref]unstructured.Unstructured, us lineage.Actor) error {
	server, err := target.DryRun()
	if err != nil {
		return err
	}
	p.Target = nil
	compared := 0
	for i := range p.Objects {
		o := &p.Objects[i]
		there, ok := existing[o.Ref]
		if !ok {
			continue
		}
		found := application.Present{Ref: o.Ref, Standing: application.StandingOurs}
		if !us.Owns(&there, o.Phase == application.PhaseVolume) {
			found.Standing = application.StandingForeign
			if compared++; compared <= compareLimit {
				if found, _, err = compareObject(ctx, server, o, &there); err != nil {
					return err
				}
			}
		}
		p.Target = append(p.Target, found)
	}
	conflicts := application.Conflicts(p, existing, us)
	application.Explain(conflicts, p.Target)
	p.Report(conflicts)
	return nil
}

// compareObject asks the API server what would be there if the plan's object replaced the other,
// so that its defaults are no difference, and returns that: nil, where the server does not say. A Secret has none, and its values
// stay here.
func compareObject(
	ctx context.Context, server *cluster.DryRun, o *application.Object, there *unstructured.Unstructured,
) (found application.Present, replaced *unstructured.Unstructured, err error) {
	if o.Kind == "Secret" && o.Group == "" {
		return application.Compare(there, &o.Object, nil), &o.Object, nil
	}
	result, err := server.Update(ctx, application.Replacement(&o.Object, there))
	switch cluster.KindOf(err) {
	case "":
		return application.Compare(there, result, nil), result, nil
	case cluster.Invalid:
		// It cannot be replaced. The source's API server has filled in much the same defaults.
		return application.Compare(there, &o.Object, immutable(err)), nil, nil
	case cluster.Forbidden, cluster.NotFound, cluster.Conflict:
	default:
		return application.Present{}, nil, err
	}
	// The account may not replace it, a policy or a webhook minds, or it has just changed.
	return application.Present{Ref: o.Ref, Standing: application.StandingForeign}, nil, nil
}

// immutable are the fields that the API server says cannot be changed. Its messages may hold
// values: only the names of the fields are taken.
func immutable(err error) []string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return nil
	}
	var out []string
	for _, cause := range status.Status().Details.Causes {
		message := strings.ToLower(cause.Message)
		isFixed := cause.Type == metav1.CauseTypeForbidden || strings.Contains(message, "immutable") || strings.Contains(message, "cannot change")
		if isFixed && cause.Field != "" && !slices.Contains(out, cause.Field) {
			out = append(out, cause.Field)
		}
	}
	return out
}
