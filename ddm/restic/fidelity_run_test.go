package restic

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kubemove/kubemove/ddm/filecopy"
)

// TestFidelity copies what is easily lost, and then what has changed in it. As root it copies
// all that there is; what others may make is copied by others, too.
func TestFidelity(t *testing.T) {
	onEachSide(t, func(t *testing.T) { fidelity(t, os.Geteuid() == 0) })
}

func TestFidelityAsUser(t *testing.T) {
	if os.Geteuid() == 0 {
		asOtherUser(t)
		return
	}
	fidelity(t, false)
}

// TestFidelityAsBareRoot copies as a root without any capability: that is what the worker of a
// workload is that names no user.
func TestFidelityAsBareRoot(t *testing.T) {
	if os.Geteuid() == 0 && os.Getenv(bareRoot) == "" {
		asBareRoot(t)
		return
	}
	fidelity(t, false)
}

func fidelity(t *testing.T, root bool) {
	p := newPair(t)
	t.Cleanup(func() {
		// Who is not root cannot remove what is in a folder that is closed.
		for _, dir := range []string{p.source(), p.target()} {
			_ = os.Chmod(filepath.Join(dir, closed), 0o700)
		}
	})
	v := volume{t, p.source()}
	populate(v)
	if root {
		populateAsRoot(v)
	}
	p.same("run-1")
	change(v)
	if root {
		changeAsRoot(v)
	}
	p.same("run-2")
	p.same("run-3, with nothing to do")
}

// change changes what populate has made, so that the second run has all to bring over that
// restic might leave as it was.
func change(v volume) {
	v.t.Helper()
	must(v.t, unix.Chmod(v.path("modes/0644"), 0o4711))
	must(v.t, unix.Chmod(v.path("dirs/0755"), 0o1700))
	must(v.t, unix.Lremovexattr(v.path("xattrs/file"), "user.text"))
	v.xattr("xattrs/file", "user.empty", []byte("no more"))
	v.xattr("xattrs/file", "user.more", []byte("more"))
	must(v.t, unix.Lremovexattr(v.path("xattrs"), "user.folder"))
	must(v.t, os.Chmod(v.path("xattrs/read-only"), 0o600))
	v.xattr("xattrs/read-only", "user.a", []byte("2"))
	must(v.t, os.Chmod(v.path("xattrs/read-only"), 0o444))
	must(v.t, unix.Lremovexattr(v.path("acl/file"), "system.posix_acl_access"))
	must(v.t, unix.Lremovexattr(v.path("acl"), "system.posix_acl_default"))

	// Links: one that is none any more, with the same content and time, and one that is new.
	var st unix.Stat_t
	must(v.t, unix.Lstat(v.path("links/pair 2"), &st))
	v.remove("links/pair 2")
	v.file("links/pair 2", "linked", 0o604)
	v.time("links/pair 2", st.Mtim.Sec, st.Mtim.Nsec)
	v.remove("links/twin 2")
	v.link("links/twin 1", "links/twin 2")
	v.remove("links/symlink too")
	v.symlink("nowhere", "links/symlink too")

	for _, from := range kinds {
		for _, to := range kinds {
			v.remove("kinds/" + from + " to " + to)
			v.kind(to, "kinds/"+from+" to "+to)
		}
	}
	v.remove("strange/in \xff\xfe")
	v.symlink("a folder before", "strange/in \xff\xfe")
	v.remove("strange/[")
	v.fifo("strange/[")

	v.time("times/precise", 1_700_000_000, 5)
	v.time("times/link", -5, 0)
	f, err := os.OpenFile(v.path("sparse"), os.O_WRONLY, 0)
	must(v.t, err)
	_, err = f.WriteAt([]byte("in the middle"), 16<<20)
	must(v.t, err)
	must(v.t, f.Close())
	must(v.t, os.Chmod(v.path(closed), 0o755))
	v.file(closed+"/more", "x", 0o444)
	v.remove(closed + "/file")
	v.remove(closed + "/folder")
	v.symlink("a folder before", closed+"/folder")
	must(v.t, os.Chmod(v.path(closed), 0o555))
	must(v.t, os.Chmod(v.root, 0o711))
	must(v.t, unix.Lremovexattr(v.root, "user.root"))
	v.time("", 1_400_000_001, 8)
}

