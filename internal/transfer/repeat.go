package transfer

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/task"
)

// Several passes in one session: the workers are placed once, and each pass has a task of its own, which the agents hand
// on. What the worker of a target is told of its volume is read again for each.

// told is the mark of a volume's claim as the worker of the target is told it for this pass.
func (s *Session) told(ctx context.Context, v *volumePass, target *corev1.Pod) (copyMark, error) {
	mark := markOf(target)
	if !s.spec.repeats() {
		return mark, nil // Its task says it, since it was placed.
	}
	claim, err := targetClaim(ctx, s.spec, v.volume)
	if err != nil {
		return mark, err
	}
	mark.Told = mark.Whole != "" && lineage.CopyMark(claim) == mark.Whole
	return mark, nil
}

// tasks of the next pass of a volume; nil: the workers have theirs.
func (s *Session) tasks(w *workerPair, whole bool) map[task.Role]*task.Task {
	if !s.spec.repeats() {
		return nil
	}
	out := map[task.Role]*task.Task{}
	for _, role := range []task.Role{task.RoleSource, task.RoleTarget} {
		in := w.input(role)
		in.Whole = whole && role == task.RoleTarget
		t := buildTask(s.spec, in)
		t.Run = s.spec.Run
		out[role] = &t
	}
	return out
}

// ofRun is the side as far as this run is concerned: what its worker has said of the pass before, which it says until it
// has begun with this one, is no word about this one.
func (s side) ofRun(runID string) side {
	if s.Status != nil && s.Status.RunID != runID {
		s.Status = nil
	}
	return s
}

// endsPass makes the success of a pass that was begun its end: the worker goes on, for the next one. That of a failure is the
// worker's own.
func (s side) endsPass() side {
	if s.Exit == nil && s.Lost == "" && s.Status != nil && s.Status.Result != nil && s.Status.Result.Outcome == task.OutcomeSucceeded {
		s.Exit = &exit{Code: task.ExitDone, At: time.Now()}
	}
	return s
}
