package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
	"github.com/kubemove/kubemove/internal/cli/view"
	"github.com/kubemove/kubemove/internal/planfile"
	"github.com/kubemove/kubemove/internal/text"
)

type planOptions struct {
	dryRun  kit.DryRun
	output  kit.Output
	target  string
	file    string
	refresh bool
	timeout time.Duration
}

func newPlanCommand(k *kit.Kit) *cobra.Command {
	o := &planOptions{}
	c := onMove(k, "plan [NAME | -f FILE]", "Read the plan: what moves, what stays and why, and what stands in the way",
		"Show the newest plan, and wait for the first one: its objects and why each of them moves or stays, its volumes with their bytes,\n"+
			"how long the switch takes and how long the application is stopped, warnings, and blockers with their fixes. With blockers the\n"+
			"exit code is 5.\n\n"+
			"With --refresh a new plan is asked for first (spec.planRequest of the MovePair), and waited for. The form diff shows which fields\n"+
			"differ from what the target has, and from the plan before; the values of Secrets are never stored.\n\n"+
			"With -f the plan is that of a MoveEngine which is not applied yet: it is created, with the mode Offline and the approval Manual,\n"+
			"so that nothing is copied and nothing can be stopped, and is deleted again when its plan is there.",
		func(ctx context.Context, m snapshot.Move) error { return runPlan(ctx, k, o, m) })
	run := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if o.file == "" {
			return run(c, args)
		}
		return runPreview(c.Context(), k, o, args)
	}
	c.Example = examples(k, "plan shop", "plan shop -o diff", "plan shop --refresh", "plan -f moveengine.yaml")
	c.Flags().StringVarP(&o.file, "filename", "f", "", "the `FILE` with a MoveEngine that is not applied yet; - for the input")
	addTarget(k, c, &o.target)
	o.output.AddFlag(c, "text", "diff", "json", "yaml")
	o.dryRun.AddFlag(c)
	c.Flags().BoolVar(&o.refresh, "refresh", false, "ask for a new plan, and wait for it")
	c.Flags().DurationVar(&o.timeout, "timeout", planTimeout, "how long to wait for a plan that is being made; 0 for ever")
	return c
}

func runPlan(ctx context.Context, k *kit.Kit, o *planOptions, m snapshot.Move) error {
	if err := o.output.Check(); err != nil {
		return err
	}
	if err := o.dryRun.Check(); err != nil {
		return err
	}
	r, err := m.Choose(o.target)
	if err != nil {
		return err
	}
	switch {
	case o.refresh:
		m, r, err = refresh(ctx, k, o, m, r)
	default:
		m, r, err = firstPlan(ctx, k, o.timeout, m, r)
	}
	if err != nil || o.dryRun.Server() {
		return err
	}
	return presentPlan(ctx, k, o, m, r)
}

// presentPlan shows the stored plan; an error says that it is blocked, or that only a part of it was shown.
func presentPlan(ctx context.Context, k *kit.Kit, o *planOptions, m snapshot.Move, r *snapshot.Route) error {
	plan, err := storedPlan(ctx, k, m, r)
	if err != nil {
		return orSummary(k, o, r, err)
	}
	if err := showPlan(k, o, r, plan); err != nil {
		return err
	}
	if o.file != "" {
		return blockedPreview(k, o, m, plan)
	}
	k.NextOf(m, "plan")
	return blockedPlan(m, r, plan.Hash, plan.Blockers)
}

// blockedPlan is the error of a plan that has blockers; nil: it has none.
func blockedPlan(m snapshot.Move, r *snapshot.Route, hash string, blockers []api.Blocker) error {
	if len(blockers) == 0 {
		return nil
	}
	return fault.New(fault.Blocked, "plan "+hash+" of "+m.Key()+" is blocked", "it has %s; correct what they name",
		text.Count(len(blockers), "blocker")).Trying("kubectl", "move", "plan", m.Key(), "--target", r.Target, "--refresh")
}

// orSummary shows what the status has of a plan that cannot be read whole; that is only a part of what was asked for.
func orSummary(k *kit.Kit, o *planOptions, r *snapshot.Route, err error) error {
	if r.Plan == nil || !o.output.IsTable() {
		return err
	}
	for _, line := range view.Summary(r) {
		k.Print("%s", line)
	}
	for _, b := range r.Plan.Blockers {
		k.Print("blocker: %s %s: %s", b.Reason, b.Object, b.Message)
	}
	fault.Print(k.ErrOut, err, k.Line)
	if len(r.Plan.Blockers) > 0 {
		return &fault.Error{Failed: "the whole plan was not shown, and it is blocked", Code: fault.Blocked}
	}
	return &fault.Error{Failed: "only what the status says of the plan was shown", Code: fault.Warned}
}

