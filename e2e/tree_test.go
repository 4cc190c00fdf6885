package e2e

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The lab's volumes are folders of this machine. The tests fill and compare them directly, with
// nothing of KubeMove's own.

// fillTree makes files of every kind that a copy has to keep.
func fillTree(t *testing.T, root string) {
	t.Helper()
	must := func(err error) { t.Helper(); require.NoError(t, err) }
	write := func(name, content string, uid, gid int, mode uint32) {
		t.Helper()
		path := filepath.Join(root, name)
		must(os.MkdirAll(filepath.Dir(path), 0o755))
		must(os.WriteFile(path, []byte(content), 0o600))
		must(os.Chown(path, uid, gid))
		must(syscall.Chmod(path, mode)) // After the owner, whose change clears bits.
	}
	for _, id := range []int{0, 1000, 65534} {
		for _, mode := range []uint32{0, 0o100, 0o400, 0o644, 0o755, 0o777, 0o1777, 0o2755, 0o4755, 0o7777} {
			write(fmt.Sprintf("owners/%d/%04o", id, mode), fmt.Sprint(id, mode), id, id, mode)
		}
		dir := filepath.Join(root, fmt.Sprintf("folders/%d", id))
		must(os.MkdirAll(filepath.Join(dir, "empty"), 0o755))
		must(os.Chown(dir, id, id))
		must(syscall.Chmod(dir, 0o3700))
	}
	write("names/with\nnewline", "1", 0, 0, 0o644)
	write("names/not\xff\xfeutf8", "2", 0, 0, 0o644)
	write("names/*?[a]\\", "3", 0, 0, 0o644)
	write("names/ spaces ", "4", 0, 0, 0o644)
	write("names/"+strings.Repeat("n", 255), "5", 0, 0, 0o644)
	must(os.Symlink("../names/ spaces ", filepath.Join(root, "names/link")))
	must(os.Symlink("/nowhere/\xff", filepath.Join(root, "names/broken")))
	must(os.Lchown(filepath.Join(root, "names/broken"), 1000, 1000))
	write("links/a", "hard", 1000, 1000, 0o640)
	must(os.MkdirAll(filepath.Join(root, "links/b"), 0o755))
	must(os.Link(filepath.Join(root, "links/a"), filepath.Join(root, "links/b/c")))
	must(syscall.Mkfifo(filepath.Join(root, "fifo"), 0o620))
	must(unix.Mknod(filepath.Join(root, "device*[x]"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))))
	// No process listens, and the name of one that does could have 107 bytes only.
	must(unix.Mknod(filepath.Join(root, "socket"), unix.S_IFSOCK|0o755, 0))
	fillExtras(t, root, write)
	old := []unix.Timespec{{Sec: 86400}, {Sec: 981173106, Nsec: 123456789}}
	must(unix.UtimesNanoAt(unix.AT_FDCWD, filepath.Join(root, "links/a"), old, 0))
	must(unix.UtimesNanoAt(unix.AT_FDCWD, filepath.Join(root, "names/link"), old, unix.AT_SYMLINK_NOFOLLOW))
	must(os.Chown(root, 70, 70))
	must(os.Chmod(root, 0o700))
	must(unix.UtimesNanoAt(unix.AT_FDCWD, filepath.Join(root, "folders"), old, 0))
}

// fillExtras adds attributes, a sparse file and many small ones.
func fillExtras(t *testing.T, root string, write func(string, string, int, int, uint32)) {
	t.Helper()
	write("attributes/user", "x", 1000, 1000, 0o644)
	require.NoError(t, unix.Setxattr(filepath.Join(root, "attributes/user"), "user.origin", []byte("a\x00b"), 0))
	write("attributes/program", "x", 0, 0, 0o755)
	// CAP_NET_BIND_SERVICE, permitted and effective, as setcap writes it.
	capability := binary.LittleEndian.AppendUint32(nil, 0x02000001)
	for _, word := range []uint32{1 << 10, 0, 0, 0} {
		capability = binary.LittleEndian.AppendUint32(capability, word)
	}
	require.NoError(t, unix.Setxattr(filepath.Join(root, "attributes/program"), "security.capability", capability, 0))
	write("attributes/acl", "x", 0, 0, 0o640)
	require.NoError(t, unix.Setxattr(filepath.Join(root, "attributes/acl"), "system.posix_acl_access", acl(), 0))
	require.NoError(t, os.MkdirAll(filepath.Join(root, "attributes/folder"), 0o750))
	require.NoError(t, unix.Setxattr(filepath.Join(root, "attributes/folder"), "system.posix_acl_default", acl(), 0))

	sparse, err := os.Create(filepath.Join(root, "sparse"))
	require.NoError(t, err)
	_, err = sparse.WriteAt([]byte("in the middle"), 512<<20)
	require.NoError(t, err)
	require.NoError(t, sparse.Truncate(1<<30))
	require.NoError(t, sparse.Close())
	for i := range 20_000 {
		write(fmt.Sprintf("small/%02d/%05d", i%50, i), strings.Repeat(fmt.Sprint(i, " "), i%97), 1000, 1000, 0o644)
	}
}

