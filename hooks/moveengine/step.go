package moveengine

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// step that runs now, in a few words.
func (s *state) step() string {
	switch {
	case s.view.Finalizing:
		return "Deleting"
	case s.switched():
		return "Switched to " + s.activeTarget()
	case s.problem != nil:
		return "Refused: " + s.problem.Reason
	}
	if s.sw != nil {
		if text := switchStep(s.sw); text != "" {
			return text
		}
	}
	if s.pair == nil {
		return "Starting"
	}
	return s.pairStep()
}

// switchStep is what a switch does that has begun, or has ended without a switch.
func switchStep(m *api.MoveSwitch) string {
	x := switchCondition(m)
	if x == nil {
		return ""
	}
	verb := map[string]string{
		api.ReasonRunning:     "Cutover",
		api.ReasonRollingBack: "Rolling back",
		api.ReasonHeld:        "Held",
	}[x.Reason]
	switch {
	case x.Reason == api.ReasonRolledBack:
		return "Rolled back"
	case x.Reason == api.ReasonCancelled:
		return "Cancelled"
	case verb == "":
		return ""
	}
	for i := len(m.Status.Steps) - 1; i >= 0; i-- {
		if step := m.Status.Steps[i]; step.State != "Done" {
			return verb + ": " + step.Name
		}
	}
	return verb
}

func (s *state) pairStep() string {
	ready := meta.FindStatusCondition(s.pair.Status.Conditions, api.ConditionReady)
	plan := s.plan()
	switch {
	case ready == nil:
		return "Planning"
	case ready.Status != "True" && ready.Reason == api.ReasonBlocked && plan != nil:
		return fmt.Sprintf("Blocked: %d blockers", len(plan.Blockers))
	case ready.Status != "True" && ready.Reason == api.ReasonOpening:
		return "Opening the channel"
	case ready.Status != "True" && ready.Reason == api.ReasonSuspended:
		return "Suspended"
	case ready.Status != "True" && ready.Reason == api.ReasonPlanning:
		return "Planning"
	case ready.Status != "True":
		return "Planning: " + ready.Reason
	}
	if s.sw == nil {
		return "Ready"
	}
	if x := switchCondition(s.sw); x != nil {
		switch x.Reason {
		case api.ReasonWaiting, api.ReasonPlanChanged:
			return "Waiting for the approval of plan " + s.sw.Status.PlanHash
		case api.ReasonSuspended:
			return "Suspended"
		case api.ReasonDeclined:
			return "Cutover declined"
		}
	}
	return "Ready"
}
