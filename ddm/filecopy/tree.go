package filecopy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// LostAndFound is the name of the folder in a file system's root that is left out.
const LostAndFound = "lost+found"

// Limits of what can be copied.
const (
	// MaxPath is how long a path may be, in bytes, from the root of the file system that the process
	// sees: no system call takes a longer one.
	MaxPath = 4095
	// MaxDevices is how many device nodes a mover has to be able to leave out.
	MaxDevices = 10_000
)

// Tree is a directory tree whose root is held open. Its methods take paths below the root, with slashes;
// "" is the root. They follow no symbolic link, and may be called concurrently.
type Tree struct {
	path string // of the root, for messages
	fd   int
}

// Open holds a folder open.
func Open(path string) (*Tree, error) {
	fd, err := openat(unix.AT_FDCWD, path, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return nil, fmt.Errorf("cannot open %q: %w", path, err)
	}
	return &Tree{path: filepath.Clean(path), fd: fd}, nil
}

// Close lets the folder go.
func (t *Tree) Close() { _ = unix.Close(t.fd) }

// Path that the tree was opened by.
func (t *Tree) Path() string { return t.path }

// full is a path for messages.
func (t *Tree) full(rel string) string { return filepath.Join(t.path, rel) }

var errOutside = errors.New("the path does not lie below the root")

// location is a path as the folder that it lies in knows it.
type location struct {
	folder int // an open folder
	name   string
	owned  bool // the folder is closed with the location
}

// locate a path: the folders above it must be folders.
func (t *Tree) locate(rel string) (location, error) {
	above, name := split(rel)
	folder, err := t.openFolder(above)
	if err != nil || name == "" {
		folder.name = "."
		return folder, err
	}
	if !below(name) {
		folder.close()
		return location{}, errOutside
	}
	folder.name = name
	return folder, nil
}

// openFolder opens a folder for what lies in it, which takes no right to read it. The location has no
// name yet.
func (t *Tree) openFolder(rel string) (location, error) {
	at := location{folder: t.fd}
	if rel == "" {
		return at, nil
	}
	if !below(rel) {
		return location{}, errOutside
	}
	for name := range strings.SplitSeq(rel, "/") {
		next, err := openat(at.folder, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW)
		at.close()
		if err != nil {
			return location{}, err
		}
		at = location{folder: next, owned: true}
	}
	return at, nil
}

func (l location) close() {
	if l.owned {
		_ = unix.Close(l.folder)
	}
}

// path for system calls that take no descriptor. It leads through the folder that is held; of the path
// itself the calls must follow no link.
func (l location) path() string { return descriptor(l.folder) + "/" + l.name }

// open the path for reading or writing, be it what it was: it must not wait for another process.
func (l location) open(flags int) (*os.File, error) {
	fd, err := openat(l.folder, l.name, flags|unix.O_NOFOLLOW|unix.O_NONBLOCK)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), l.name), nil
}

func (l location) stat() (st unix.Stat_t, err error) {
	err = again(func() error { return unix.Fstatat(l.folder, l.name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	return st, err
}

// cursor locates one path after the other, and keeps the folder of the last one open: most come
// together with those beside them.
type cursor struct {
	tree   *Tree
	folder string
	at     location
	open   bool
}

// locate a path; the location is good until the next call, and is not to be closed.
func (c *cursor) locate(rel string) (location, error) {
	above, name := split(rel)
	if !c.open || above != c.folder {
		c.close()
		at, err := c.tree.openFolder(above)
		if err != nil {
			return at, err
		}
		c.folder, c.at, c.open = above, at, true
	}
	return location{folder: c.at.folder, name: name}, nil
}

func (c *cursor) close() {
	if c.open {
		c.at.close()
	}
	c.open = false
}

// cursors are as many as there are workers, which take one and give it back.
type cursors chan *cursor

func newCursors(t *Tree, workers int) cursors {
	out := make(cursors, workers)
	for range workers {
		out <- &cursor{tree: t}
	}
	return out
}

// close them all, once they are given back.
func (c cursors) close() {
	for range cap(c) {
		(<-c).close()
	}
}

// split a path into that of the folder above and the name there.
func split(rel string) (above, name string) {
	if rel == "." {
		return "", ""
	}
	if i := strings.LastIndexByte(rel, '/'); i >= 0 {
		return rel[:i], rel[i+1:]
	}
	return "", rel
}

// join is the path of a name in a folder.
func join(folder, name string) string {
	if folder == "" {
		return name
	}
	return folder + "/" + name
}

// descriptor is the path of what a process holds open.
func descriptor(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

func openat(folder int, name string, flags int) (fd int, err error) {
	err = again(func() error {
		fd, err = unix.Openat(folder, name, flags|unix.O_CLOEXEC, 0o600)
		return err
	})
	return fd, err
}

// again repeats what a signal has interrupted.
func again(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// cause is an error without the path, which the messages of this package have already.
func cause(err error) error {
	if p := (*os.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}
