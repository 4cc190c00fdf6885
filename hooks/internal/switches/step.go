package switches

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/jobs"
)

// Condition Switched of a switch; nil: it has said nothing yet.
func Condition(m *api.MoveSwitch) *metav1.Condition {
	return meta.FindStatusCondition(m.Status.Conditions, api.ConditionSwitched)
}

// Stall of a parent is that of its switch, or else of its pair; either may be nil. Of the pair, once the application has
// switched, it is only that the application runs at the source again.
func Stall(m *api.MoveSwitch, pair *api.MovePair, switched bool) jobs.Stall {
	var lists [][]metav1.Condition
	if m != nil {
		lists = append(lists, m.Status.Conditions)
	}
	if pair != nil && (!switched || pair.Status.Stalled == api.ReasonSourceActive) {
		lists = append(lists, pair.Status.Conditions)
	}
	for _, l := range lists {
		if x := meta.FindStatusCondition(l, api.ConditionStalled); x != nil && x.Status == metav1.ConditionTrue {
			return jobs.Stall{Status: x.Status, Reason: x.Reason, Message: x.Message}
		}
	}
	return jobs.Moving()
}

// Step is what a switch does that has begun, or has ended without a switch.
func Step(m *api.MoveSwitch) string {
	x := Condition(m)
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

// Waits says what a pair does, or what its switch, which may be nil, waits for.
func Waits(pair *api.MovePair, sw *api.MoveSwitch) string {
	ready := meta.FindStatusCondition(pair.Status.Conditions, api.ConditionReady)
	if ready == nil {
		return "Planning"
	}
	if ready.Status != "True" {
		return notReady(pair.Status.Plan, ready.Reason)
	}
	if sw == nil {
		return "Ready"
	}
	if x := Condition(sw); x != nil {
		switch x.Reason {
		case api.ReasonWaiting, api.ReasonPlanChanged:
			return "Waiting for the approval of plan " + sw.Status.PlanHash
		case api.ReasonSuspended:
			return "Suspended"
		case api.ReasonSyncing:
			return "First copy"
		case api.ReasonScheduled:
			return "Waiting for " + sw.Spec.At
		case api.ReasonDowntimeTooLong, api.ReasonDowntimeUnknown:
			return "Waiting for a shorter downtime"
		case api.ReasonDeclined:
			return "Cutover declined"
		}
	}
	return "Ready"
}

// notReady is what a pair does that is not ready for this reason.
func notReady(plan *api.PlanStatus, reason string) string {
	switch {
	case reason == api.ReasonBlocked && plan != nil:
		if len(plan.Blockers) == 1 {
			return "Blocked: 1 blocker"
		}
		return fmt.Sprintf("Blocked: %d blockers", len(plan.Blockers))
	case reason == api.ReasonOpening:
		return "Opening the channel"
	case reason == api.ReasonSuspended:
		return "Suspended"
	case reason == api.ReasonPlanning:
		return "Planning"
	case plan != nil && plan.Hash != "" && (reason == api.ReasonEndpointUnreachable || reason == api.ReasonInvalidKubeconfig):
		return "Waiting for an endpoint"
	}
	return "Planning: " + reason
}