// populateAsRoot adds what only root can make.
func populateAsRoot(v volume) {
	v.t.Helper()
	for mode := range uint32(0o10000) {
		v.file(fmt.Sprintf("all modes/%04o", mode), "", mode)
	}
	for special := range uint32(8) {
		for _, mode := range []uint32{0, 0o111, 0o444, 0o555, 0o700, 0o711, 0o755, 0o777} {
			mode |= special << 9
			v.file(fmt.Sprintf("all dirs/%04o/file", mode), "", 0o644)
			v.dir(fmt.Sprintf("all dirs/%04o", mode), mode)
		}
	}
	for i, name := range []string{"owned/file", "owned/setuid", "owned/capable", "owned/foreign"} {
		v.file(name, "x", 0o644)
		must(v.t, os.Lchown(v.path(name), 1000+i, 2000+i))
	}
	must(v.t, unix.Chmod(v.path("owned/setuid"), 0o6755))
	v.xattr("owned/capable", "security.capability", capability())
	v.xattr("owned/capable", "system.posix_acl_access", acl())
	v.symlink("x", "owned/link")
	v.fifo("owned/fifo")
	v.dir("owned/folder", 0o2770)
	for _, name := range []string{"owned/link", "owned/fifo", "owned/folder", "xattrs", "links/a/first"} {
		must(v.t, os.Lchown(v.path(name), 4_000_000_000, 12345))
	}
	must(v.t, os.Lchown(v.root, 1001, 1002))
	v.xattr("", "system.posix_acl_default", acl())
	v.time("", 1_400_000_000, 9)
}

func changeAsRoot(v volume) {
	v.t.Helper()
	// A new owner takes away the capability and setuid; both are set again.
	must(v.t, os.Lchown(v.path("owned/capable"), 77, 78))
	v.xattr("owned/capable", "security.capability", capability())
	must(v.t, os.Lchown(v.path("owned/setuid"), 77, 78))
	must(v.t, unix.Chmod(v.path("owned/setuid"), 0o4755))
	must(v.t, os.Lchown(v.path("owned/link"), 77, 78))
	must(v.t, os.Lchown(v.path("owned/fifo"), 77, 78))
	must(v.t, os.Lchown(v.path("links/a/first"), 77, 78))
	v.xattr("owned/file", "security.capability", capability())
	must(v.t, os.Lchown(v.root, 1003, 1002))
	must(v.t, unix.Lremovexattr(v.root, "system.posix_acl_default"))
	v.time("", 1_400_000_001, 9)
}

// TestSparse: holes stay holes, also in a file that has changed, and in one that had none.
func TestSparse(t *testing.T) {
	p := newPair(t)
	v := volume{t, p.source()}
	write := func(name string, at int64) {
		f, err := os.OpenFile(v.path(name), os.O_CREATE|os.O_WRONLY, 0o644)
		must(t, err)
		_, err = f.WriteAt([]byte("data"), at)
		must(t, err)
		must(t, f.Truncate(64<<20))
		must(t, f.Close())
	}
	v.file("growing\xff", strings.Repeat("data", 1<<18), 0o644)
	for i, run := range []string{"run-1", "run-2", "run-3"} {
		write("sparse", int64(i)*20<<20)
		if i > 0 {
			write("growing\xff", int64(i)*20<<20)
		}
		p.same(run)
		for _, name := range []string{"sparse", "growing\xff"} {
			info, err := os.Stat(filepath.Join(p.target(), name))
			must(t, err)
			if got := blocks(info) * 512; got > 8<<20 {
				t.Errorf("%s: the file %q takes %d bytes at the target", run, name, got)
			}
		}
	}
}

// TestSmallHoles: a volume of many files with small holes takes as much as at the source, and its
// files are the same.
func TestSmallHoles(t *testing.T) {
	p := newPair(t)
	v := volume{t, p.source()}
	const many = 100
	for i := range many {
		name := fmt.Sprintf("index/%d\xff", i)
		v.file(name, strings.Repeat("x", 4096), 0o644)
		must(t, os.Truncate(v.path(name), 900<<10))
		v.time(name, 1_700_000_000, int64(i))
	}
	must(t, unix.Chmod(v.path("index/0\xff"), 0o4444))
	v.xattr("index/1\xff", "user.a", []byte("1"))
	v.link("index/2\xff", "link")
	for _, run := range []string{"run-1", "run-2"} {
		p.same(run)
		if got, want := allocated(t, p.target()), allocated(t, p.source()); got > want+want/10 {
			t.Errorf("%s: the copy takes %d KiB, the source %d KiB", run, got>>10, want>>10)
		}
		if w := p.status(p.dst).Warnings; len(w) > 0 {
			t.Errorf("%s: warned of %q", run, w)
		}
		v.file("index/3\xff", strings.Repeat("y", 4096), 0o644)
		must(t, os.Truncate(v.path("index/3\xff"), 900<<10))
	}
}

// allocated bytes of the files beneath a folder.
func allocated(t *testing.T, root string) int64 {
	t.Helper()
	return counted(t, root).Allocated
}

