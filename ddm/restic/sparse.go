package restic

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/kubemove/kubemove/ddm/filecopy"
)

// restic restores only holes of half a MiB and more, and fills the smaller ones with zeros: the source
// tells what its files with holes take of its volume, and the target gives back what they take beyond
// that. No content changes, so there is nothing to verify but what is verified anyway.

const (
	// minSparse is the size from which on a file with holes counts: what smaller ones waste is a few
	// blocks each.
	minSparse = 16 << 10
	// maxSparse files are told to the target, and maxSparsePaths bytes of their paths: the line of an
	// event has a limit. Those that have the most holes are told.
	maxSparse      = 100_000
	maxSparsePaths = 16 << 20
)

// findSparse looks for files with holes while restic reads the volume. One that is not found only
// takes more room at the target.
func (s *side) findSparse(ctx context.Context) <-chan []filecopy.Sparse {
	found := make(chan []filecopy.Sparse, 1)
	go func() {
		files, err := s.tree.FindSparse(ctx, minSparse)
		if err != nil {
			slog.Warn("cannot find the files with holes", "volume", s.name, "error", err.Error())
		}
		found <- largestHoles(files, maxSparsePaths)
	}()
	return found
}

// largestHoles are the files that can be told to the target, with so many bytes of paths.
func largestHoles(files []filecopy.Sparse, limit int) []filecopy.Sparse {
	slices.SortStableFunc(files, func(a, b filecopy.Sparse) int { return cmp.Compare(b.Size-b.Allocated, a.Size-a.Allocated) })
	paths := 0
	for i, f := range files {
		if paths += len(f.Path); i == maxSparse || paths > limit {
			return files[:i]
		}
	}
	return files
}

// makeHoles gives back what files with holes take beyond what they take at the source. A volume that
// cannot keep holes is only larger, and a warning says so.
func (s *side) makeHoles(ctx context.Context, files []filecopy.Sparse) error {
	err := s.tree.MakeHoles(ctx, files, func(path string, err error) {
		slog.Warn("cannot make the holes of a file", "path", filecopy.Quote(path), "error", err.Error())
	})
	if errors.Is(err, filecopy.ErrNoHoles) {
		slog.Warn("the target's file system makes no holes", "error", err.Error())
		return nil
	}
	return err
}
