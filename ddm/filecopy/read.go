package filecopy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/zeebo/blake3"
	"golang.org/x/sys/unix"
)

const modeBits = 0o7777

// Read returns the entry of one path, without Path, Same and Sum. A socket or a device node is an error.
func (t *Tree) Read(path string) (*Entry, error) {
	at, err := t.locate(path)
	if err != nil {
		return nil, t.cannotRead(path, err)
	}
	defer at.close()
	return t.readAt(path, at)
}

// readAt is Read for a path that was located.
func (t *Tree) readAt(path string, at location) (*Entry, error) {
	it := &item{path: path, entry: &Entry{}}
	t.read(it, at)
	if it.err == nil && it.entry == nil {
		return nil, fmt.Errorf("cannot read %q: sockets and device nodes are not copied", t.full(path))
	}
	return it.entry, it.err
}

// read fills the entry from the disk.
func (t *Tree) read(it *item, at location) {
	st, err := at.stat()
	if err != nil {
		it.err = t.cannotRead(it.path, err)
		return
	}
	e := it.entry
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		e.Type, e.Size = TypeFile, st.Size
	case unix.S_IFDIR:
		e.Type = TypeFolder
	case unix.S_IFIFO:
		e.Type = TypePipe
	case unix.S_IFLNK:
		e.Type = TypeLink
		if e.Target, err = readlink(at); err != nil {
			it.err = fmt.Errorf("cannot read the link %q: %w", t.full(it.path), err)
			return
		}
	default:
		it.entry = nil
		return
	}
	if e.Type != TypeLink {
		e.Mode = st.Mode & modeBits
	}
	if e.Type != TypeFolder {
		it.inode, it.links, it.allocated = inode{uint64(st.Dev), st.Ino}, uint64(st.Nlink), st.Blocks*512
	}
	it.ctime = time.Unix(int64(st.Ctim.Sec), int64(st.Ctim.Nsec))
	e.UID, e.GID = st.Uid, st.Gid
	e.Seconds, e.Nanos = int64(st.Mtim.Sec), uint32(st.Mtim.Nsec)
	e.Xattrs, it.err = xattrs(at, t.full(it.path))
}

func readlink(at location) (string, error) {
	for size := 256; ; size *= 4 {
		buf := make([]byte, size)
		n, err := unix.Readlinkat(at.folder, at.name, buf)
		if err != nil {
			return "", err
		}
		if n < size {
			return string(buf[:n]), nil
		}
	}
}

// KeepsXattr tells whether an extended attribute is part of the data: what users and programs set,
// access control lists, and capabilities. All others belong to the system, or only it can read
// them.
func KeepsXattr(name string) bool {
	return strings.HasPrefix(name, "user.") || slices.Contains(system, name)
}

// system attributes that are kept.
var system = []string{"security.capability", "system.posix_acl_access", "system.posix_acl_default"}

// KeptXattrs are what KeepsXattr keeps, as patterns of file names.
func KeptXattrs() []string { return append([]string{"user.*"}, system...) }

// xattrs reads the kept attributes, sorted by name.
func xattrs(at location, full string) ([]Xattr, error) {
	path := at.path()
	list, err := grow(func(buf []byte) (int, error) { return unix.Llistxattr(path, buf) })
	// A file system without attributes says the one, some that of a Windows server the other.
	if errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENODATA) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot list the attributes of %q: %w", full, err)
	}
	var out []Xattr
	for name := range strings.SplitSeq(string(list), "\x00") {
		if !KeepsXattr(name) {
			continue
		}
		value, err := grow(func(buf []byte) (int, error) { return unix.Lgetxattr(path, name, buf) })
		if errors.Is(err, unix.ENODATA) {
			continue // It is gone by now.
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read the attribute %q of %q: %w", name, full, err)
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

// Sum returns the hash of a file: 32 bytes of BLAKE3.
func (t *Tree) Sum(ctx context.Context, path string) ([]byte, error) {
	it := &item{path: path, entry: &Entry{}}
	at, err := t.locate(path)
	if err != nil {
		return nil, t.cannotRead(path, err)
	}
	defer at.close()
	if t.read(it, at); it.err != nil {
		return nil, it.err
	}
	if it.entry == nil {
		return nil, t.cannotRead(path, unix.EINVAL)
	}
	c := cursor{tree: t}
	defer c.close()
	err = t.hash(ctx, it, &c)
	return it.entry.Sum, err
}

// hash reads the content. It must be the file, at the size, that was seen before: one that
// changes while it is read has no hash.
func (t *Tree) hash(ctx context.Context, it *item, c *cursor) error {
	at, err := c.locate(it.path)
	if err != nil {
		return t.cannotRead(it.path, err)
	}
	// Should a FIFO take its place this must not wait for a writer.
	f, err := at.open(unix.O_RDONLY)
	if err != nil {
		return t.cannotRead(it.path, err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return t.cannotRead(it.path, err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || it.inode != (inode{uint64(st.Dev), st.Ino}) {
		return fmt.Errorf("%q was replaced while the tree was read: find out who writes to it", t.full(it.path))
	}
	h := hashers.Get().(*hasher)
	defer hashers.Put(h)
	h.sum.Reset()
	size, err := h.read(ctx, f)
	if err != nil {
		return t.cannotRead(it.path, err)
	}
	if size != it.entry.Size {
		return fmt.Errorf("%q changed while the tree was read: it had %d bytes, then %d; find out who writes to it",
			t.full(it.path), it.entry.Size, size)
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
