package restic

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"

	"golang.org/x/sys/unix"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// mayRenew tells whether the snapshot may hold what the target lacks: nothing differs but the content of
// files that the target took for the same by their size and time. The source may have read them anew,
// as it looks at more times. With checksums a difference is not explained away: that is for the next try.
func (w *worker) mayRenew(differs *differences) bool {
	return w.believing && !w.walk.Checksum && differs.staleCount > 0 && differs.staleCount == differs.count && differs.staleCount <= maxStale
}

// renew restores files once more that look the same, by giving them another time before. To fail the
// try instead would let the next one read both volumes, while the application is down.
func (w *worker) renew(ctx context.Context, repo repository, stale []string) error {
	slog.Info("restoring files once more whose times had proven nothing", "volume", w.name, "files", len(stale))
	w.status.stage(api.StageCopying)
	for _, rel := range stale {
		other := []unix.Timespec{{Nsec: 1}, {Nsec: 1}}
		if err := unix.UtimesNanoAt(unix.AT_FDCWD, filepath.Join(w.volume, rel), other, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return fmt.Errorf("cannot set the time of a file that is restored once more: %w", err)
		}
	}
	if err := prepare(w.volume); err != nil {
		return err
	}
	if err := w.restore(ctx, repo, w.made); err != nil {
		return w.explain(repo, err)
	}
	w.status.stage(api.StageVerifying)
	return nil
}
