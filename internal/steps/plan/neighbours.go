package plan

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/planfile"
	"github.com/kubemove/kubemove/task"
)

// checkNeighbours blocks a plan when another target of its engine leads to the same namespace of the
// same cluster: both would write the same claims. Targets that name the same Secret are refused by the
// engine already; that two Secrets lead to one cluster only the clusters' UIDs tell.
func checkNeighbours(ctx context.Context, home *cluster.Cluster, pair task.Object, p *application.Plan) error {
	selector := planfile.SameTargetSelector(p, pair.UID)
	if selector == "" {
		return nil
	}
	plans, err := home.Kube.CoreV1().Secrets(home.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return home.Wrap("list the plans of other targets", err)
	}
	var others []application.Ref
	for _, s := range plans.Items {
		for _, owner := range s.OwnerReferences {
			others = append(others, application.Ref{Kind: owner.Kind, Name: owner.Name})
		}
	}
	slices.SortFunc(others, func(a, b application.Ref) int { return compare(a.String(), b.String()) })
	for _, other := range slices.Compact(others) {
		p.AddBlocker(api.ReasonInvalidSpec, other,
			"two targets of the engine are the namespace %s of one cluster, whose claims both would write: "+
				"remove one of them from spec.targets, or give it another namespace", p.TargetNamespace)
	}
	return nil
}
