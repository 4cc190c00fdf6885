package filecopy

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// TemporaryPrefix begins the names of what is not in its place yet. A process that is killed leaves such
// names, and the next copy removes them like all that the source does not have.
const TemporaryPrefix = ".kubemove-"

// File is a new file on its way to its path.
type File struct {
	*os.File
	tree      *Tree
	path      string
	at        location
	temporary string
}

// Create begins a new file beside its path, of mode 0600. It takes the place of what is no folder there with
// Commit, in one step. Close it in any case.
func (t *Tree) Create(path string) (*File, error) {
	at, err := t.locate(path)
	if err != nil {
		return nil, fmt.Errorf("cannot create %q: %w", t.full(path), err)
	}
	f := &File{tree: t, path: path, at: at, temporary: temporary()}
	fd, err := openat(at.folder, f.temporary, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW)
	if err != nil {
		at.close()
		return nil, fmt.Errorf("cannot create %q: %w", t.full(path), err)
	}
	f.File = os.NewFile(uintptr(fd), t.full(path))
	return f, nil
}

// Commit puts the file in its place. What was written is not on the disk before Disk.Sync.
func (f *File) Commit() error {
	if f.temporary == "" {
		return fmt.Errorf("cannot put %q in its place: %w", f.tree.full(f.path), os.ErrClosed)
	}
	err := f.at.put(f.temporary)
	f.temporary = ""
	if err != nil {
		return fmt.Errorf("cannot put %q in its place: %w", f.tree.full(f.path), err)
	}
	return nil
}

// Close ends the file, and removes it unless it was committed.
func (f *File) Close() error {
	if f.temporary != "" {
		_ = unix.Unlinkat(f.at.folder, f.temporary, 0)
		f.temporary = ""
	}
	f.at.close()
	f.at.owned = false
	return f.File.Close()
}

// OpenFile opens a regular file for reading, or with os.O_RDWR to write into it. Nothing that has taken its
// place is opened.
func (t *Tree) OpenFile(path string, flags int) (*os.File, error) {
	at, err := t.locate(path)
	if err != nil {
		return nil, t.cannotRead(path, err)
	}
	defer at.close()
	f, err := at.open(flags &^ (unix.O_CREAT | unix.O_TRUNC))
	if err != nil {
		return nil, t.cannotRead(path, err)
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(t.cannotRead(path, errors.Join(err, unix.EINVAL)), f.Close())
	}
	return f, nil
}

// Mkdir makes a folder, closed to others until Apply gives it its mode.
func (t *Tree) Mkdir(path string) error {
	return t.change("create the folder", path, func(at location) error { return unix.Mkdirat(at.folder, at.name, 0o700) })
}

// Symlink makes a symbolic link, in the place of what is no folder there.
func (t *Tree) Symlink(target, path string) error {
	return t.replace("create the link", path, func(folder int, temporary string) error { return unix.Symlinkat(target, folder, temporary) })
}

// Mkfifo makes a FIFO of mode 0600, in the place of what is no folder there.
func (t *Tree) Mkfifo(path string) error {
	return t.replace("create the FIFO", path, func(folder int, temporary string) error {
		return unix.Mknodat(folder, temporary, unix.S_IFIFO|0o600, 0)
	})
}

// replace makes something under another name and renames it, so that the path is never missing.
func (t *Tree) replace(what, path string, create func(folder int, temporary string) error) error {
	return t.change(what, path, func(at location) error {
		name := temporary()
		if err := create(at.folder, name); err != nil {
			return err
		}
		return at.put(name)
	})
}

// put renames what is beside the path to it.
func (l location) put(temporary string) error {
	err := unix.Renameat(l.folder, temporary, l.folder, l.name)
	// A rename of one name of a file to another of its names leaves both.
	if left := unix.Unlinkat(l.folder, temporary, 0); !errors.Is(left, unix.ENOENT) {
		err = errors.Join(err, left)
	}
	return err
}

// temporary is a name that nothing has.
func temporary() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // It never fails.
	return TemporaryPrefix + hex.EncodeToString(b[:])
}

// Stat is what a path is, without following it.
func (t *Tree) Stat(path string) (unix.Stat_t, error) {
	at, err := t.locate(path)
	if err != nil {
		return unix.Stat_t{}, t.cannotRead(path, err)
	}
	defer at.close()
	st, err := at.stat()
	if err != nil {
		return st, t.cannotRead(path, err)
	}
	return st, nil
}

// Remove removes a path that is no folder, or an empty one.
func (t *Tree) Remove(path string) error {
	return t.change("remove", path, func(at location) error {
		err := again(func() error { return unix.Unlinkat(at.folder, at.name, 0) })
		if errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EPERM) {
			if rerr := unix.Unlinkat(at.folder, at.name, unix.AT_REMOVEDIR); !errors.Is(rerr, unix.ENOTDIR) {
				return rerr
			}
		}
		return err
	})
}

// RemoveAll removes a path and all that is in it. What is not there is no error.
func (t *Tree) RemoveAll(path string) error {
	at, err := t.locate(path)
	if err == nil {
		defer at.close()
		err = removeAll(at)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("cannot remove %q: %w", t.full(path), err)
	}
	return nil
}

// removeAll lets the standard library do it. An os.Root follows links between folders, so it is the folder
// itself, and is given a name alone.
func removeAll(at location) error {
	folder, err := os.OpenRoot(descriptor(at.folder))
	if err != nil {
		return err
	}
	return errors.Join(folder.RemoveAll(at.name), folder.Close())
}

// Clear removes everything but the root's lost+found.
func (t *Tree) Clear() error {
	entries, err := t.readFolder("")
	if err != nil {
		return t.cannotRead("", err)
	}
	for _, e := range entries {
		if e.Name() == LostAndFound && e.IsDir() {
			continue
		}
		if err := t.RemoveAll(e.Name()); err != nil {
			return err
		}
	}
	return nil
}
