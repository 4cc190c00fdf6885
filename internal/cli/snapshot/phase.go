package snapshot

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// Phase is where a move is, in one word or two.
type Phase string

// The phases. They follow from the conditions alone.
const (
	// Starting: the hooks have said nothing yet, or nothing of this spec.
	Starting Phase = "Starting"
	// Refused: the spec cannot be worked on.
	Refused Phase = "Refused"
	// Planning: the plan is being made.
	Planning Phase = "Planning"
	// Blocked: the plan has blockers.
	Blocked Phase = "Blocked"
	// Unreachable: an endpoint does not answer, or refuses the kubeconfig.
	Unreachable Phase = "Unreachable"
	// Opening: the mobilizers open the channel.
	Opening Phase = "Opening"
	// Suspended: spec.suspend is set.
	Suspended Phase = "Suspended"
	// FirstCopy: a live move copies everything once.
	FirstCopy Phase = "First copy"
	// NeedsApproval: the plan has to be approved.
	NeedsApproval Phase = "Needs approval"
	// Scheduled: the time of the switch is to come.
	Scheduled Phase = "Scheduled"
	// Waiting: for a shorter downtime.
	Waiting Phase = "Waiting"
	// Ready: the switch may begin.
	Ready Phase = "Ready"
	// Declined: a try of the switch was refused, and nothing was stopped.
	Declined Phase = "Declined"
	// Switching: the cutover runs.
	Switching Phase = "Switching"
	// Held: the cutover has failed, and everything is left as it is.
	Held Phase = "Held"
	// RollingBack: the source is brought back.
	RollingBack Phase = "Rolling back"
	// RolledBack: the source is back.
	RolledBack Phase = "Rolled back"
	// Cancelled: the switch never begins.
	Cancelled Phase = "Cancelled"
	// Switched: the application runs at the target.
	Switched Phase = "Switched"
	// Returned: a way back has brought it to the source.
	Returned Phase = "Returned"
	// Deleting: the move goes.
	Deleting Phase = "Deleting"
)

// IsOver says whether the switch has ended, well or not: nothing happens any more by itself.
func (p Phase) IsOver() bool {
	switch p {
	case Switched, Returned, RolledBack, Cancelled, Held:
		return true
	}
	return false
}

// IsSwitching says whether a switch works on the application.
func (p Phase) IsSwitching() bool { return p == Switching || p == RollingBack || p == Held }

// phaseOf a move, by its conditions, and the message that says more.
func phaseOf(m Move, conditions []metav1.Condition, deleting, current bool) (Phase, string) {
	accepted := meta.FindStatusCondition(conditions, api.ConditionAccepted)
	switched := meta.FindStatusCondition(conditions, api.ConditionSwitched)
	ready := meta.FindStatusCondition(conditions, api.ConditionReady)
	switch {
	case deleting:
		return Deleting, messageOf(meta.FindStatusCondition(conditions, api.ConditionStalled))
	case isTrue(switched):
		if m.Active.Side == api.ActiveSource && m.Kind == KindEngine {
			return Returned, switched.Message
		}
		return Switched, switched.Message
	case accepted == nil:
		return Starting, ""
	}
	if switched != nil {
		if p, ok := begun[switched.Reason]; ok {
			return p, switched.Message
		}
	}
	planned := meta.FindStatusCondition(conditions, api.ConditionPlanned)
	switch {
	case !current:
		return Starting, ""
	// A plan whose blocker concerns the whole is shown as what it is: blocked.
	case accepted.Status == metav1.ConditionFalse && (planned == nil || planned.Reason != api.ReasonBlocked):
		return Refused, accepted.Message
	case ready == nil:
		return Planning, ""
	case ready.Status != metav1.ConditionTrue:
		return notReady(ready)
	}
	return waiting(switched)
}

// begun are the phases of a switch that has begun or has ended, by the reason of the condition Switched.
var begun = map[string]Phase{
	api.ReasonRunning: Switching, api.ReasonHeld: Held, api.ReasonRollingBack: RollingBack,
	api.ReasonRolledBack: RolledBack, api.ReasonCancelled: Cancelled,
}

// notReady is the phase of a move whose pair is not.
func notReady(ready *metav1.Condition) (Phase, string) {
	switch ready.Reason {
	case api.ReasonBlocked:
		return Blocked, ready.Message
	case api.ReasonEndpointUnreachable, api.ReasonInvalidKubeconfig:
		return Unreachable, ready.Message
	case api.ReasonOpening:
		return Opening, ready.Message
	case api.ReasonSuspended:
		return Suspended, ready.Message
	}
	return Planning, ready.Message
}

// gates are the phases of a switch that waits, by the reason of the condition Switched.
var gates = map[string]Phase{
	api.ReasonWaiting: NeedsApproval, api.ReasonPlanChanged: NeedsApproval, api.ReasonSuspended: Suspended,
	api.ReasonSyncing: FirstCopy, api.ReasonScheduled: Scheduled, api.ReasonDowntimeTooLong: Waiting,
	api.ReasonDowntimeUnknown: Waiting, api.ReasonDeclined: Declined, api.ReasonBlocked: Blocked,
}

// waiting is the phase of a move whose pair is ready.
func waiting(switched *metav1.Condition) (Phase, string) {
	if switched == nil {
		return Ready, ""
	}
	if p, ok := gates[switched.Reason]; ok {
		return p, switched.Message
	}
	return Ready, switched.Message
}

func isTrue(c *metav1.Condition) bool { return c != nil && c.Status == metav1.ConditionTrue }

func messageOf(c *metav1.Condition) string {
	if c == nil {
		return ""
	}
	return c.Message
}
