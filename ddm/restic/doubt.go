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
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// restic takes a file that has the size, the times and the inode of the last snapshot for
// unchanged at the source, and one that has the size and the time for the same at the target.
// That is not so for a file that was written while a snapshot was made, or whose time somebody
// has set back. In particular Linux sets the times at the first store into a page that a process
// has mapped, and not at the next ones until the page was written to the disk. An exact run
// doubts the times of such files, and compares their content.

// slack is added to the time of a run on both sides: not every file system has fine times, and
// those of a server come from another clock.
var slack = time.Minute

// sincePrefix begins the tag that says from when on changes of a snapshot's files may have gone
// unnoticed, in seconds since 1970.
const sincePrefix = "kubemove-since-"

// settle writes the volume to its disk, before a run reads what goes on changing, and returns
// when it began to. A store into a mapped page sets the times again after that. So whatever was
// stored before a page was read, and into the same page without a sign after that, was begun
// later. Without a disk there is no such moment.
func (w *worker) settle(ctx context.Context) (time.Time, error) {
	began, never := time.Now(), time.Unix(0, 0)
	if kind := (unix.Statfs_t{}); unix.Statfs(w.volume, &kind) == nil &&
		slices.Contains([]int64{unix.TMPFS_MAGIC, unix.RAMFS_MAGIC, unix.HUGETLBFS_MAGIC}, kind.Type) {
		return never, nil
	}
	synced := make(chan error, 1)
	go func() { synced <- syncVolume(w.volume) }()
	select {
	case err := <-synced:
		if err != nil {
			slog.Warn("a final run will compare the content of every file", "error", err.Error())
			return never, nil
		}
		return began, nil
	case <-ctx.Done():
		return never, ctx.Err()
	}
}

// earlier is a snapshot that an earlier run may have left.
type earlier struct {
	ID      string    `json:"id"`
	Parent  string    `json:"parent"`
	Time    time.Time `json:"time"`
	Tags    []string  `json:"tags"`
	Summary struct {
		BackupEnd time.Time `json:"backup_end"`
	} `json:"summary"`
}

// earlierSnapshots of the volume. A repository that is not there has none.
func (r repository) earlierSnapshots(ctx context.Context) ([]earlier, error) {
	text, err := r.output(ctx, "snapshots", "--no-lock", "--host", hostName)
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

// period of an earlier run.
type period struct{ from, to time.Time }

// period in which changes of the files in the snapshot may have gone unnoticed.
func (e earlier) period() period {
	p := period{from: e.Time, to: e.Summary.BackupEnd}
	for _, tag := range e.Tags {
		if n, err := strconv.ParseInt(strings.TrimPrefix(tag, sincePrefix), 10, 64); err == nil && strings.HasPrefix(tag, sincePrefix) {
			p.from = time.Unix(n, 0)
		}
	}
	if p.to.Before(p.from) { // Nobody knows.
		p.to = time.Now()
	}
	return period{p.from.Add(-slack), p.to.Add(slack)}
}

// doubt tells the files whose times prove nothing after the earlier snapshots; made is that of
// this run, which may be among them.
func doubt(snapshots []earlier, made string) func(mtime, ctime time.Time) bool {
	var periods []period
	for _, e := range snapshots {
		if e.ID == made {
			continue
		}
		p := e.period()
		if e.Parent != "" && !slices.ContainsFunc(snapshots, func(o earlier) bool { return o.ID == e.Parent }) {
			// What it has taken over was read at a time that nobody knows any more.
			p.from = time.Time{}
		}
		periods = append(periods, p)
	}
	return func(mtime, ctime time.Time) bool {
		return slices.ContainsFunc(periods, func(p period) bool {
			// Unchanged since before it, or plainly changed after it: both sides see that.
			return !ctime.Before(p.from) && !(mtime.After(p.to) && ctime.After(p.to))
		})
	}
}

// found is what a search in the repository has found.
type found struct {
	snapshots []earlier
	err       error
}

// findEarlier looks for the earlier snapshots while restic reads the volume. Only an exact run
// asks for them.
func (w *worker) findEarlier(ctx context.Context, repo repository) <-chan found {
	out := make(chan found, 1)
	if !w.task.Run.Exact {
		return out
	}
	go func() {
		snapshots, err := repo.earlierSnapshots(ctx)
		out <- found{snapshots, err}
	}()
	return out
}

// believes tells whether restic may take what has the size and time of the snapshot for the same: the
// last run has made the volume whole, and the repository knows since when changes can have gone
// unnoticed. One that was made anew knows nothing.
func (w *worker) believes(ctx context.Context, repo repository) (bool, error) {
	if !w.task.Volumes[0].Whole {
		return false, nil
	}
	return w.knowsEarlier(ctx, repo)
}

// knowsEarlier tells whether the repository holds a snapshot of an earlier run.
func (w *worker) knowsEarlier(ctx context.Context, repo repository) (bool, error) {
	if w.place.remote == "" {
		// Nobody is let in yet.
		files, err := os.ReadDir(filepath.Join(repo.location, "snapshots"))
		if errors.Is(err, fs.ErrNotExist) {
			err = nil // restic has words for a repository without that folder.
		}
		return len(files) > 0, err
	}
	snapshots, err := repo.earlierSnapshots(ctx)
	return slices.ContainsFunc(snapshots, func(e earlier) bool { return !slices.Contains(e.Tags, w.task.Run.ID) }), err
}
