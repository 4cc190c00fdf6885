package restic

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// The tests of this file copy what is easily lost, with the real restic, and compare both sides
// with nothing of the code under test.

// listing says of everything beneath root, and of root, what a copy must keep.
func listing(t *testing.T, root string) map[string]string {
	t.Helper()
	out, first := map[string]string{}, map[uint64]string{}
	must(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path == filepath.Join(root, "lost+found") {
			return fs.SkipDir
		}
		rel, err := filepath.Rel(root, path)
		must(t, err)
		var st unix.Stat_t
		must(t, unix.Lstat(path, &st))
		kind := st.Mode & unix.S_IFMT
		if kind == unix.S_IFSOCK || kind == unix.S_IFCHR || kind == unix.S_IFBLK {
			return nil
		}
		text := fmt.Sprintf("%o %d:%d %d.%09d", st.Mode, st.Uid, st.Gid, st.Mtim.Sec, st.Mtim.Nsec)
		switch kind {
		case unix.S_IFREG:
			content, err := os.ReadFile(path)
			must(t, err)
			text += fmt.Sprintf(" %d bytes %x", st.Size, sha256.Sum256(content))
		case unix.S_IFLNK:
			target, err := os.Readlink(path)
			must(t, err)
			text += fmt.Sprintf(" to %q", target)
		}
		if kind != unix.S_IFDIR {
			if known, ok := first[st.Ino]; ok {
				text += " same as " + known
			} else {
				first[st.Ino] = rel
			}
		}
		out[rel] = text + allXattrs(t, path)
		return nil
	}))
	return out
}

func allXattrs(t *testing.T, path string) string {
	t.Helper()
	buf := make([]byte, 64<<10)
	n, err := unix.Llistxattr(path, buf)
	must(t, err)
	text := ""
	names := strings.Split(strings.TrimSuffix(string(buf[:n]), "\x00"), "\x00")
	slices.Sort(names)
	for _, name := range names {
		if name == "" || strings.HasPrefix(name, "security.") && name != "security.capability" {
			continue
		}
		value := make([]byte, 64<<10)
		n, err := unix.Lgetxattr(path, name, value)
		must(t, err)
		text += fmt.Sprintf(" %q=%x", name, value[:n])
	}
	return text
}

// same copies once more, and expects both sides to be the same in every respect.
func (p *pair) same(run string) {
	p.t.Helper()
	p.synced(run)
	if diff := cmp.Diff(listing(p.t, p.source()), listing(p.t, p.target())); diff != "" {
		p.t.Fatalf("%s: the sides differ (-source +target):\n%s", run, diff)
	}
}

// volume is a folder that a test fills.
type volume struct {
	t    *testing.T
	root string
}

func (v volume) path(name string) string { return filepath.Join(v.root, name) }

func (v volume) dir(name string, mode uint32) {
	v.t.Helper()
	must(v.t, os.MkdirAll(v.path(name), 0o755))
	must(v.t, unix.Chmod(v.path(name), mode))
}

func (v volume) file(name, content string, mode uint32) {
	v.t.Helper()
	must(v.t, os.MkdirAll(filepath.Dir(v.path(name)), 0o755))
	must(v.t, os.WriteFile(v.path(name), []byte(content), 0o600))
	must(v.t, unix.Chmod(v.path(name), mode))
}

func (v volume) link(first, name string) {
	v.t.Helper()
	must(v.t, os.Link(v.path(first), v.path(name)))
}

func (v volume) symlink(target, name string) {
	v.t.Helper()
	must(v.t, os.Symlink(target, v.path(name)))
}

func (v volume) fifo(name string) {
	v.t.Helper()
	must(v.t, unix.Mkfifo(v.path(name), 0o640))
}

func (v volume) remove(name string) {
	v.t.Helper()
	must(v.t, os.RemoveAll(v.path(name)))
}

func (v volume) xattr(name, attribute string, value []byte) {
	v.t.Helper()
	must(v.t, unix.Lsetxattr(v.path(name), attribute, value, 0))
}

func (v volume) time(name string, seconds, nanos int64) {
	v.t.Helper()
	ts := unix.Timespec{Sec: seconds, Nsec: nanos}
	must(v.t, unix.UtimesNanoAt(unix.AT_FDCWD, v.path(name), []unix.Timespec{ts, ts}, unix.AT_SYMLINK_NOFOLLOW))
}

// kinds of things that become another.
var kinds = []string{"file", "folder", "symlink", "fifo", "hard link"}

