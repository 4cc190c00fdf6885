package filecopy

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// Apply gives a path the owner, mode, time and attributes of the entry, which must be of its type. It tries
// them all; its error joins what went wrong.
func (t *Tree) Apply(path string, want *Entry) error {
	at, err := t.locate(path)
	if err != nil {
		return t.cannotRead(path, err)
	}
	defer at.close()
	return t.applyAt(path, at, want)
}

func (t *Tree) applyAt(path string, at location, want *Entry) error {
	is, err := t.readAt(path, at)
	if err != nil {
		return err
	}
	if is.Type != want.Type {
		return fmt.Errorf("%q is a %s, expected a %s", t.full(path), is.Type, want.Type)
	}
	var failed []error
	try := func(what string, err error) {
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", what, err))
		}
	}
	if is.UID != want.UID || is.GID != want.GID {
		try("owner", unix.Fchownat(at.folder, at.name, int(want.UID), int(want.GID), unix.AT_SYMLINK_NOFOLLOW))
	}
	// The owner comes first: a change of it takes setuid, setgid and capabilities away.
	if is, err = t.readAt(path, at); err != nil {
		return err
	}
	failed = append(failed, setXattrs(at, is, want)...)
	// After the attributes: a mode may forbid to set them, and an access control list changes
	// it.
	if is, err = t.readAt(path, at); err != nil {
		return err
	}
	if is.Mode != want.Mode {
		try("mode", chmod(at, want.Mode))
	}
	if is.Seconds != want.Seconds || is.Nanos != want.Nanos {
		try("mtime", setTime(at, want.Seconds, int64(want.Nanos)))
	}
	return errors.Join(failed...)
}

// setXattrs makes the extended attributes those of the entry.
func setXattrs(at location, is, want *Entry) (failed []error) {
	if slices.EqualFunc(is.Xattrs, want.Xattrs, sameXattr) {
		return nil
	}
	if is.Type != TypeLink && is.Mode&0o200 == 0 {
		// Who is not root may set them only where he may write. If this fails, so does that.
		_ = chmod(at, is.Mode|0o200)
	}
	try := func(name string, err error) {
		if err != nil {
			failed = append(failed, fmt.Errorf("xattr %s: %w", Quote(name), err))
		}
	}
	for _, x := range is.Xattrs {
		if !slices.ContainsFunc(want.Xattrs, func(y Xattr) bool { return y.Name == x.Name }) {
			try(x.Name, unix.Lremovexattr(at.path(), x.Name))
		}
	}
	for _, x := range want.Xattrs {
		if !slices.ContainsFunc(is.Xattrs, func(y Xattr) bool { return sameXattr(x, y) }) {
			try(x.Name, unix.Lsetxattr(at.path(), x.Name, x.Value, 0))
		}
	}
	return failed
}

func sameXattr(a, b Xattr) bool { return a.Name == b.Name && bytes.Equal(a.Value, b.Value) }

// Chmod sets the mode of a path that is no symbolic link, at most 07777.
func (t *Tree) Chmod(path string, mode uint32) error {
	return t.change("set the mode of", path, func(at location) error { return chmod(at, mode) })
}

// SetTime sets the time of the last change of the content, also of a symbolic link's own.
func (t *Tree) SetTime(path string, seconds, nanos int64) error {
	return t.change("set the time of", path, func(at location) error { return setTime(at, seconds, nanos) })
}

// change does something to a path; what says it for messages.
func (t *Tree) change(what, path string, do func(at location) error) error {
	at, err := t.locate(path)
	if err == nil {
		defer at.close()
		err = do(at)
	}
	if err != nil {
		return fmt.Errorf("cannot %s %q: %w", what, t.full(path), cause(err))
	}
	return nil
}

// chmod has no call of its own that follows no link on every kernel: the path is held, looked at, and
// changed through the descriptor.
func chmod(at location, mode uint32) error {
	fd, err := openat(at.folder, at.name, unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		return unix.ELOOP
	}
	return unix.Chmod(descriptor(fd), mode)
}

// setTime of the last change, also of a symbolic link.
func setTime(at location, seconds, nanos int64) error {
	t := unix.Timespec{Sec: seconds, Nsec: nanos}
	return unix.UtimesNanoAt(at.folder, at.name, []unix.Timespec{t, t}, unix.AT_SYMLINK_NOFOLLOW)
}

// WithWritable changes the names in a folder that may be closed to its owner, and keeps its mode and time.
func (t *Tree) WithWritable(folder string, change func() error) error {
	at, err := t.locate(folder)
	if err != nil {
		return t.cannotRead(folder, err)
	}
	defer at.close()
	was, err := t.readAt(folder, at)
	if err != nil {
		return err
	}
	if was.Type != TypeFolder {
		return t.cannotRead(folder, unix.ENOTDIR)
	}
	if was.Mode&0o300 != 0o300 {
		if err := chmod(at, was.Mode|0o700); err != nil {
			return err
		}
	}
	return errors.Join(change(), chmod(at, was.Mode), setTime(at, was.Seconds, int64(was.Nanos)))
}
