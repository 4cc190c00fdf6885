package restic

import (
	"context"
	"fmt"
	"log/slog"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/ddm/filecopy"
)

// mayRenew tells whether the snapshot may hold what the target lacks: nothing differs but the content of
// files that the target took for the same by their size and time. The source may have read them anew,
// as it looks at more times. With checksums a difference is not explained away: that is for the next try.
func (s *side) mayRenew(differs *filecopy.Differences) bool {
	stale := differs.StaleCount
	return s.verified && !s.walk.Checksum && stale > 0 && stale == differs.Count && stale <= filecopy.MaxStale
}

// renew restores files once more that look the same, by giving them another time before. To fail the
// try instead would let the next one read both volumes, while the application is down.
func (s *side) renew(ctx context.Context, repo repository, stale []string) error {
	slog.Info("restoring files once more whose times had proven nothing", "volume", s.name, "files", len(stale))
	s.status.stage(api.StageCopying)
	for _, rel := range stale {
		if err := s.tree.SetTime(rel, 0, 1); err != nil {
			return fmt.Errorf("cannot set the time of a file that is restored once more: %w", err)
		}
	}
	if err := prepare(s.tree); err != nil {
		return err
	}
	if err := s.restore(ctx, repo, s.made); err != nil {
		return s.explain(repo, err)
	}
	s.status.stage(api.StageVerifying)
	return nil
}