func (v volume) kind(kind, name string) {
	v.t.Helper()
	v.dir("kinds", 0o755)
	switch kind {
	case "file":
		v.file(name, name, 0o644)
	case "folder":
		v.file(name+"/deep/in it", name, 0o644)
	case "symlink":
		v.symlink("nowhere", name)
	case "fifo":
		v.fifo(name)
	case "hard link":
		v.link("links/a/first", name)
	}
}

// acl is an access control list that also lets user 1234 read, as the kernel has it.
func acl() []byte {
	var b bytes.Buffer
	write := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) }
	write(uint32(2))
	none := uint32(0xffffffff)
	for _, e := range []struct {
		tag, perm uint16
		id        uint32
	}{{1, 6, none}, {2, 4, 1234}, {4, 4, none}, {0x10, 4, none}, {0x20, 0, none}} {
		write(e.tag)
		write(e.perm)
		write(e.id)
	}
	return b.Bytes()
}

// capability is cap_net_bind_service=ep, as the kernel has it.
func capability() []byte {
	return []byte{1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
}

// strange names and what may be in a path.
var strange = []string{"new\nline", "\xff\xfe", "*", "a[b]?", `back\slash`, "-dash", "!not", "**", " space ", "$HOME",
	"#", "[", `\`, `x\*`, "ü"}

// closed is a folder that its owner may not write to.
const closed = "in a closed folder"

// populate makes a tree of everything that a worker without rights can make.
func populate(v volume) {
	v.t.Helper()
	for _, mode := range []uint32{0o400, 0o444, 0o600, 0o644, 0o700, 0o755, 0o1644, 0o2755, 0o4755, 0o7777} {
		v.file(fmt.Sprintf("modes/%04o", mode), "content", mode)
		v.dir(fmt.Sprintf("dirs/%04o", mode|0o500), mode|0o500)
	}
	for _, name := range strange {
		v.file("strange/"+name, name, 0o644)
		v.file("strange/in "+name+"/"+name, name, 0o600)
		v.symlink(name, "strange/link "+name)
	}
	v.dir("empty/deep/er", 0o755)
	v.file("links/a/first", "linked", 0o640)
	v.link("links/a/first", "links/a-second")
	v.link("links/a/first", "links/third")
	v.file("links/pair 1", "linked", 0o640)
	v.link("links/pair 1", "links/pair 2")
	v.file("links/twin 1", "not linked, but the same", 0o640)
	v.file("links/twin 2", "not linked, but the same", 0o640)
	must(v.t, os.Link(v.path("links/twin 1"), v.root+"-outside"))
	for _, from := range kinds {
		for _, to := range kinds {
			v.kind(from, "kinds/"+from+" to "+to)
		}
	}
	v.symlink("nowhere", "links/symlink")
	v.link("links/symlink", "links/symlink too")
	v.fifo("links/fifo")
	v.link("links/fifo", "links/fifo too")
	v.symlink(strings.Repeat("long/", 200)+"\xff", "long link")
	v.file("xattrs/file", "x", 0o644)
	v.xattr("xattrs/file", "user.text", []byte("value"))
	v.xattr("xattrs/file", "user.empty", nil)
	v.xattr("xattrs/file", "user.binary \n \xff", []byte{0, 1, 255})
	v.xattr("xattrs/file", "user.large", bytes.Repeat([]byte("large"), 400))
	v.xattr("xattrs", "user.folder", []byte("of a folder"))
	v.file("xattrs/read-only", "x", 0o600)
	v.xattr("xattrs/read-only", "user.a", []byte("1"))
	must(v.t, os.Chmod(v.path("xattrs/read-only"), 0o444))
	v.file("acl/file", "x", 0o640)
	v.xattr("acl/file", "system.posix_acl_access", acl())
	v.xattr("acl", "system.posix_acl_default", acl())
	v.file("acl/inherits", "x", 0o640)
	for name, seconds := range map[string]int64{"old": -300_000_000, "epoch": 0, "far": 10_413_792_000, "precise": 1_700_000_000} {
		v.file("times/"+name, "x", 0o644)
		v.time("times/"+name, seconds, 123_456_789)
	}
	v.symlink("x", "times/link")
	v.time("times/link", 1_600_000_000, 987_654_321)
	v.file("sparse", "", 0o644)
	must(v.t, os.Truncate(v.path("sparse"), 32<<20))
	v.time("dirs", 1_500_000_000, 5)
	v.file(closed+"/file", "x", 0o444)
	v.file(closed+"/folder/file", "x", 0o444)
	must(v.t, os.Chmod(v.path(closed), 0o555))
	must(v.t, os.Chmod(v.root, 0o750))
	v.xattr("", "user.root", []byte("of the root"))
	v.time("", 1_400_000_000, 7)
}
