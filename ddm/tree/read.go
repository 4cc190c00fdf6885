package tree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/zeebo/blake3"
	"golang.org/x/sys/unix"
)

const modeBits = 0o7777

// Read returns the entry of one path of the disk, without Path, Same and Sum. A socket or a
// device node is an error.
func Read(path string) (*Entry, error) {
	it := &item{path: path, entry: &Entry{}}
	it.read()
	if it.err == nil && it.entry == nil {
		return nil, fmt.Errorf("cannot read %q: sockets and device nodes are not copied", path)
	}
	return it.entry, it.err
}

// read fills the entry from the disk.
func (it *item) read() {
	var st unix.Stat_t
	if err := again(func() error { return unix.Lstat(it.path, &st) }); err != nil {
		it.err = fmt.Errorf("cannot read %q: %w", it.path, err)
		return
	}
	e := it.entry
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		e.Type, e.Size = File, st.Size
	case unix.S_IFDIR:
		e.Type = Folder
	case unix.S_IFIFO:
		e.Type = Pipe
	case unix.S_IFLNK:
		e.Type = Link
		if e.Target, it.err = os.Readlink(it.path); it.err != nil {
			it.err = fmt.Errorf("cannot read the link %q: %w", it.path, cause(it.err))
			return
		}
	default:
		it.entry = nil
		return
	}
	if e.Type != Link {
		e.Mode = st.Mode & modeBits
	}
	if e.Type != Folder {
		it.inode, it.links, it.allocated = inode{uint64(st.Dev), st.Ino}, uint64(st.Nlink), st.Blocks*512
	}
	it.ctime = time.Unix(int64(st.Ctim.Sec), int64(st.Ctim.Nsec))
	e.UID, e.GID = st.Uid, st.Gid
	e.Seconds, e.Nanos = int64(st.Mtim.Sec), uint32(st.Mtim.Nsec)
	e.Xattrs, it.err = xattrs(it.path)
}

// Kept tells whether an extended attribute is part of the data: what users and programs set,
// access control lists, and capabilities. All others belong to the system, or only it can read
// them.
func Kept(name string) bool {
	return strings.HasPrefix(name, "user.") || slices.Contains(system, name)
}

// system attributes that are kept.
var system = []string{"security.capability", "system.posix_acl_access", "system.posix_acl_default"}

// KeptPatterns are Kept as patterns of file names.
func KeptPatterns() []string { return append([]string{"user.*"}, system...) }

// xattrs reads the kept attributes, sorted by name.
func xattrs(path string) ([]Xattr, error) {
	list, err := grow(func(buf []byte) (int, error) { return unix.Llistxattr(path, buf) })
	// A file system without attributes says the one, some that of a Windows server the other.
	if errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENODATA) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot list the attributes of %q: %w", path, err)
	}
	var out []Xattr
	for name := range strings.SplitSeq(string(list), "\x00") {
		if !Kept(name) {
			continue
		}
		value, err := grow(func(buf []byte) (int, error) { return unix.Lgetxattr(path, name, buf) })
		if errors.Is(err, unix.ENODATA) {
			continue // It is gone by now.
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read the attribute %q of %q: %w", name, path, err)
		}
		out = append(out, Xattr{Name: name, Value: value})
	}
	slices.SortFunc(out, func(a, b Xattr) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// grow calls a system call with a buffer of the size that it asks for. Most files have no
// attributes: for those one call is enough.
func grow(call func([]byte) (int, error)) ([]byte, error) {
	for {
		n, err := call(nil)
		if err != nil || n == 0 {
			return nil, err
		}
		buf := make([]byte, n)
		// Should the answer have grown meanwhile, it is asked for again.
		if n, err = call(buf); !errors.Is(err, unix.ERANGE) {
			return buf[:max(n, 0)], err
		}
	}
}

// hasher reads and hashes a file.
type hasher struct {
	sum *blake3.Hasher
	buf [1 << 20]byte
}

var hashers = sync.Pool{New: func() any { return &hasher{sum: blake3.New()} }}

// Sum returns the hash of a file on the disk.
func Sum(ctx context.Context, path string) ([]byte, error) {
	it := &item{path: path, entry: &Entry{}}
	if it.read(); it.err != nil {
		return nil, it.err
	}
	err := it.hash(ctx)
	return it.entry.Sum, err
}

// hash reads the content. It must be the file, at the size, that was seen before: one that
// changes while it is read has no hash.
func (it *item) hash(ctx context.Context) error {
	// Should a FIFO take its place this must not wait for a writer.
	f, err := os.OpenFile(it.path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("cannot read %q: %w", it.path, cause(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("cannot read %q: %w", it.path, cause(err))
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || it.inode != (inode{uint64(st.Dev), st.Ino}) {
		return fmt.Errorf("%q was replaced while the tree was read: find out who writes to it", it.path)
	}
	h := hashers.Get().(*hasher)
	defer hashers.Put(h)
	h.sum.Reset()
	size, err := h.read(ctx, f)
	if err != nil {
		return fmt.Errorf("cannot read %q: %w", it.path, cause(err))
	}
	if size != it.entry.Size {
		return fmt.Errorf("%q changed while the tree was read: it had %d bytes, then %d; find out who writes to it", it.path, it.entry.Size, size)
	}
	it.entry.Sum = h.sum.Sum(nil)
	return nil
}

// read hashes all that there is and returns its size.
func (h *hasher) read(ctx context.Context, r io.Reader) (size int64, err error) {
	for ctx.Err() == nil {
		n, err := r.Read(h.buf[:])
		_, _ = h.sum.Write(h.buf[:n])
		size += int64(n)
		if err == io.EOF {
			return size, nil
		}
		if err != nil {
			return size, err
		}
	}
	return size, ctx.Err()
}

// cause is an error without the path, which the messages of this package have already.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// again repeats what a signal has interrupted.
func again(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
