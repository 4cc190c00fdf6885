package filecopy

import (
	"context"
	"math"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Movers take a file that has the size and times of the last copy for unchanged. That is not so for a file
// that was written while it was copied, or whose time was set, back or to what it was. In particular Linux
// sets the times at the first store into a page that a process has mapped, and not at the next ones until
// the page was written to the disk. An exact pass compares the content of such files.
//
// A time proves a change only if no earlier pass can have recorded it. So each pass records the newest
// time that it has seen: a file with a later one was written since, by whatever clock. And one that
// was touched after all that the pass had seen before it began, or since it began by the clock of the
// worker, may have been changed since. The one catches a file system whose clock is behind, the
// other one whose newest change had a time from a clock that was ahead.

// Slack is taken from the time at which a pass began: not every file system has fine times, and
// those of a server come from another clock.
const Slack = time.Minute

// Unbounded is a time that nothing is newer than, for Seen.Written.
const Unbounded = math.MaxInt64

// tick is the coarsest time that file systems keep. Syncfs lets one pass before it begins to write: what
// changes later has a later time than all that was seen.
const tick = 2 * time.Second

// Seen is what an earlier pass has seen of the times of a volume. The zero value proves nothing.
type Seen struct {
	// Began, by the clock of the worker and with Slack taken off; what was touched before it is as the
	// pass has read it. For a pass over what goes on changing it is the time that Syncfs returns.
	Began time.Time
	// Touched is the newest time of a change (ctime) before the pass read anything, by the clock of the
	// file system: Newest.Touched.
	Touched time.Time
	// Written is the newest time (mtime), in seconds and rounded up, of a file that the pass can have
	// recorded: Newest.Written after it; Unbounded if that is not known.
	Written int64
}

// proves tells whether the times of a file prove that it is as the pass has recorded it, or show both
// sides that it is not.
func (s Seen) proves(mtime, ctime time.Time) bool {
	untouched := ctime.Before(s.Began) && !ctime.After(s.Touched)
	return untouched || mtime.Unix() > s.Written
}

// MustRehash tells the files whose times prove nothing after the earlier passes, for Options.
func MustRehash(passes []Seen) func(mtime, ctime time.Time) bool {
	return func(mtime, ctime time.Time) bool {
		return slices.ContainsFunc(passes, func(s Seen) bool { return !s.proves(mtime, ctime) })
	}
}

// RoundUp a time to whole seconds since 1970.
func RoundUp(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

// NoDisk is what Syncfs returns where nothing is ever written to a disk: no file's times prove anything.
var NoDisk = time.Unix(0, 0)

// Syncfs writes the volume to its disk, before a pass reads what goes on changing, and returns
// when it began to. A store into a mapped page sets the times again after that. So whatever was
// stored before a page was read, and into the same page without a sign after that, was begun
// later. With an error there is no such moment, as there is none without a disk: the time is NoDisk.
func (t *Tree) Syncfs(ctx context.Context) (time.Time, error) {
	select {
	case <-time.After(tick):
	case <-ctx.Done():
		return NoDisk, ctx.Err()
	}
	began := time.Now()
	kind := unix.Statfs_t{}
	if again(func() error { return unix.Fstatfs(t.fd, &kind) }) == nil &&
		slices.Contains([]int64{unix.TMPFS_MAGIC, unix.RAMFS_MAGIC, unix.HUGETLBFS_MAGIC}, kind.Type) {
		return NoDisk, nil
	}
	disk, err := t.OpenDisk()
	if err != nil {
		return NoDisk, err
	}
	synced := make(chan error, 1)
	go func() {
		defer disk.Close()
		synced <- disk.Sync()
	}()
	select {
	case err := <-synced:
		if err != nil {
			return NoDisk, err
		}
		return began, nil
	case <-ctx.Done():
		return NoDisk, ctx.Err()
	}
}
