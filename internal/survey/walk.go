package survey

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/kubemove/kubemove/ddm/filecopy"
)

// entry is one path, as its folder knows it. All is done by its name there: a path from the root may
// be longer than the 4096 bytes that a system call takes.
type entry struct {
	folder int // an open file
	name   string
	rel    string // from the root of the volume
	st     unix.Stat_t
}

func newEntry(folder *os.File, above, name string) *entry {
	e := &entry{folder: int(folder.Fd()), name: name, rel: name}
	if above != "" {
		e.rel = above + "/" + name
	}
	return e
}

// path of the entry for calls that take no folder.
func (e *entry) path() string { return fmt.Sprintf("/proc/self/fd/%d/%s", e.folder, e.name) }

func (e *entry) is(kind uint32) bool { return e.st.Mode&unix.S_IFMT == kind }

// open the entry, be it what it was.
func (e *entry) open(flags int) (*os.File, error) {
	fd, err := unix.Openat(e.folder, e.name, flags|unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), e.name), nil
}

// namesAtOnce are read of a folder: one may hold millions.
const namesAtOnce = 1024

// walk looks at everything in a folder, and then into the folders in it. What vanishes meanwhile is
// passed over.
func (s *surveyor) walk(folder *os.File, rel string) error {
	var folders []string
	var entries int64
	for {
		names, err := folder.Readdirnames(namesAtOnce)
		entries += int64(len(names))
		for _, name := range names {
			below, err := s.enter(newEntry(folder, rel, name))
			if err != nil {
				return err
			}
			if below {
				folders = append(folders, name)
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, fs.ErrNotExist):
			s.report.Folder = max(s.report.Folder, entries)
			slices.Sort(folders)
			return s.descend(folder, rel, folders)
		case err != nil:
			return fmt.Errorf("cannot read %q: %w", rel, err)
		}
	}
}

// enter looks at an entry, and tells whether it is a folder to look into.
func (s *surveyor) enter(e *entry) (bool, error) {
	err := unix.Fstatat(e.folder, e.name, &e.st, unix.AT_SYMLINK_NOFOLLOW)
	switch {
	case gone(err):
		return false, nil
	case errors.Is(err, fs.ErrPermission):
		// Its folder may be listed, but not entered.
		s.report.Files++
		s.report.Unreadable.Add(e.rel)
		return false, nil
	case err != nil:
		return false, fmt.Errorf("cannot read %q: %w", e.rel, err)
	case e.rel == filecopy.LostAndFound && e.is(unix.S_IFDIR):
		return false, nil
	}
	s.look(e)
	return e.is(unix.S_IFDIR), nil
}

// descend looks into folders of a folder.
func (s *surveyor) descend(folder *os.File, rel string, names []string) error {
	for _, name := range names {
		e := newEntry(folder, rel, name)
		f, err := e.open(unix.O_DIRECTORY)
		switch {
		case gone(err), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ELOOP):
			continue // Something else has taken its place.
		case errors.Is(err, fs.ErrPermission):
			s.report.Unreadable.Add(e.rel)
			continue
		case err != nil:
			return fmt.Errorf("cannot read %q: %w", e.rel, err)
		}
		err = s.walk(f, e.rel)
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// gone: servers say it in their own way.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESTALE) }
