package restic

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/kubemove/kubemove/ddm/tree"
)

// restic restores the content of files. What it loses of their metadata the comparison with
// the manifest finds, and this mends: hard links of symbolic links and FIFOs, times that do
// not fit into 64 bits of nanoseconds, attributes whose name is no UTF-8, and attributes after
// the first that a worker without rights may not set.

// errContent: only the next run can mend it.
var errContent = errors.New("the content is not the same")

// mend makes a path of the target what it is at the source, if that is possible without
// copying content.
func mend(root string, d tree.Difference) error {
	s, t := d.Source, d.Target
	if s == nil || t == nil || s.Type != t.Type || s.Size != t.Size || s.Target != t.Target || !bytes.Equal(s.Sum, t.Sum) && s.Same == t.Same {
		return errContent
	}
	if s.Same != t.Same {
		if s.Same == "" {
			return errContent
		}
		// Its metadata is that of the first path, which came before.
		if err := relink(filepath.Join(root, s.Same), filepath.Join(root, s.Path)); err != nil {
			return fmt.Errorf("hard link: %w", err)
		}
		return nil
	}
	return apply(filepath.Join(root, s.Path), s)
}

// relink makes path another name of first.
func relink(first, path string) error {
	return inFolder(filepath.Dir(path), func() error {
		// Renamed, so that the path is never missing.
		temporary := filepath.Join(filepath.Dir(path), ".kubemove-link")
		if err := os.Remove(temporary); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if err := unix.Linkat(unix.AT_FDCWD, first, unix.AT_FDCWD, temporary, 0); err != nil {
			return err
		}
		if err := unix.Rename(temporary, path); err != nil {
			return errors.Join(err, os.Remove(temporary))
		}
		return nil
	})
}

// inFolder changes the names in a folder, and keeps its mode and time.
func inFolder(folder string, change func() error) error {
	was, err := tree.Read(folder)
	if err != nil {
		return err
	}
	if was.Mode&0o300 != 0o300 {
		if err := unix.Chmod(folder, was.Mode|0o700); err != nil {
			return err
		}
	}
	return errors.Join(change(), unix.Chmod(folder, was.Mode), setTime(folder, was))
}

// apply gives a path of the disk the owner, mode, time and attributes of the entry. It tries
// them all; its error joins what went wrong.
func apply(path string, want *tree.Entry) error {
	is, err := tree.Read(path)
	if err != nil {
		return err
	}
	if is.Type != want.Type {
		return fmt.Errorf("%q is a %s, expected a %s", path, is.Type, want.Type)
	}
	var failed []error
	try := func(what string, err error) {
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", what, err))
		}
	}
	if is.UID != want.UID || is.GID != want.GID {
		try("owner", unix.Lchown(path, int(want.UID), int(want.GID)))
	}
	// The owner comes first: a change of it takes setuid, setgid and capabilities away.
	failed = append(failed, setAttributes(path, want)...)
	// After the attributes: a mode may forbid to set them, and an access control list changes
	// it.
	if is, err = tree.Read(path); err != nil {
		return err
	}
	if is.Mode != want.Mode {
		try("mode", unix.Chmod(path, want.Mode))
	}
	if is.Seconds != want.Seconds || is.Nanos != want.Nanos {
		try("mtime", setTime(path, want))
	}
	return errors.Join(failed...)
}

// setAttributes makes the extended attributes those of the entry.
func setAttributes(path string, want *tree.Entry) (failed []error) {
	is, err := tree.Read(path)
	if err != nil {
		return []error{err}
	}
	if slices.EqualFunc(is.Xattrs, want.Xattrs, sameXattr) {
		return nil
	}
	if is.Type != tree.Link && is.Mode&0o200 == 0 {
		// Who is not root may set them only where he may write. If this fails, so does that.
		_ = unix.Chmod(path, is.Mode|0o200)
	}
	try := func(name string, err error) {
		if err != nil {
			failed = append(failed, fmt.Errorf("xattr %s: %w", tree.Quote(name), err))
		}
	}
	for _, x := range is.Xattrs {
		if !slices.ContainsFunc(want.Xattrs, func(y tree.Xattr) bool { return y.Name == x.Name }) {
			try(x.Name, unix.Lremovexattr(path, x.Name))
		}
	}
	for _, x := range want.Xattrs {
		if !slices.ContainsFunc(is.Xattrs, func(y tree.Xattr) bool { return sameXattr(x, y) }) {
			try(x.Name, unix.Lsetxattr(path, x.Name, x.Value, 0))
		}
	}
	return failed
}

func sameXattr(a, b tree.Xattr) bool { return a.Name == b.Name && bytes.Equal(a.Value, b.Value) }

// setTime of the last change, also of a symbolic link.
func setTime(path string, want *tree.Entry) error {
	t := unix.Timespec{Sec: want.Seconds, Nsec: int64(want.Nanos)}
	return unix.UtimesNanoAt(unix.AT_FDCWD, path, []unix.Timespec{t, t}, unix.AT_SYMLINK_NOFOLLOW)
}