// TestSparseOutside: where a link of the target leads, nothing is removed.
func TestSparseOutside(t *testing.T) {
	root, outside := volume{t, t.TempDir()}, volume{t, t.TempDir()}
	outside.file("file", "x", 0o644)
	root.symlink(outside.root, "folder")
	root.file("file", "x", 0o644)
	tree, err := filecopy.Open(root.root)
	must(t, err)
	defer tree.Close()
	var sparse []filecopy.Sparse
	for _, path := range []string{"folder/file", "file", "none", "../x"} {
		sparse = append(sparse, filecopy.Sparse{Path: []byte(path)})
	}
	must(t, dropSparse(tree, sparse))
	if _, err := os.Lstat(outside.path("file")); err != nil {
		t.Errorf("a file outside of the volume is gone: %v", err)
	}
	if _, err := os.Lstat(root.path("file")); err == nil {
		t.Error("the changed file is still there")
	}
}

// TestEmptied: a source that became empty makes the target empty, but for lost+found.
func TestEmptied(t *testing.T) {
	p := newPair(t)
	v := volume{t, p.source()}
	v.file("a/b", "x", 0o644)
	v.file("lost+found/left", "of the source", 0o600)
	(volume{t, p.target()}).file("lost+found/kept", "of the target", 0o600)
	p.same("run-1")
	v.remove("a")
	p.same("run-2")
	if _, err := os.Stat(filepath.Join(p.target(), "lost+found/kept")); err != nil {
		t.Errorf("lost+found was touched: %v", err)
	}
	if _, err := os.Stat(filepath.Join(p.target(), "lost+found/left")); err == nil {
		t.Error("lost+found was copied")
	}
}

// TestSpecial: sockets and device nodes are named and left out, whatever their names, and what
// of the kind the target holds disturbs nothing. Only root can make device nodes; others test
// with sockets in their place.
func TestSpecial(t *testing.T) {
	p := newPair(t)
	src, dst := volume{t, p.source()}, volume{t, p.target()}
	unixSocket(src, "socket")
	for _, name := range strange {
		device(src, "dev/"+name)
		// What the pattern of the name might match by mistake.
		src.file("dev/in "+name, name, 0o644)
		src.file("dev/"+name+"x", name, 0o644)
		src.file("x/"+name, name, 0o644)
	}
	// In the way of a file, a folder and a link, and in that of none.
	src.file("way/file", "x", 0o644)
	src.dir("way/folder", 0o755)
	src.symlink("x", "way/link")
	device(dst, "way/file")
	unixSocket(dst, "way/folder")
	dst.fifo("way/link")
	unixSocket(dst, "over")
	device(dst, "dev/over")
	p.same("run-1")
	warnings := strings.Join(p.status(p.src).Warnings, "\n")
	for _, want := range []string{`"socket"`, `"dev/ space "`, fmt.Sprintf("and %d more", len(strange)-maxNamed)} {
		if os.Geteuid() == 0 && !strings.Contains(warnings, want) {
			t.Errorf("the warnings lack %s: %s", want, warnings)
		}
	}
	if info, err := os.Lstat(dst.path("dev/x\\*")); err == nil {
		t.Errorf("a device node was copied: %v", info.Mode())
	}
	dst.remove("way/file")
	dst.fifo("way/file")
	device(dst, "x/more")
	p.same("run-2")
}

// TestWhiteouts: of the layers of a container engine the files arrive, however many have been deleted
// in an upper layer.
func TestWhiteouts(t *testing.T) {
	p := newPair(t)
	src := volume{t, p.source()}
	src.dir("upper", 0o755)
	for i := range 250 {
		src.file(fmt.Sprint("lower/$f ", i), fmt.Sprint(i), 0o644)
		must(t, unix.Mknod(src.path(fmt.Sprint("upper/$f ", i)), unix.S_IFCHR, 0))
	}
	must(t, unix.Mknod(src.path("upper/f\n"), unix.S_IFCHR, 0))
	src.file("upper/$f", "stays", 0o644)
	p.same("run-1")
	if w := p.status(p.src).Warnings; len(w) != 1 || !strings.Contains(w[0], "251 device nodes are not copied") {
		t.Errorf("the warnings are %q, expected one about 251 device nodes", w)
	}
}

func device(v volume, name string) {
	v.t.Helper()
	if os.Geteuid() != 0 {
		unixSocket(v, name)
		return
	}
	v.dir(filepath.Dir(name), 0o755)
	must(v.t, unix.Mknod(v.path(name), unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3))))
}

func unixSocket(v volume, name string) {
	v.t.Helper()
	v.dir(filepath.Dir(name), 0o755)
	must(v.t, unix.Mknod(v.path(name), unix.S_IFSOCK|0o600, 0))
}
