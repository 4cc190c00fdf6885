package filecopy

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, path, content string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(content), 0o644))
}

// fill makes a tree with some of everything. Made twice, the trees are the same.
func fill(t *testing.T, root string) {
	t.Helper()
	in := func(name string) string { return filepath.Join(root, name) }
	put(t, in("lost+found/x"), "left out")
	put(t, in("dir/a\nb"), "hello")
	put(t, in("dir/\xff"), "no UTF-8")
	put(t, in("dir/lost+found/y"), "not left out")
	must(t, os.Mkdir(in("empty"), 0o755))
	must(t, os.Symlink("dir/a\nb", in("link")))
	must(t, os.Link(in("dir/a\nb"), in("hard")))
	must(t, os.Link(in("link"), in("link too")))
	must(t, os.Link(in("dir/\xff"), root+"-outside"))
	must(t, unix.Mkfifo(in("fifo"), 0o644))
	must(t, unix.Lsetxattr(in("hard"), "user.a", []byte("1"), 0))
	when := unix.Timespec{Sec: 1_700_000_000, Nsec: 5}
	for _, name := range []string{"hard", "link", "fifo", "dir/\xff", "dir/lost+found/y"} {
		must(t, unix.UtimesNanoAt(unix.AT_FDCWD, in(name), []unix.Timespec{when, when}, unix.AT_SYMLINK_NOFOLLOW))
	}
}

// open a tree until the test ends.
func open(t *testing.T, root string) *Tree {
	t.Helper()
	tree, err := Open(root)
	must(t, err)
	t.Cleanup(tree.Close)
	return tree
}

func walk(t *testing.T, root string, o Options) (*Summary, []*Entry) {
	t.Helper()
	var entries []*Entry
	o.Each = func(e *Entry) error {
		entries = append(entries, e)
		return nil
	}
	s, err := open(t, root).Walk(t.Context(), o)
	must(t, err)
	return s, entries
}

