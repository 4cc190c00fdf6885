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

	"golang.org/x/sys/unix"
)

// restic takes a file that has the size, the times and the inode of the last snapshot for
// unchanged at the source, and one that has the size and the time for the same at the target.
// That is not so for a file that was written while a snapshot was made, or whose time was set, back
// or to what it was. In particular Linux sets the times at the first store into a page that a process
// has mapped, and not at the next ones until the page was written to the disk. An exact run
// compares the content of such files.
//
// A time proves a change only if no earlier run can have recorded it. So each run records the newest
// time that it has seen: a file with a later one was written since, by whatever clock. And one that
// was touched after all that the run had seen before it began, or since it began by the clock of the
// worker, may have been changed since. The one catches a file system whose clock is behind, the
// other one whose newest change had a time from a clock that was ahead.

// slack is taken from the time at which a run began: not every file system has fine times, and
// those of a server come from another clock.
var slack = time.Minute

// tick is the coarsest time that file systems keep. A run on request lets one pass before it begins
// to write the volume to its disk: what changes later has a later time than all that was seen.
var tick = 2 * time.Second

// settle writes the volume to its disk, before a run reads what goes on changing, and returns
// when it began to. A store into a mapped page sets the times again after that. So whatever was
// stored before a page was read, and into the same page without a sign after that, was begun
// later. Without a disk there is no such moment.
func (w *worker) settle(ctx context.Context) (time.Time, error) {
	if err := sleep(ctx, tick); err != nil {
		return time.Time{}, err
	}
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

// seen is what an earlier run has seen of the times of the volume.
type seen struct {
	// began, by the clock of the worker; what was touched before it is as the run has read it.
	began time.Time
	// touched is the newest time of a change before the run read anything, by the clock of the file
	// system.
	touched time.Time
	// written is the newest time, in seconds, of a file that the run can have recorded.
	written int64
}

// seen by the run that has made the snapshot, one of all. What was not recorded proves nothing.
func (e earlier) seen(all []earlier) seen {
	out := seen{began: e.Time, written: unbounded}
	if n, ok := number(e.Tags, sincePrefix); ok {
		out.began = time.Unix(n, 0)
	}
	out.began = out.began.Add(-slack)
	if written, ok := recorded(e, all); ok {
		out.written = written
	}
	touched, ok := number(e.Tags, touchedPrefix)
	out.touched = time.Unix(0, touched)
	orphan := e.Parent != "" && !slices.ContainsFunc(all, func(o earlier) bool { return o.ID == e.Parent })
	if !ok || orphan {
		// An orphan has taken over what was read at a time that is not known any more.
		out.began = time.Time{}
	}
	return out
}

// proves tells whether the times of a file prove that it is as the run has recorded it, or show both
// sides that it is not.
func (s seen) proves(mtime, ctime time.Time) bool {
	untouched := ctime.Before(s.began) && !ctime.After(s.touched)
	return untouched || mtime.Unix() > s.written
}

// doubt tells the files whose times prove nothing after the earlier snapshots; made is that of
// this run, which may be among them.
func doubt(snapshots []earlier, made string) func(mtime, ctime time.Time) bool {
	var runs []seen
	for _, e := range snapshots {
		if e.ID != made && !e.isRecord() {
			runs = append(runs, e.seen(snapshots))
		}
	}
	return func(mtime, ctime time.Time) bool {
		return slices.ContainsFunc(runs, func(s seen) bool { return !s.proves(mtime, ctime) })
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
