package hooks_test

import (
	"strings"
	"testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
)

// A plan that was made anew before the former one was approved says what has changed.
func TestFlowPlannedAgainBeforeApproval(t *testing.T) {
	f := newFlow(t)
	f.world.Create(engine(nil))
	f.run(0)
	f.cluster.PlanHash, f.cluster.PlanWarnings = "plan-2", []string{"something else", api.ChangedSince + "plan-1: " + simulation.Changed}
	f.patch(pairID, map[string]any{"planRequest": "again"})
	f.run(2)
	f.patch(switchID, map[string]any{"approvedPlan": "plan-1"})
	f.run(2)
	f.want(switchID, api.ConditionApproved, "False", api.ReasonPlanChanged)
	if m := f.condition(switchID, api.ConditionApproved).Message; !strings.Contains(m, "("+simulation.Changed+")") {
		t.Errorf("the message %q does not say what has changed", m)
	}
	f.patch(switchID, map[string]any{"approvedPlan": "plan-0"})
	f.run(2)
	if m := f.condition(switchID, api.ConditionApproved).Message; strings.Contains(m, simulation.Changed) {
		t.Errorf("the message %q says of plan-0 what has changed since plan-1", m)
	}
}