// TestWalk says what a walk finds, and in which order.
func TestWalk(t *testing.T) {
	a, b := filepath.Join(t.TempDir(), "root"), filepath.Join(t.TempDir(), "root")
	fill(t, a)
	fill(t, b)
	must(t, unix.Mknod(filepath.Join(b, "socket"), unix.S_IFSOCK|0o600, 0))
	type found struct {
		Path, Same, Target string
		Type               Type
	}
	want := []found{
		{Path: "dir", Type: TypeFolder},
		{Path: "dir/a\nb", Type: TypeFile},
		{Path: "dir/lost+found", Type: TypeFolder},
		{Path: "dir/lost+found/y", Type: TypeFile},
		{Path: "dir/\xff", Type: TypeFile},
		{Path: "empty", Type: TypeFolder},
		{Path: "fifo", Type: TypePipe},
		{Path: "hard", Type: TypeFile, Same: "dir/a\nb"},
		{Path: "link", Type: TypeLink, Target: "dir/a\nb"},
		{Path: "link too", Type: TypeLink, Target: "dir/a\nb", Same: "link"},
	}
	for _, o := range []Options{{}, {Checksum: true}} {
		x, entries := walk(t, a, o)
		var got []found
		for _, e := range entries {
			got = append(got, found{e.Path, e.Same, e.Target, e.Type})
			if hashed := e.Sum != nil; hashed != (o.Checksum && e.Type == TypeFile && e.Same == "") {
				t.Errorf("%q was hashed: %t", e.Path, hashed)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if x.Files != 7 || x.Regular != 4 || x.Bytes != 30 {
			t.Errorf("counted %d files, %d of them regular, and %d bytes", x.Files, x.Regular, x.Bytes)
		}
		if y, _ := walk(t, b, o); x.Digest != y.Digest || !strings.HasPrefix(x.Digest, o.method()+":") {
			t.Errorf("equal trees have the digests %s and %s", x.Digest, y.Digest)
		}
	}
}

// TestAllocated: what has many names takes room once, a hole none.
func TestAllocated(t *testing.T) {
	root := t.TempDir()
	first := filepath.Join(root, "first")
	put(t, first, strings.Repeat("x", 1<<20))
	must(t, os.Truncate(first, 1<<30))
	for _, name := range []string{"a", "b", "c"} {
		must(t, os.Link(first, filepath.Join(root, name)))
	}
	s, _ := walk(t, root, Options{})
	if s.Bytes != 4<<30 || s.Allocated < 1<<20 || s.Allocated >= 2<<20 {
		t.Errorf("%d bytes take %d bytes", s.Bytes, s.Allocated)
	}
}

// TestWalkNotices says which changes a digest shows.
func TestWalkNotices(t *testing.T) {
	cases := map[string]struct {
		change func(in func(string) string) error
		// checksum: only a digest with checksums shows it. hidden: none does.
		checksum, hidden bool
	}{
		"another mode": {change: func(in func(string) string) error { return os.Chmod(in("hard"), 0o600) }},
		"setuid":       {change: func(in func(string) string) error { return os.Chmod(in("hard"), 0o644|os.ModeSetuid) }},
		"sticky":       {change: func(in func(string) string) error { return os.Chmod(in("dir"), 0o755|os.ModeSticky) }},
		"another time": {change: func(in func(string) string) error { return os.Chtimes(in("hard"), time.Time{}, time.Unix(1, 0)) }},
		"a time before 1970": {change: func(in func(string) string) error {
			return os.Chtimes(in("fifo"), time.Time{}, time.Unix(-1_700_000_000, 0))
		}},
		"another size": {change: func(in func(string) string) error { return os.Truncate(in("hard"), 4) }},
		"another name": {change: func(in func(string) string) error { return os.Rename(in("hard"), in("c")) }},
		"another link": {change: func(in func(string) string) error {
			return errors.Join(os.Remove(in("link too")), os.Symlink("elsewhere", in("link too")))
		}},
		"one more folder": {change: func(in func(string) string) error { return os.Mkdir(in("more"), 0o755) }},
		"no hard link": {change: func(in func(string) string) error {
			// The same in every other respect.
			return errors.Join(os.Remove(in("hard")), os.WriteFile(in("hard"), []byte("hello"), 0o644),
				unix.Lsetxattr(in("hard"), "user.a", []byte("1"), 0), os.Chtimes(in("hard"), time.Time{}, time.Unix(1_700_000_000, 5)))
		}},
		"one more hard link": {change: func(in func(string) string) error {
			return errors.Join(os.Remove(in("dir/lost+found/y")), os.Link(in("hard"), in("dir/lost+found/y")))
		}},
		"a file instead of a FIFO": {change: func(in func(string) string) error {
			return errors.Join(os.Remove(in("fifo")), os.WriteFile(in("fifo"), nil, 0o644),
				os.Chtimes(in("fifo"), time.Time{}, time.Unix(1_700_000_000, 5)))
		}},
		"an attribute less":        {change: func(in func(string) string) error { return unix.Lremovexattr(in("hard"), "user.a") }},
		"another value":            {change: func(in func(string) string) error { return unix.Lsetxattr(in("hard"), "user.a", []byte("2"), 0) }},
		"an attribute of a folder": {change: func(in func(string) string) error { return unix.Lsetxattr(in("dir"), "user.b", nil, 0) }},
		"other content":            {checksum: true, change: rewrite},
		"a fraction of a second": {hidden: true, change: func(in func(string) string) error {
			return os.Chtimes(in("hard"), time.Time{}, time.Unix(1_700_000_000, 9))
		}},
		"the time of a folder": {
			hidden: true,
			change: func(in func(string) string) error { return os.Chtimes(in("dir"), time.Time{}, time.Unix(1, 0)) },
		},
		"a link outside of the tree": {hidden: true, change: func(in func(string) string) error { return os.Link(in("hard"), in("")+"-more") }},
		"the root's mode":            {hidden: true, change: func(in func(string) string) error { return os.Chmod(in(""), 0o700) }},
		"lost+found":                 {hidden: true, change: func(in func(string) string) error { return os.RemoveAll(in("lost+found")) }},
		"a socket": {
			hidden: true,
			change: func(in func(string) string) error { return unix.Mknod(in("socket"), unix.S_IFSOCK|0o600, 0) },
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "root")
			fill(t, root)
			metadata, _ := walk(t, root, Options{})
			checksum, _ := walk(t, root, Options{Checksum: true})
			must(t, tc.change(func(name string) string { return filepath.Join(root, name) }))
			if s, _ := walk(t, root, Options{}); (s.Digest == metadata.Digest) != (tc.hidden || tc.checksum) {
				t.Errorf("the digest of metadata is the same: %t", s.Digest == metadata.Digest)
			}
			if s, _ := walk(t, root, Options{Checksum: true}); (s.Digest == checksum.Digest) != tc.hidden {
				t.Errorf("the digest with checksums is the same: %t", s.Digest == checksum.Digest)
			}
		})
	}
}

