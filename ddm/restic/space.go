package restic

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// minFree bytes of the repository's volume: less does not hold another pack, and rest-server
// answers in a way that restic repeats for a quarter of an hour.
const minFree = 64 << 20

var errFull = errors.New("the volume of the repository is full")

// watchSpace cancels the context with errFull when the repository's volume is full.
func watchSpace(ctx context.Context, free func() (int64, error)) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		for {
			// That the volume cannot be asked is no reason to end.
			if n, err := free(); err == nil && n < minFree {
				cancel(errFull)
			}
			if sleep(ctx, time.Second) != nil {
				return
			}
		}
	}()
	return ctx, cancel
}

// free bytes of the volume that the repository is in.
func (s *side) free() (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(s.dirs.State, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * st.Bsize, nil
}

// isFull tells whether there is no room in the repository's volume now.
func (s *side) isFull() bool {
	n, err := s.free()
	return err == nil && n < minFree
}

// full deals with a full repository. Snapshots of earlier runs are of no more use than the
// data that the next try sends anyway: without them there is room, unless the data alone is
// too much.
func (s *side) full(repo repository) error {
	if !s.place.managed() {
		return &repositoryError{reason: api.ReasonRepositoryFull, error: fmt.Errorf("%w: make the claim larger, or remove from it what "+
			"is not needed", errFull)}
	}
	earlier, err := filepath.Glob(filepath.Join(repo.location, "snapshots", "*"))
	if err != nil || len(earlier) == 0 {
		return &permanent{fmt.Errorf("%w, and it holds nothing but this run: make its claim larger", errFull)}
	}
	if err := discard(repo.location); err != nil {
		return fmt.Errorf("%w, and cannot be cleared: %w", errFull, err)
	}
	return fmt.Errorf("%w: it is made anew, and everything is sent again", errFull)
}
