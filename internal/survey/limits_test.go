package survey

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// deep makes n folders in each other, from dir on, with names of 200 bytes.
func deep(t *testing.T, dir string, n int) string {
	t.Helper()
	path := filepath.Join(dir, strings.Repeat("/"+strings.Repeat("d", 200), n))
	must(t, os.MkdirAll(path, 0o755))
	return path
}

// TestVolumeDeep: a tree that no path reaches into is walked to its end, and what a worker could not
// reach is counted.
func TestVolumeDeep(t *testing.T) {
	dir := t.TempDir()
	first, second := deep(t, filepath.Join(dir, "first"), 18), filepath.Join(dir, "second")
	write(t, filepath.Join(deep(t, second, 18), "leaf"), "deepest", 0o644)
	must(t, os.Rename(second, filepath.Join(first, "second")))
	got, err := Volume(dir, me())
	must(t, err)
	// first/, 18 folders, second/, 18 folders and the file: 201 bytes each, and a few names.
	if got.Files != 1 || got.Bytes != 7 || got.TooLong.Count != 17 || got.Unreadable.Count != 0 {
		t.Errorf("got %d files with %d bytes, %d paths too long, %d unreadable; expected 1 with 7, 17 and 0",
			got.Files, got.Bytes, got.TooLong.Count, got.Unreadable.Count)
	}
}

// TestVolumePathLimit: the longest path that a worker reaches is none too long.
func TestVolumePathLimit(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "four"), "", 0o644)
	for folder, want := range map[int]int64{4095 - 5: 0, 4095 - 4: 1} {
		target := me()
		target.Folder = strings.Repeat("f", folder)
		got, err := Volume(dir, target)
		must(t, err)
		if got.TooLong.Count != want {
			t.Errorf("in a folder of %d bytes %d paths are too long, expected %d", folder, got.TooLong.Count, want)
		}
	}
}

// TestVolumeHoles: what a copy takes of the volume until its holes are made again.
func TestVolumeHoles(t *testing.T) {
	const k = 1 << 10
	cases := map[string]struct {
		reason string
		size   int64
		// data is where there is some, 4 KiB each.
		data     []int64
		min, max int64
	}{
		"None":    {"nothing is filled", 4 * k, []int64{0}, 0, 0},
		"Small":   {"a piece with data is written whole", 900 * k, []int64{0}, 896 * k, 896 * k},
		"Large":   {"pieces of zeros are left out, but for one that begins with data", 100 << 20, []int64{0}, 0, 512 * k},
		"Between": {"each hole may cost a piece", 100 << 20, []int64{0, 50 << 20}, 512 * k, 1024 * k},
		"All":     {"zeros at the beginning are left out", 900 * k, nil, 0, 512 * k},
		"Many": {"none of them is large enough",
			8 << 20, []int64{0, 1 << 20, 2 << 20, 3 << 20, 4 << 20, 5 << 20, 6 << 20, 7 << 20}, 8<<20 - 32*k, 8<<20 - 32*k},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			f, err := os.Create(filepath.Join(dir, "file"))
			must(t, err)
			must(t, f.Truncate(tc.size))
			for _, at := range tc.data {
				_, err := f.WriteAt([]byte(strings.Repeat("x", 4*k)), at)
				must(t, err)
			}
			must(t, f.Close())
			got, err := Volume(dir, me())
			must(t, err)
			if got.Bytes != tc.size || got.Allocated != int64(len(tc.data))*4*k || got.Filled < tc.min || got.Filled > tc.max {
				t.Errorf("%s: %d bytes, %d allocated, %d filled; expected %d, %d, and from %d to %d", tc.reason,
					got.Bytes, got.Allocated, got.Filled, tc.size, len(tc.data)*4*k, tc.min, tc.max)
			}
		})
	}
}

// TestVolumeLinks: a file takes its room once, however many names it has.
func TestVolumeLinks(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), strings.Repeat("x", 1<<20), 0o644)
	must(t, os.Link(filepath.Join(dir, "a"), filepath.Join(dir, "b")))
	got, err := Volume(dir, me())
	must(t, err)
	if got.Allocated != 1<<20 || got.Bytes != 2<<20 || got.Files != 2 {
		t.Errorf("%d allocated, %d bytes, %d files; expected 1 MiB, 2 MiB (both sides count names) and 2", got.Allocated, got.Bytes, got.Files)
	}
}

// TestVolumeSpecial: sockets and device nodes are counted as the copy treats them. A whiteout is a
// device node that users may make, too.
func TestVolumeSpecial(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "socket"))
	must(t, err)
	defer l.Close()
	must(t, unix.Mkfifo(filepath.Join(dir, "fifo"), 0o644))
	for i := range 3 {
		must(t, unix.Mknod(filepath.Join(dir, fmt.Sprint("whiteout", i)), unix.S_IFCHR, 0))
	}
	got, err := Volume(dir, me())
	must(t, err)
	want := Paths{Count: 4, First: []string{`"socket"`, `"whiteout0"`, `"whiteout1"`, `"whiteout2"`}}
	if diff := cmp.Diff(want, got.Special); diff != "" || got.Devices != 3 || got.Files != 1 {
		t.Errorf("%d device nodes, %d files, expected 3 and the FIFO; special (-want +got):\n%s", got.Devices, got.Files, diff)
	}
}

// TestVolumeDemanding: what ext4 cannot keep is named.
func TestVolumeDemanding(t *testing.T) {
	file := func(change func(*entry)) *entry {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "file"), "", 0o644)
		folder, err := os.Open(dir)
		must(t, err)
		t.Cleanup(func() { must(t, folder.Close()) })
		e := &entry{folder: int(folder.Fd()), name: "file", st: unix.Stat_t{Mode: unix.S_IFREG, Nlink: 1}}
		change(e)
		return e
	}
	attribute := func(size int) func(*entry) {
		return func(e *entry) { must(t, unix.Lsetxattr(e.path(), "user.a", make([]byte, size), 0)) }
	}
	cases := map[string]struct {
		reason string
		change func(*entry)
		want   bool
	}{
		"Plain":      {"as most files", func(*entry) {}, false},
		"Names":      {"ext4 counts to 65000", func(e *entry) { e.st.Nlink = 65_001 }, true},
		"Large":      {"more than 16 TiB", func(e *entry) { e.st.Size = 16<<40 + 1 }, true},
		"Attribute":  {"it fits into a block", attribute(3000), false},
		"Attributes": {"it fills one", attribute(3900), true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := demanding(file(tc.change)); got != tc.want {
				t.Errorf("%s: demanding is %t", tc.reason, got)
			}
		})
	}
}
