package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
	"github.com/kubemove/kubemove/internal/text"
)

type switchOptions struct {
	approveOptions
	at      string
	wait    bool
	timeout time.Duration
}

func newSwitchCommand(k *kit.Kit) *cobra.Command {
	o := &switchOptions{}
	c := onMove(k, "switch [NAME]", "Switch to a target: choose it, set the time, approve the plan",
		"Write spec.switch.target and spec.switch.at of the move, as far as they are given and differ, and then approve the plan as approve\n"+
			"does, waiting for a first plan. The switch begins at that time, or at once, when the channel is open and everything was copied\n"+
			"once.\n\n"+
			"What it stops comes back by itself when anything fails before the commit. With --wait its steps are shown until it has ended.",
		func(ctx context.Context, m snapshot.Move) error { return runSwitch(ctx, k, o, m) })
	c.Example = examples(k, "switch shop --wait", "switch shop --target far --at 2026-12-24T02:00:00+01:00", "switch shop --at now")
	o.dryRun.AddFlag(c)
	o.addFlags(k, c)
	c.Flags().StringVar(&o.at, "at", "", "the `TIME` before which it does not begin, such as 2026-12-24T02:00:00+01:00; now: take a time back")
	c.Flags().BoolVar(&o.wait, "wait", false, "wait until the switch has ended")
	c.Flags().DurationVar(&o.timeout, "timeout", 6*time.Hour, "how long to wait; 0 for ever")
	return c
}

// time that the flag --at says; true: at once.
func (o *switchOptions) time(now time.Time) (at time.Time, atOnce bool, err error) {
	switch o.at {
	case "":
		return time.Time{}, false, nil
	case "now":
		return time.Time{}, true, nil
	}
	at, err = time.Parse(time.RFC3339, o.at)
	if err != nil {
		return time.Time{}, false, fault.Badly("--at is %q, expected a time with its zone, such as 2026-12-24T02:00:00+01:00, or now", o.at)
	}
	if at.Before(now) {
		return time.Time{}, false, fault.Badly("--at is %s, which was %s ago: write a time to come, or now", o.at, text.Took(now.Sub(at)))
	}
	return at, false, nil
}

func runSwitch(ctx context.Context, k *kit.Kit, o *switchOptions, m snapshot.Move) error {
	if err := o.dryRun.Check(); err != nil {
		return err
	}
	at, atOnce, err := o.time(k.Now())
	if err != nil {
		return err
	}
	r, err := m.Choose(o.target)
	if err != nil {
		return err
	}
	if m, r, err = firstPlan(ctx, k, planTimeout, m, r); err != nil {
		return err
	}
	begin, err := steer.Begin(m, r.Target, at, atOnce)
	if err != nil {
		return err
	}
	hash, err := o.approved(k, m, r)
	if err != nil {
		return err
	}
	m, err = prepare(ctx, k, o, m, r.Target, begin)
	if err != nil {
		return err
	}
	if hash != "" {
		if err := approveSwitch(ctx, k, o, m, r.Target, hash); err != nil {
			return err
		}
	}
	switch {
	case o.dryRun.Server():
		return nil
	case !o.wait:
		k.Next([]string{"kubectl", "move", "status", m.Key(), "--watch"})
		return nil
	}
	return followSwitch(ctx, k, o.timeout, m)
}

// approved is the hash of the plan that is to be approved, which the person was asked for before anything is written; empty: no
// approval has to be written.
func (o *switchOptions) approved(k *kit.Kit, m snapshot.Move, r *snapshot.Route) (string, error) {
	if m.Approval() == api.ApprovalAutomatic {
		k.Narrate("No approval is needed: spec.switch.approval is Automatic.")
		return "", nil
	}
	if err := steer.Planned(m, r); err != nil {
		return "", err
	}
	if s := r.Switch; s != nil && s.ApprovedPlan != "" && s.ApprovedPlan == steer.PlanHash(r) && (o.plan == "" || o.plan == s.ApprovedPlan) {
		k.Narrate("Plan %s is approved already.", s.ApprovedPlan)
		return "", nil
	}
	return o.ask(k, m, r)
}