func showPlan(k *kit.Kit, o *planOptions, r *snapshot.Route, plan planfile.Plan) error {
	if done, err := o.output.Print(k, plan, nil); done {
		return err
	}
	var status *api.PlanStatus
	if r.Pair != nil {
		status = r.Pair.Status.Plan
	}
	if err := planfile.Render(k.Out, plan, planfile.Options{Diffs: o.output.Is("diff"), Status: status}); err != nil {
		return err
	}
	if d := view.Downtime(r); d != "" {
		fmt.Fprintf(k.Out, "\nDowntime of a switch now: %s\n", d)
	}
	return nil
}

// planTimeout is how long a plan may take. It looks through every volume.
const planTimeout = 15 * time.Minute

// firstPlan waits for the plan of a move that has none yet, when it is being made.
func firstPlan(
	ctx context.Context, k *kit.Kit, timeout time.Duration, m snapshot.Move, r *snapshot.Route,
) (snapshot.Move, *snapshot.Route, error) {
	if r.Plan != nil || m.Phase != snapshot.Starting && m.Phase != snapshot.Planning {
		return m, r, nil
	}
	return awaitPlan(ctx, k, timeout, m, r.Target)
}

// awaitPlan waits for the first plan of a move, which is being made.
func awaitPlan(
	ctx context.Context, k *kit.Kit, timeout time.Duration, m snapshot.Move, target string,
) (snapshot.Move, *snapshot.Route, error) {
	began := k.Now()
	k.Narrate("The plan of %s is being made.", m.Key())
	last, err := k.Await(ctx, m, kit.Goal{
		What: "the plan of " + m.Key(), Timeout: timeout, Goes: "the plan is made in the cluster",
		Follow: []string{"kubectl", "move", "status", m.Key(), "--watch"},
		Reached: func(m snapshot.Move) (bool, error) {
			if m.Phase == snapshot.Refused {
				return false, fault.New(fault.Failed, m.Key()+" is not accepted", "%s", m.Message)
			}
			if target != "" && len(m.Routes) > 0 {
				if _, err := m.Choose(target); err != nil {
					return false, err
				}
			}
			return isPlannedSince(m, m.Route(target), time.Time{}, k.Now().Sub(began))
		},
	})
	if err != nil {
		return m, nil, err
	}
	return last, last.Route(target), nil
}

// refresh asks for a new plan and waits until it is there.
func refresh(ctx context.Context, k *kit.Kit, o *planOptions, m snapshot.Move, r *snapshot.Route) (snapshot.Move, *snapshot.Route, error) {
	p, err := steer.Refresh(m, r, steer.Token(k.Now()))
	if err != nil {
		return m, r, err
	}
	if err := k.Patch(ctx, o.dryRun, p, "is planned anew"); err != nil || o.dryRun.Server() {
		return m, r, err
	}
	var before time.Time
	if r.Plan != nil {
		before = r.Plan.MadeAt
	}
	target, asked := r.Target, k.Now()
	last, err := k.Await(ctx, m, kit.Goal{
		What: "a new plan of " + m.Key(), Timeout: o.timeout, Goes: "the plan is made in the cluster",
		Follow: []string{"kubectl", "move", "status", m.Key(), "--watch"},
		Reached: func(m snapshot.Move) (bool, error) {
			return isPlannedSince(m, m.Route(target), before, k.Now().Sub(asked))
		},
	})
	if err != nil {
		return m, r, err
	}
	return last, last.Route(target), nil
}

// stallTime is how long a stall that was there before may last, after a new plan was asked for.
const stallTime = 30 * time.Second

// isPlannedSince says whether a route has a newer plan than that of a time; an error: it will not get one by itself.
func isPlannedSince(m snapshot.Move, r *snapshot.Route, before time.Time, waited time.Duration) (bool, error) {
	if r == nil || r.Pair == nil || r.Pair.Status.ObservedGeneration < r.Pair.Generation {
		return false, nil
	}
	if r.Plan != nil && r.Plan.MadeAt.After(before) {
		planned := meta.FindStatusCondition(r.Pair.Status.Conditions, api.ConditionPlanned)
		return planned != nil && planned.Reason != api.ReasonPlanning, nil
	}
	if r.Stalled != nil && waited > stallTime {
		return false, fault.New(fault.Failed, "no new plan of "+m.Key()+" was made", "%s: %s", r.Stalled.Reason, r.Stalled.Message).
			Trying("kubectl", "move", "logs", m.Key())
	}
	return false, nil
}