// acl lets user 1234 read, as setfacl -m u:1234:r writes it.
func acl() []byte {
	const undefined = 0xffffffff
	out := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range [][3]uint32{{0x01, 6, undefined}, {0x02, 4, 1234}, {0x04, 4, undefined}, {0x10, 4, undefined}, {0x20, 0, undefined}} {
		out = binary.LittleEndian.AppendUint16(out, uint16(e[0]))
		out = binary.LittleEndian.AppendUint16(out, uint16(e[1]))
		out = binary.LittleEndian.AppendUint32(out, e[2])
	}
	return out
}

// tree describes a volume and everything in it, one line each. Sockets and device nodes are
// not copied and left out.
func tree(t *testing.T, root string) []string {
	t.Helper()
	var lines []string
	first := map[uint64]string{}
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&(fs.ModeSocket|fs.ModeDevice) != 0 {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return err
		}
		line := fmt.Sprintf("%q mode=%o owner=%d:%d mtime=%d.%09d", rel, st.Mode, st.Uid, st.Gid, st.Mtim.Sec, st.Mtim.Nsec)
		switch {
		case d.Type().IsRegular():
			if st.Nlink > 1 {
				if first[st.Ino] == "" {
					first[st.Ino] = rel
				}
				line += fmt.Sprintf(" links=%d same-as=%q", st.Nlink, first[st.Ino])
			}
			sum, err := content(path)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" size=%d sha256=%x", st.Size, sum)
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" to=%q", target)
		}
		attributes, err := xattrs(path)
		lines = append(lines, line+attributes)
		return err
	}))
	return lines
}

// content is the hash of a file's chunks that are not all zeros, with their places: a hole is
// equal to the zeros that it stands for.
func content(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum := sha256.New()
	buffer := make([]byte, 1<<20)
	for at := int64(0); ; {
		n, err := io.ReadFull(f, buffer)
		if slices.ContainsFunc(buffer[:n], func(b byte) bool { return b != 0 }) {
			fmt.Fprintf(sum, "%d:", at)
			sum.Write(buffer[:n])
		}
		at += int64(n)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return sum.Sum(nil), nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func xattrs(path string) (string, error) {
	buffer := make([]byte, 64<<10)
	n, err := unix.Llistxattr(path, buffer)
	if err != nil {
		return "", err
	}
	names := strings.FieldsFunc(string(buffer[:n]), func(r rune) bool { return r == 0 })
	slices.Sort(names)
	out := ""
	for _, name := range names {
		n, err := unix.Lgetxattr(path, name, buffer)
		if err != nil {
			return "", err
		}
		out += fmt.Sprintf(" %s=%x", name, buffer[:n])
	}
	return out, nil
}

// requireSameTree compares line by line and names what differs.
func requireSameTree(t *testing.T, want, got []string) {
	t.Helper()
	var missing, extra []string
	has := map[string]bool{}
	for _, l := range got {
		has[l] = true
	}
	for _, l := range want {
		if !has[l] {
			missing = append(missing, l)
		}
		delete(has, l)
	}
	for l := range has {
		extra = append(extra, l)
	}
	slices.Sort(extra)
	show := func(list []string) string { return strings.Join(list[:min(len(list), 10)], "\n") }
	require.Empty(t, append(missing, extra...), "lost or changed (%d):\n%s\nfound instead (%d):\n%s", len(missing), show(missing),
		len(extra), show(extra))
}