// rewrite changes the content, and nothing else.
func rewrite(in func(string) string) error {
	info, err := os.Stat(in("hard"))
	if err != nil {
		return err
	}
	f, err := os.OpenFile(in("hard"), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString("hallo")
	return errors.Join(err, f.Close(), os.Chtimes(in("hard"), time.Time{}, info.ModTime()))
}

// TestWalkFails: what cannot be read is an error that names it, whatever else waits.
func TestWalkFails(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"a", "b/c", "d"} {
		put(t, filepath.Join(root, name), name)
	}
	stop := errors.New("enough")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	cases := map[string]struct {
		reason string
		ctx    context.Context
		each   func(*Entry) error
		want   error
	}{
		"each ends": {reason: "an error of the caller ends the walk", ctx: t.Context(), each: func(*Entry) error { return stop }, want: stop},
		"cancelled": {reason: "a worker that is told to stop stops", ctx: ended, want: context.Canceled},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s, err := open(t, root).Walk(tc.ctx, Options{Checksum: true, Each: tc.each})
			if !errors.Is(err, tc.want) || s != nil {
				t.Errorf("%s: got %v, %v; want %v", tc.reason, s, err, tc.want)
			}
		})
	}
}

// TestOpen: a volume that is not there is not empty.
func TestOpen(t *testing.T) {
	root := t.TempDir()
	put(t, filepath.Join(root, "file"), "x")
	for name, want := range map[string]error{"none": os.ErrNotExist, "file": unix.ENOTDIR} {
		if _, err := Open(filepath.Join(root, name)); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
	}
}

// TestWalkChanged: a file that changes between its two looks has no hash.
func TestWalkChanged(t *testing.T) {
	cases := map[string]struct {
		reason string
		change func(path string) error
	}{
		"grown": {
			reason: "the hash would be that of another size",
			change: func(path string) error { return os.WriteFile(path, []byte("longer"), 0o644) },
		},
		"replaced": {reason: "the hash would be that of another file", change: func(path string) error {
			return errors.Join(os.Rename(path, path+"-old"), os.WriteFile(path, []byte("x"), 0o644))
		}},
		"a FIFO": {reason: "to read it would never end", change: func(path string) error {
			return errors.Join(os.Remove(path), unix.Mkfifo(path, 0o644))
		}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			put(t, path, "x")
			tree := open(t, filepath.Dir(path))
			it := &item{path: "file", entry: &Entry{}}
			tree.readAll(t.Context(), []*item{it})
			must(t, it.err)
			must(t, tc.change(path))
			if err := tree.hash(t.Context(), it, &cursor{tree: tree}); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: got %v", tc.reason, err)
			}
		})
	}
}
