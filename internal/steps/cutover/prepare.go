package cutover

import (
	"context"
	"errors"
	"time"

	"github.com/kubemove/kubemove/internal/report"
	"github.com/kubemove/kubemove/task"
)

// Prepare checks with the account of the switch that the cutover can be carried out: both
// sides answer, no other run holds a lock, and the plan is the approved one. It changes nothing.
func Prepare(ctx context.Context, t *task.Task, out *report.Reporter, deps Deps) task.Result {
	s, err := connect(ctx, t, out, deps)
	if err != nil {
		return resultOf(err)
	}
	o := &Observed{Now: time.Now(), Us: s.us}
	if err := s.observeLocks(ctx, o); err != nil {
		return resultOf(err)
	}
	if o.Holder != "" {
		return *Next(*o).Result
	}
	p, err := s.planner.Plan(ctx)
	if err != nil {
		return resultOf(err)
	}
	var stop *ending
	if err := s.judge(ctx, p); errors.As(err, &stop) {
		return stop.result
	}
	return *succeeded("the switch can be carried out").Result
}

// Cleanup forgets a switch that is over: its records, its pinned plan and its locks. The marks
// of the claims and the ledger at the source stay, they still say the truth.
func Cleanup(ctx context.Context, t *task.Task, out *report.Reporter) task.Result {
	s, err := connect(ctx, t, out, Deps{})
	if err != nil {
		return resultOf(err)
	}
	if err := s.mover.Remove(ctx); err != nil {
		return resultOf(err)
	}
	if err := s.forget(ctx); err != nil {
		return resultOf(err)
	}
	if err := s.unlock(ctx); err != nil {
		return resultOf(err)
	}
	return *succeeded("the switch's records are removed").Result
}
