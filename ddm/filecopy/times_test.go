package filecopy

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMustRehash: the times of a file are taken for a proof only where no earlier pass can have missed a
// change.
func TestMustRehash(t *testing.T) {
	at := func(minute int) time.Time {
		return time.Unix(1_700_000_000, 0).Add(time.Duration(minute) * time.Minute)
	}
	seen := func(began, touched, written int) Seen {
		return Seen{Began: at(began), Touched: at(touched), Written: at(written).Unix()}
	}
	unknown := Seen{Began: at(99), Touched: at(90), Written: Unbounded}
	cases := map[string]struct {
		reason       string
		passes       []Seen
		mtime, ctime int
		want         bool
	}{
		"first pass": {reason: "there is nothing to compare with", mtime: 100, ctime: 100},
		"before":     {reason: "what was written long before is on the disk", passes: []Seen{seen(99, 90, 110)}, mtime: 90, ctime: 90},
		"during": {
			reason: "a page may have been stored into again", passes: []Seen{seen(99, 90, 110)}, mtime: 105, ctime: 105,
			want: true,
		},
		"after":    {reason: "both sides see that it has changed", passes: []Seen{seen(99, 90, 110)}, mtime: 120, ctime: 120},
		"set back": {reason: "the target sees only the one", passes: []Seen{seen(99, 90, 110)}, mtime: 50, ctime: 120, want: true},
		"in the future": {
			reason: "it may have had that time before", passes: []Seen{seen(99, 90, 9999)}, mtime: 9999, ctime: 120,
			want: true,
		},
		"newer than all": {reason: "no pass has recorded that", passes: []Seen{seen(99, 90, 9998)}, mtime: 9999, ctime: 120},
		"clock behind": {
			reason: "touched after the pass, by a clock before it", passes: []Seen{seen(99, 80, 85)}, mtime: 1, ctime: 95,
			want: true,
		},
		"clock behind, rests": {reason: "nothing has touched it", passes: []Seen{seen(99, 80, 85)}, mtime: 80, ctime: 80},
		"not recorded":        {reason: "what the pass has recorded is not known", passes: []Seen{unknown}, mtime: 120, ctime: 120, want: true},
		"not recorded, rests": {reason: "it was not touched since", passes: []Seen{unknown}, mtime: 80, ctime: 80},
		"nothing known":       {reason: "the zero value proves nothing", passes: []Seen{{Written: Unbounded}}, mtime: 1, ctime: 1, want: true},
		"one of two proves all": {
			reason: "the other does not", passes: []Seen{seen(199, 190, 200), seen(99, 90, 9999)}, mtime: 120, ctime: 120,
			want: true,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := MustRehash(tc.passes)(at(tc.mtime), at(tc.ctime)); got != tc.want {
				t.Errorf("%s: it must be hashed: %t", tc.reason, got)
			}
		})
	}
}

// TestSyncfs: what is written after it has begun has a later time than it returns; in memory there is no
// such moment.
func TestSyncfs(t *testing.T) {
	root := t.TempDir()
	tree := open(t, root)
	kind := unix.Statfs_t{}
	must(t, unix.Statfs(root, &kind))
	before := time.Now()
	began, err := tree.Syncfs(t.Context())
	must(t, err)
	if kind.Type == unix.TMPFS_MAGIC {
		if !began.Equal(NoDisk) {
			t.Errorf("a file system in memory was synced at %s", began)
		}
		return
	}
	if began.Before(before.Add(tick)) || began.After(time.Now()) {
		t.Errorf("it began at %s, called at %s", began, before)
	}
	disk, err := tree.OpenDisk()
	must(t, err)
	end := disk.Begin()
	put(t, filepath.Join(root, "file"), "x")
	must(t, end())
	disk.Close()
	if err := disk.Sync(); err == nil {
		t.Error("a disk that was let go was synced")
	}
	tree.DropCache()
	if _, err := os.Stat(filepath.Join(root, "file")); err != nil {
		t.Error(err)
	}
}
