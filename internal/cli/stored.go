package cli

import (
	"context"
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/planfile"
)

// storedPlan of a route, as the Job that made it has stored it.
func storedPlan(ctx context.Context, k *kit.Kit, m snapshot.Move, r *snapshot.Route) (planfile.Plan, error) {
	failed := "cannot read the plan of " + m.Key() + " for target " + r.Target
	if r.Pair == nil || r.Plan == nil {
		return planfile.Plan{}, fault.New(fault.Failed, failed, "there is none yet: %s", m.Said()).Trying("kubectl", "move", "status", m.Key())
	}
	core, err := k.Core()
	if err != nil {
		return planfile.Plan{}, err
	}
	secrets, err := core.CoreV1().Secrets(m.Namespace).List(ctx, metav1.ListOptions{LabelSelector: planfile.Selector(string(r.Pair.UID))})
	if err != nil {
		return planfile.Plan{}, fault.API(failed, err)
	}
	plan, err := planfile.Read(secrets.Items)
	if errors.Is(err, planfile.ErrNone) {
		return planfile.Plan{}, fault.New(fault.Failed, failed, "its Secret is not there").
			Trying("kubectl", "move", "plan", m.Key(), "--target", r.Target, "--refresh")
	}
	return plan, fault.API(failed, err)
}
