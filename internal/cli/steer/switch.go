package steer

import (
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/text"
)

// Planned says why a route has no plan that could be approved; nil: it has one.
func Planned(m snapshot.Move, r *snapshot.Route) error {
	switch {
	case r.Plan == nil || r.Plan.Hash == "":
		return refusal(m, "approve", "there is no plan for target %s yet: %s", r.Target, m.Said()).Trying("kubectl", "move", "status", m.Key())
	case len(r.Plan.Blockers) > 0:
		b := r.Plan.Blockers[0]
		e := refusal(m, "approve", "plan %s has %s, the first: %s: %s", r.Plan.Hash, text.Count(len(r.Plan.Blockers), "blocker"), b.Reason,
			b.Message)
		e.Code = fault.Blocked
		return e.Trying("kubectl", "move", "plan", m.Key(), "--target", r.Target)
	}
	return nil
}

// Approvable says why the plan of a route cannot be approved; nil: it can.
func Approvable(m snapshot.Move, r *snapshot.Route) error {
	if err := Planned(m, r); err != nil {
		return err
	}
	status := []string{"kubectl", "move", "status", m.Key()}
	switch s := r.Switch; {
	case s == nil && r.Target != m.Target:
		return refusal(m, "approve", "it switches to target %s, and not to %s", m.Target, r.Target).
			Trying("kubectl", "move", "switch", m.Key(), "--target", r.Target)
	case s == nil:
		return refusal(m, "approve", "its MoveSwitch is not there yet: %s", m.Said()).Trying(status...)
	case s.Switched || !s.Committed.IsZero():
		return refusal(m, "approve", "the switch is committed already").Trying("kubectl", "move", "report", m.Key())
	case s.Desired == api.DesiredCancelled:
		return refusal(m, "approve", "the switch was cancelled, and stays so; delete it, and a new one is made").
			Trying("kubectl", "--namespace", m.Namespace, "delete", "moveswitch", s.Name)
	case s.Approval == api.ApprovalAutomatic:
		return refusal(m, "approve", "spec.switch.approval is Automatic: no approval is needed").Trying(status...)
	}
	return nil
}

// PlanHash that an approval would be of: that of the switch, which may have found a newer one, or that of the pair.
func PlanHash(r *snapshot.Route) string {
	if r.Switch != nil && r.Switch.PlanHash != "" {
		return r.Switch.PlanHash
	}
	if r.Plan == nil {
		return ""
	}
	return r.Plan.Hash
}

// Approve the plan with the hash that was shown.
func Approve(m snapshot.Move, r *snapshot.Route, hash string) (Patch, error) {
	if err := Approvable(m, r); err != nil {
		return Patch{}, err
	}
	if now := PlanHash(r); hash != now {
		return Patch{}, refusal(m, "approve", "plan %s is not the newest one, which is %s", hash, now).
			Trying("kubectl", "move", "plan", m.Key(), "--target", r.Target)
	}
	return ofSwitch(m, r, map[string]any{"approvedPlan": hash}), nil
}

// Begin says what has to be written so that the switch to a target begins at a time: to the MoveEngine, before the approval.
// The zero time leaves the time as it is, and now removes it. The patch has no fields where nothing has to be written.
func Begin(m snapshot.Move, target string, at time.Time, atOnce bool) (Patch, error) {
	p := ofParent(m, map[string]any{})
	change := map[string]any{}
	switch {
	case m.Suspended:
		return p, refusal(m, "switch", "it is suspended, so no switch begins").Trying("kubectl", "move", "resume", m.Key())
	case m.Phase == snapshot.RolledBack, m.Phase == snapshot.Declined, m.Phase == snapshot.Held:
		return p, refusal(m, "switch", "its switch was tried: %s", m.Said()).Trying("kubectl", "move", "retry", m.Key())
	}
	if r := m.Switch(); r != nil && r.Switch.Begun() {
		if r.Switch.Switched {
			return p, refusal(m, "switch", "it has switched to target %s already", r.Target).Trying("kubectl", "move", "reverse", m.Key())
		}
		return p, refusal(m, "switch", "its switch to target %s has begun already", r.Target).
			Trying("kubectl", "move", "status", m.Key(), "--watch")
	}
	if m.Kind == snapshot.KindEngine && target != m.Target {
		change["target"] = target
	}
	switch {
	case atOnce && !m.At.IsZero():
		change["at"] = nil
	case !at.IsZero():
		change["at"] = at.Format(time.RFC3339)
	}
	if len(change) > 0 {
		p.Spec["switch"] = change
	}
	return p, nil
}

