package sync

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/task"
)

var claimKind = schema.GroupVersionKind{Version: "v1", Kind: "PersistentVolumeClaim"}

// ensureClaims creates the target claims that are missing. One that is in use by the
// application, or that this pair has not made, declines the run.
func ensureClaims(ctx context.Context, target *cluster.Cluster, p *application.Plan, volumes []application.Volume,
	us lineage.Actor) (*task.Result, error) {
	for _, v := range volumes {
		there, err := target.Get(ctx, claimKind, v.Target)
		if err != nil {
			return nil, err
		}
		if stop := judgeClaim(v.Target, target.Namespace, there, us); stop != nil {
			return stop, nil
		}
		if there != nil {
			continue
		}
		want := newClaim(p, v.Target, us)
		if want == nil {
			stop := task.Failed(api.ReasonPlanChanged,
				fmt.Sprintf("the plan creates no claim %s at the target: have the move planned again", v.Target), task.RetryLater)
			return &stop, nil
		}
		if _, err := target.Create(ctx, want); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// judgeClaim says why a claim must not be written; nil: it may, or it is not there.
func judgeClaim(name, namespace string, there *unstructured.Unstructured, us lineage.Actor) *task.Result {
	if there == nil {
		return nil
	}
	var stop task.Result
	switch active := lineage.Active(there); {
	case active != "":
		stop = task.Declined(api.ReasonTargetIsActive, fmt.Sprintf("the claim %s in the target namespace %s is in use by the application, "+
			"which a switch (UID %s) has started there: a copy would overwrite newer data", name, namespace, active))
	case !us.Owns(there, true):
		stop = task.Declined(api.ReasonNameConflict,
			fmt.Sprintf("the claim %s exists in the target namespace %s and was not created for this MovePair: "+
				"a copy would overwrite its data. Rename or remove it, or choose another target namespace", name, namespace))
	case there.GetDeletionTimestamp() != nil:
		stop = task.Failed(api.ReasonNameConflict, fmt.Sprintf("the claim %s in the target namespace %s is being deleted: wait until it is gone",
			name, namespace), task.RetryLater)
	default:
		return nil
	}
	return &stop
}

// newClaim is the plan's claim with the pair's name on it; nil: the plan has none.
func newClaim(p *application.Plan, name string, us lineage.Actor) *unstructured.Unstructured {
	planned := p.Claim(name)
	if planned == nil {
		return nil
	}
	u := planned.DeepCopy()
	us.Sign(u, true)
	return u
}