// prepare writes target and time, and waits until the MoveSwitch of the target is there. The move that is returned has it.
func prepare(ctx context.Context, k *kit.Kit, o *switchOptions, m snapshot.Move, target string, begin steer.Patch) (snapshot.Move, error) {
	if len(begin.Spec) == 0 {
		return m, nil
	}
	if err := k.Patch(ctx, o.dryRun, begin, "switches to target "+target+o.when()); err != nil || o.dryRun.Server() {
		return m, err
	}
	return k.Await(ctx, m, kit.Goal{
		What: "the MoveSwitch of " + m.Key() + " to target " + target, Timeout: 2 * time.Minute,
		Goes: "target and time are written, the plan is not approved yet", Follow: []string{"kubectl", "move", "status", m.Key()},
		Reached: func(m snapshot.Move) (bool, error) {
			if m.Phase == snapshot.Refused {
				return false, fault.New(fault.Failed, "cannot switch "+m.Key(), "%s", m.Message).
					Trying("kubectl", "--namespace", m.Namespace, "edit", m.Resource(), m.Name)
			}
			r := m.Route(target)
			return m.Phase != snapshot.Starting && r != nil && r.Switch != nil && r.MoveSwitch.DeletionTimestamp == nil, nil
		},
	})
}

// when it switches, in words.
func (o *switchOptions) when() string {
	switch o.at {
	case "":
		return ""
	case "now":
		return " at once"
	}
	return " at " + o.at
}

// approveSwitch approves the plan that was shown.
func approveSwitch(ctx context.Context, k *kit.Kit, o *switchOptions, m snapshot.Move, target, hash string) error {
	r, err := m.Choose(target)
	if err != nil {
		return err
	}
	if o.dryRun.Server() && r.Switch == nil {
		k.Narrate("Plan %s is approved once the MoveSwitch to target %s is there.", hash, target)
		return nil
	}
	p, err := steer.Approve(m, r, hash)
	if err != nil {
		return err
	}
	return k.Patch(ctx, o.dryRun, p, "approved: plan "+hash)
}

// followSwitch until it has ended, and say how.
func followSwitch(ctx context.Context, k *kit.Kit, timeout time.Duration, m snapshot.Move) error {
	v := newLive(k, m.Key())
	last, err := k.Await(ctx, m, kit.Goal{
		What: "the end of the switch of " + m.Key(), Timeout: timeout,
		Goes:   "the switch goes on in the cluster; rollback ends it until it is committed",
		Follow: []string{"kubectl", "move", "status", m.Key(), "--watch"}, Show: v.show,
		Reached: func(m snapshot.Move) (bool, error) {
			return m.Phase.IsOver() && isTold(m), failedSwitch(m)
		},
	})
	v.end()
	if err != nil {
		return err
	}
	if last.Phase != snapshot.Switched {
		return fault.New(fault.Failed, "the switch of "+last.Key()+" has failed", "%s: %s", last.Phase, last.Message).
			Trying("kubectl", "move", "history", last.Key())
	}
	if r := last.Switch(); r != nil {
		k.Print("%s switched: the application was down for %s", last.Key(), text.Took(time.Duration(r.Switch.DowntimeSeconds)*time.Second))
		if f := r.Switch.FinalRun; f != nil && len(f.Warnings) > 0 {
			return fault.New(fault.Warned, "it has switched, with warnings", "%s", f.Warnings[0]).Trying("kubectl", "move", "report", last.Key())
		}
	}
	k.NextOf(last, "switch")
	return nil
}

// isTold says whether what was read of a switch is as new as what was read of its move: the kinds are read one after the other.
func isTold(m snapshot.Move) bool {
	r := m.Switch()
	return m.Phase != snapshot.Switched || r == nil || r.Switch.Switched
}

// failedSwitch is why a switch does not begin by itself; nil: it may, or has. What its status said before the approval does not count.
func failedSwitch(m snapshot.Move) error {
	r := m.Switch()
	if r == nil || r.Switch.Begun() || r.Switch.Stalled == nil || r.MoveSwitch.Status.ObservedGeneration < r.MoveSwitch.Generation {
		return nil
	}
	return fault.New(fault.Failed, "the switch of "+m.Key()+" does not begin", "%s: %s", r.Switch.Stalled.Reason, r.Switch.Stalled.Message).
		Trying("kubectl", "move", "status", m.Key())
}