// RollBack a switch that is not committed. One that is approved may begin at any moment, and does not begin after this.
func RollBack(m snapshot.Move) (Patch, error) {
	r := m.Switch()
	switch {
	case r == nil || !r.Switch.Begun() && !mayBegin(m, r) && m.Phase != snapshot.RollingBack:
		return Patch{}, refusal(m, "roll back", "no switch of it has begun, so there is nothing to roll back").
			Trying("kubectl", "move", "suspend", m.Key())
	case r.Switch.Switched || !r.Switch.Committed.IsZero():
		return Patch{}, refusal(m, "roll back", "the switch is committed: what was written at the target since would be lost; "+
			"a way back takes it along").Trying("kubectl", "move", "reverse", m.Key())
	}
	return ofSwitch(m, r, map[string]any{"desired": api.DesiredRolledBack}), nil
}

// mayBegin says whether nothing more is asked of a person before a switch begins.
func mayBegin(m snapshot.Move, r *snapshot.Route) bool {
	return r.Switch.ApprovedPlan != "" || m.Approval() == api.ApprovalAutomatic
}

// Retry a switch that was rolled back, declined or held.
func Retry(m snapshot.Move, token string) (Patch, error) {
	r := m.Switch()
	switch {
	case r == nil:
		return Patch{}, refusal(m, "retry", "it has no MoveSwitch: %s", m.Said()).Trying("kubectl", "move", "status", m.Key())
	case r.Switch.Desired == api.DesiredCancelled:
		return Patch{}, refusal(m, "retry", "the switch was cancelled, and stays so; delete it, and a new one is made").
			Trying("kubectl", "--namespace", m.Namespace, "delete", "moveswitch", r.Switch.Name)
	case m.Phase == snapshot.NeedsApproval:
		return Patch{}, refusal(m, "retry", "it waits for an approval, and not for another try").
			Trying("kubectl", "move", "approve", m.Key(), "--target", r.Target)
	case m.Phase != snapshot.RolledBack && m.Phase != snapshot.Declined && m.Phase != snapshot.Held &&
		r.Switch.Desired != api.DesiredRolledBack:
		return Patch{}, refusal(m, "retry", "its switch was neither rolled back nor declined nor held: it is at %s", m.Phase).
			Trying("kubectl", "move", "status", m.Key())
	}
	spec := map[string]any{"retry": token}
	if r.Switch.Desired == api.DesiredRolledBack {
		spec["desired"] = api.DesiredSwitched
	}
	return ofSwitch(m, r, spec), nil
}

// Cancel a switch for good: it is rolled back if it has begun.
func Cancel(m snapshot.Move) (Patch, error) {
	r := m.Switch()
	switch {
	case r == nil:
		return Patch{}, refusal(m, "cancel", "it has no MoveSwitch yet; to end the move, delete it").Trying("kubectl", "move", "delete", m.Key())
	case r.Switch.Switched || !r.Switch.Committed.IsZero():
		return Patch{}, refusal(m, "cancel", "the switch is committed").Trying("kubectl", "move", "reverse", m.Key())
	case r.Switch.Desired == api.DesiredCancelled:
		return Patch{}, refusal(m, "cancel", "it is cancelled already").Trying("kubectl", "move", "delete", m.Key())
	}
	return ofSwitch(m, r, map[string]any{"desired": api.DesiredCancelled}), nil
}
