package restic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/kubemove/kubemove/ddm/filecopy"
)

// restic takes a file that has the size, the times and the inode of the last snapshot for
// unchanged at the source, and one that has the size and the time for the same at the target. Why that may
// be wrong, and what a run has to keep for the next one, says filecopy.Seen: here it is kept in the tags of
// snapshots.

// slack of times; tests have other clocks.
var slack = filecopy.Slack

// syncfs writes the volume to its disk, before a run reads what goes on changing, and returns
// when it began to.
func (s *side) syncfs(ctx context.Context) (time.Time, error) {
	began, err := s.tree.Syncfs(ctx)
	if ctx.Err() != nil {
		return began, ctx.Err()
	}
	if err != nil {
		slog.Warn("a final run will compare the content of every file", "error", err.Error())
	}
	return began, nil
}

// earlier is a snapshot that an earlier run may have left.
type earlier struct {
	ID     string    `json:"id"`
	Parent string    `json:"parent"`
	Time   time.Time `json:"time"`
	Tags   []string  `json:"tags"`
}

// earlierSnapshots of the volume, and the records of their times. A repository that is not there has none.
func (r repository) earlierSnapshots(ctx context.Context) ([]earlier, error) {
	text, err := r.output(ctx, "snapshots", "--no-lock", "--host", hostName, "--host", recordHost)
	if isCode(err, exitNoRepository) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []earlier
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("cannot read the list of snapshots: %w", err)
	}
	return out, nil
}

// seen by the run that has made the snapshot, one of all. What was not recorded proves nothing.
func (e earlier) seen(all []earlier) filecopy.Seen {
	out := filecopy.Seen{Began: e.Time, Written: filecopy.Unbounded}
	if n, ok := number(e.Tags, sincePrefix); ok {
		out.Began = time.Unix(n, 0)
	}
	out.Began = out.Began.Add(-slack)
	if written, ok := recorded(e, all); ok {
		out.Written = written
	}
	touched, ok := number(e.Tags, touchedPrefix)
	out.Touched = time.Unix(0, touched)
	orphan := e.Parent != "" && !slices.ContainsFunc(all, func(o earlier) bool { return o.ID == e.Parent })
	if !ok || orphan {
		// An orphan has taken over what was read at a time that is not known any more.
		out.Began = time.Time{}
	}
	return out
}

// mustRehash tells the files whose times prove nothing after the earlier snapshots; made is that of
// this run, which may be among them.
func mustRehash(snapshots []earlier, made string) func(mtime, ctime time.Time) bool {
	var runs []filecopy.Seen
	for _, e := range snapshots {
		if e.ID != made && !e.isRecord() {
			runs = append(runs, e.seen(snapshots))
		}
	}
	return filecopy.MustRehash(runs)
}

// found is what a search in the repository has found.
type found struct {
	snapshots []earlier
	err       error
}

// findEarlier looks for the earlier snapshots while restic reads the volume. Only an exact run
// asks for them.
func (s *side) findEarlier(ctx context.Context, repo repository) <-chan found {
	out := make(chan found, 1)
	if !s.task.Run.Exact {
		return out
	}
	go func() {
		snapshots, err := repo.earlierSnapshots(ctx)
		out <- found{snapshots, err}
	}()
	return out
}

// isVerified tells whether restic may take what has the size and time of the snapshot for the same: the
// last run has made the volume whole, and the repository knows since when changes can have gone
// unnoticed. One that was made anew knows nothing.
func (s *side) isVerified(ctx context.Context, repo repository) (bool, error) {
	if !s.task.Volumes[0].Whole {
		return false, nil
	}
	return s.knowsEarlier(ctx, repo)
}

// knowsEarlier tells whether the repository holds a snapshot of an earlier run.
func (s *side) knowsEarlier(ctx context.Context, repo repository) (bool, error) {
	if s.holds() {
		// No source is let in yet.
		files, err := os.ReadDir(filepath.Join(repo.location, "snapshots"))
		if errors.Is(err, fs.ErrNotExist) {
			err = nil // restic has words for a repository without that folder.
		}
		return len(files) > 0, err
	}
	snapshots, err := repo.earlierSnapshots(ctx)
	return slices.ContainsFunc(snapshots, func(e earlier) bool { return !slices.Contains(e.Tags, s.task.Run.ID) }), err
}
