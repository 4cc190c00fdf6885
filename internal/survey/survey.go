// Package survey looks through a volume before a move: how much it holds, and whether a worker
// could copy all of it. It changes nothing, and the application may go on writing meanwhile.
package survey

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/kubemove/kubemove/ddm/filecopy"
	"github.com/kubemove/kubemove/internal/survey/found"
)

// Worker is the one that would write the copy at the target.
type Worker struct {
	// UID and GIDs it runs with.
	UID  int64   `json:"uid"`
	GIDs []int64 `json:"gids,omitempty"`
	// AnyOwner: it may give files to other users.
	AnyOwner bool `json:"anyOwner,omitempty"`
	// ProgramCapabilities: it may give capabilities to programs.
	ProgramCapabilities bool `json:"programCapabilities,omitempty"`
	// Folder that the workers have the volume in: their paths begin with it.
	Folder string `json:"folder,omitempty"`
	// Others that could write the copy in its place.
	Others []Worker `json:"others,omitempty"`
}

// What a survey finds is in a package of its own.
type (
	// Report is what was found.
	Report = found.Report
	// Root is the metadata of the volume's own folder.
	Root = found.Root
	// Owner of files.
	Owner = found.Owner
	// Paths counts files and names the first of them.
	Paths = found.Paths
)

// maxOwners that are named.
const maxOwners = 8

// surveyor makes a report.
type surveyor struct {
	report Report
	target Worker
	// linked are the files with more than one name that were seen, and how many names may still come.
	linked map[inode]uint64
}

type inode struct{ device, number uint64 }

// Volume surveys the volume that is mounted at root for a worker at the target. What vanishes
// meanwhile is passed over. An error means that the volume itself cannot be looked at.
func Volume(root string, target Worker) (*Report, error) {
	s := &surveyor{target: target, linked: map[inode]uint64{}}
	r := &s.report
	r.Others = make([]Paths, len(target.Others))
	var err error
	if r.Root, err = readRoot(root); err != nil {
		return nil, err
	}
	folder, err := os.Open(root)
	if errors.Is(err, fs.ErrPermission) {
		r.Unreadable.Add(".")
		return r, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot look at the volume: %w", err)
	}
	err = s.walk(folder, "")
	if err = errors.Join(err, folder.Close()); err != nil {
		return nil, err
	}
	for _, p := range r.Kinds() {
		slices.Sort(p.First)
	}
	return r, nil
}

func readRoot(dir string) (Root, error) {
	info, err := os.Lstat(dir)
	if err != nil {
		return Root{}, fmt.Errorf("cannot look at the volume: %w", err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return Root{}, errors.New("cannot look at the volume: this system tells no owners")
	}
	return Root{UID: int64(st.Uid), GID: int64(st.Gid), Mode: st.Mode & 0o7777}, nil
}

// look at one entry.
func (s *surveyor) look(e *entry) {
	r := &s.report
	if len(s.target.Folder)+len("/")+len(e.rel) > filecopy.MaxPath {
		r.TooLong.Add(e.rel)
	}
	if !copied(e) {
		r.Special.Add(e.rel)
		if !e.is(unix.S_IFSOCK) {
			r.Devices++
		}
		return
	}
	if !e.is(unix.S_IFDIR) {
		r.Files++
	}
	if e.is(unix.S_IFREG) {
		r.Bytes += e.st.Size
		if !s.known(e) {
			allocated, filled := room(e)
			r.Allocated += allocated
			r.Filled += filled
		}
		if err := unix.Faccessat(e.folder, e.name, unix.R_OK, 0); errors.Is(err, fs.ErrPermission) {
			r.Unreadable.Add(e.rel)
			return
		}
	}
	if demanding(e) {
		r.Demanding.Add(e.rel)
	}
	s.judgeOwner(e)
}

// judgeOwner notes the owner of a file, and which of the workers could not give it to the copy.
func (s *surveyor) judgeOwner(e *entry) {
	r := &s.report
	owner := Owner{UID: int64(e.st.Uid), GID: int64(e.st.Gid)}
	if len(r.Owners) < maxOwners && !slices.Contains(r.Owners, owner) {
		r.Owners = append(r.Owners, owner)
	}
	program := e.is(unix.S_IFREG) && hasCapabilities(e.path())
	if !s.target.mayMake(owner, program) {
		r.Foreign.Add(e.rel)
	}
	for i, other := range s.target.Others {
		if !other.mayMake(owner, program) {
			r.Others[i].Add(e.rel)
		}
	}
}

// copied tells whether the mobilizers copy such an entry at all.
func copied(e *entry) bool {
	return e.is(unix.S_IFREG) || e.is(unix.S_IFDIR) || e.is(unix.S_IFLNK) || e.is(unix.S_IFIFO)
}

// known tells whether another name of the file was seen.
func (s *surveyor) known(e *entry) bool {
	if e.st.Nlink < 2 {
		return false
	}
	i := inode{uint64(e.st.Dev), e.st.Ino}
	left, known := s.linked[i]
	if !known {
		left = uint64(e.st.Nlink)
	}
	if left--; left == 0 {
		delete(s.linked, i) // A volume may hold millions.
	} else {
		s.linked[i] = left
	}
	return known
}

// mayMake tells whether the worker can make a file of this owner, with capabilities if it is a
// program that has some.
func (w Worker) mayMake(owner Owner, program bool) bool {
	return w.MayOwn(owner) && (w.ProgramCapabilities || !program)
}

// MayOwn tells whether the worker can make a file of this owner.
func (w Worker) MayOwn(owner Owner) bool {
	return w.AnyOwner || owner.UID == w.UID && slices.Contains(w.GIDs, owner.GID)
}

// hasCapabilities tells whether a program carries capabilities of its own.
func hasCapabilities(path string) bool {
	n, err := unix.Lgetxattr(path, "security.capability", nil)
	return err == nil && n > 0
}
