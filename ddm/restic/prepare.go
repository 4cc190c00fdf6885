package restic

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/kubemove/kubemove/ddm/filecopy"
)

// A restore into an empty folder is simple. What restic 0.18.1 cannot do with what an earlier
// run, or another program, has left at the target is done here, before it.

// preparation is one look over the target's volume.
type preparation struct {
	uid uint32
	// seen are the files with more than one name.
	seen map[inode]bool
}

type inode struct{ device, number uint64 }

// prepare removes what restic would wait for or fail on, or would keep by mistake, and lets the
// owner write where restic has to. restic gives every path its mode anyway.
func prepare(t *filecopy.Tree) error {
	p := &preparation{uid: uint32(os.Geteuid()), seen: map[inode]bool{}}
	err := p.root(t)
	if err == nil {
		err = t.Visit(func(f filecopy.Found) error {
			if err := p.path(f); err != nil {
				return fmt.Errorf("%s: %w", filecopy.Quote(f.Path), err)
			}
			return nil
		})
	}
	if err != nil {
		err = fmt.Errorf("cannot prepare the target's volume for the copy: %w", err)
	}
	if errors.Is(err, fs.ErrPermission) {
		err = &permanent{fmt.Errorf("%w: let the worker run as a user who may write there", err)}
	}
	return err
}

// root is opened for its owner like every other folder.
func (p *preparation) root(t *filecopy.Tree) error {
	st, err := t.Stat("")
	if err != nil {
		return err
	}
	return p.allow(&st, func(mode uint32) error { return t.Chmod("", mode) })
}

func (p *preparation) path(f filecopy.Found) error {
	switch {
	case f.Kind&(fs.ModeDevice|fs.ModeSocket|fs.ModeNamedPipe) != 0:
		// Where a file belongs, restic would open it: a FIFO and many a device would let it
		// wait for ever, a socket makes it fail. FIFOs it makes anew anyway.
		return f.Remove()
	case !f.Kind.IsDir() && !f.Kind.IsRegular():
		return nil
	}
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if f.Kind.IsRegular() && p.another(&st) {
		// Names that are no longer the same file at the source would stay so here, and the
		// metadata of the last would be that of all. Those that still are restic links anew.
		return f.Remove()
	}
	return p.allow(&st, f.Chmod)
}

// allow lets the owner write into a folder, and read a file and set its attributes. Where the
// worker is not the owner it can change nothing, and restic names what it may not write.
func (p *preparation) allow(st *unix.Stat_t, chmod func(mode uint32) error) error {
	need := uint32(0o600)
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		need = 0o700
	}
	if st.Uid != p.uid || st.Mode&need == need {
		return nil
	}
	return chmod(st.Mode&0o7777 | need)
}

// another tells whether this is another name of a file that was seen.
func (p *preparation) another(st *unix.Stat_t) bool {
	if st.Nlink < 2 {
		return false
	}
	i := inode{uint64(st.Dev), st.Ino}
	known := p.seen[i]
	p.seen[i] = true
	return known
}

// dropSparse removes the sparse files that have changed at the source. restic would write into
// them, and give them all their blocks before: a file of a hundred GiB with one in use would
// fill the volume. Restored anew they are sparse.
func dropSparse(t *filecopy.Tree, sparse []filecopy.Sparse) error {
	for _, f := range sparse {
		path := string(f.Path)
		st, err := t.Stat(path)
		// What is no file restic replaces anyway, and what cannot be reached is not there.
		if err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG ||
			st.Size == f.Size && int64(st.Mtim.Sec) == f.Seconds && int64(st.Mtim.Nsec) == f.Nanos {
			continue
		}
		if err := t.Remove(path); err != nil {
			return fmt.Errorf("cannot replace a sparse file: %w", err)
		}
	}
	return nil
}

// clearFolders removes the folders that lie where the snapshot has something else. restic does
// so only where that is a file.
func (s *side) clearFolders(ctx context.Context, repo repository, snapshot, folder string) error {
	// The failed restore has closed the folders that are closed at the source.
	if err := prepare(s.tree); err != nil {
		return err
	}
	folders := map[string][]string{}
	err := s.tree.Visit(func(f filecopy.Found) error {
		if f.Kind.IsDir() {
			rel := lossy(f.Path)
			folders[rel] = append(folders[rel], f.Path)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("cannot look through the target's volume: %w", err)
	}
	var failed error
	err = repo.nodes(ctx, snapshot, folder, func(rel string, m message) {
		if m.NodeType == "dir" {
			return
		}
		// Should two paths look the same, one is removed in vain: it is restored anew.
		for _, path := range folders[rel] {
			failed = errors.Join(failed, s.tree.RemoveAll(path))
		}
	})
	return errors.Join(err, failed)
}
