package restic

import (
	"context"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// A volume in which nothing has changed since the last pass needs no snapshot and no restore: what restic would go by, the
// times of the files, was just read, and to start it costs more than that. It is the pass before that counts on, with the
// time since when a change of its files may have gone unnoticed; the final run, which is exact, goes by that as always.

// memory of a worker that serves several passes: what the last one has left, if it succeeded.
type memory struct {
	// made is the snapshot that both sides agreed on, as the source has told it.
	made event
	// place of the repository that it is in.
	place place
	// sum of the volume before that pass read it, and what the snapshot holds; source only.
	sum          string
	verification task.Verification
}

// keep what this pass leaves for the next one.
func (s *side) keep(err error) {
	switch {
	case s.before == nil:
	case err != nil || s.task.Run.Exact:
		*s.before = memory{}
	default:
		*s.before = memory{made: s.made, place: s.place, sum: s.sum, verification: s.counted}
	}
}

// again tells whether the snapshot of the pass before is still that of the volume; source only. An exact pass reads anew.
func (s *side) again() bool {
	return s.known() && s.sum != "" && s.sum == s.before.sum
}

// has tells whether the pass before has made the volume equal to this snapshot; target only.
func (s *side) has(made event) bool {
	return s.known() && s.verified && made.Snapshot == s.before.made.Snapshot
}

// known: there was a pass before this one, with the same repository, and this one need not be exact.
func (s *side) known() bool {
	return s.before != nil && s.before.made.Snapshot != "" && s.before.place == s.place && !s.task.Run.Exact
}

// repeat tells the target that nothing has changed.
func (s *side) repeat(ctx context.Context, x *exchange) error {
	s.status.stage(api.StageCopying)
	s.made = s.before.made
	if err := s.tell(ctx, s.made); err != nil {
		return err
	}
	s.finished(s.before.verification)
	return s.done(ctx, x)
}

// done tells the target that it has heard all. The side that holds the repository serves it until the other is done.
func (s *side) done(ctx context.Context, x *exchange) error {
	if err := s.tell(ctx, event{Kind: eventDone}); err != nil || !s.holds() {
		return err
	}
	_, err := x.await(ctx, eventDone)
	return err
}
