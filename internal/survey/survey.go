// Package survey looks through a volume before a move: how much it holds, and whether a worker
// could copy all of it. It changes nothing, and the application may go on writing meanwhile.
package survey

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/kubemove/kubemove/ddm/tree"
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
}

// Report is what was found.
type Report struct {
	// Files: everything that is not a directory. Bytes of the regular files by their sizes,
	// and what they take of the volume.
	Files     int64 `json:"files"`
	Bytes     int64 `json:"bytes"`
	Allocated int64 `json:"allocated"`
	// Unreadable for whoever made the survey.
	Unreadable Paths `json:"unreadable,omitzero"`
	// Foreign to the worker at the target: it could not give them their owner or their
	// capabilities.
	Foreign Paths `json:"foreign,omitzero"`
	// Special are sockets and device nodes, which are not copied.
	Special Paths `json:"special,omitzero"`
	// Root of the volume.
	Root Root `json:"root"`
}

// Root is the metadata of the volume's own folder.
type Root struct {
	UID  int64  `json:"uid"`
	GID  int64  `json:"gid"`
	Mode uint32 `json:"mode"`
}

// maxPaths that are named of each kind.
const maxPaths = 10

// Paths counts files and names the first of them, quoted as in Go: names may hold any byte.
type Paths struct {
	Count int64    `json:"count"`
	First []string `json:"first,omitempty"`
}

func (p *Paths) add(rel string) {
	const limit = 120
	p.Count++
	if len(p.First) >= maxPaths {
		return
	}
	name := fmt.Sprintf("%q", rel)
	if len(name) > limit {
		name = name[:limit] + `..."`
	}
	p.First = append(p.First, name)
}

// Volume surveys the volume that is mounted at root for a worker at the target. What vanishes
// meanwhile is passed over. An error means that the volume itself cannot be looked at.
func Volume(root string, target Worker) (*Report, error) {
	r := &Report{}
	var err error
	if r.Root, err = readRoot(root); err != nil {
		return nil, err
	}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(root, path)
		if relErr != nil {
			return relErr
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case errors.Is(err, fs.ErrPermission):
			r.Unreadable.add(rel)
			return nil
		case err != nil:
			return fmt.Errorf("cannot read %q: %w", rel, err)
		case rel == tree.LostAndFound && d.IsDir():
			return filepath.SkipDir
		case rel == ".":
			return nil
		}
		return r.look(path, rel, d, target)
	})
	return r, err
}

func readRoot(dir string) (Root, error) {
	info, err := os.Lstat(dir)
	if err != nil {
		return Root{}, fmt.Errorf("cannot look at the volume: %w", err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return Root{}, fmt.Errorf("cannot look at the volume: this system tells no owners")
	}
	return Root{UID: int64(st.Uid), GID: int64(st.Gid), Mode: st.Mode & 0o7777}, nil
}

// look at one entry.
func (r *Report) look(path, rel string, d fs.DirEntry, target Worker) error {
	info, err := d.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if errors.Is(err, fs.ErrPermission) {
		// Its folder may be listed, but not entered.
		r.Files++
		r.Unreadable.add(rel)
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot read %q: %w", rel, err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("cannot read %q: this system tells no owners", rel)
	}
	mode := info.Mode()
	if mode&(fs.ModeSocket|fs.ModeDevice) != 0 {
		r.Special.add(rel)
		return nil
	}
	if !mode.IsDir() {
		r.Files++
	}
	if mode.IsRegular() {
		r.Bytes += info.Size()
		r.Allocated += st.Blocks * 512
		if err := unix.Access(path, unix.R_OK); errors.Is(err, fs.ErrPermission) {
			r.Unreadable.add(rel)
			return nil
		}
	}
	if !target.mayOwn(st) || mode.IsRegular() && !target.ProgramCapabilities && hasCapabilities(path) {
		r.Foreign.add(rel)
	}
	return nil
}

// mayOwn tells whether the worker can make a file of this owner.
func (w Worker) mayOwn(st *syscall.Stat_t) bool {
	if w.AnyOwner {
		return true
	}
	return int64(st.Uid) == w.UID && slices.Contains(w.GIDs, int64(st.Gid))
}

// hasCapabilities tells whether a program carries capabilities of its own.
func hasCapabilities(path string) bool {
	n, err := unix.Lgetxattr(path, "security.capability", nil)
	return err == nil && n > 0
}
