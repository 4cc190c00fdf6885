package restic

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kubemove/kubemove/ddm/tree"
)

// A restore into an empty folder is simple. What restic 0.18.1 cannot do with what an earlier
// run, or somebody else, has left at the target is done here, before it.

// preparation is one look over the target's volume.
type preparation struct {
	uid uint32
	// seen are the files with more than one name.
	seen map[inode]bool
}

type inode struct{ device, number uint64 }

// prepare removes what restic would wait for or fail on, or would keep by mistake, and lets the
// owner write where restic has to. restic gives every path its mode anyway.
func prepare(root string) error {
	p := &preparation{uid: uint32(os.Geteuid()), seen: map[inode]bool{}}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path == filepath.Join(root, tree.LostAndFound) {
			return filepath.SkipDir
		}
		if err == nil {
			err = p.path(path, d)
		}
		if err != nil {
			return fmt.Errorf("cannot prepare the target's volume for the copy: %w", err)
		}
		return nil
	})
	if errors.Is(err, fs.ErrPermission) {
		err = &permanent{fmt.Errorf("%w: let the worker run as a user who may write there", err)}
	}
	return err
}

func (p *preparation) path(path string, d fs.DirEntry) error {
	switch {
	case d.Type()&(fs.ModeDevice|fs.ModeSocket|fs.ModeNamedPipe) != 0:
		// Where a file belongs, restic would open it: a FIFO and many a device would let it
		// wait for ever, a socket makes it fail. FIFOs it makes anew anyway.
		return os.Remove(path)
	case !d.IsDir() && !d.Type().IsRegular():
		return nil
	}
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	if d.Type().IsRegular() && p.another(&st) {
		// Names that are no longer the same file at the source would stay so here, and the
		// metadata of the last would be that of all. Those that still are restic links anew.
		return os.Remove(path)
	}
	return p.allow(path, &st)
}

// allow lets the owner write into a folder, and read a file and set its attributes. Where the
// worker is not the owner it can change nothing, and restic names what it may not write.
func (p *preparation) allow(path string, st *unix.Stat_t) error {
	need := uint32(0o600)
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		need = 0o700
	}
	if st.Uid != p.uid || st.Mode&need == need {
		return nil
	}
	if err := unix.Chmod(path, st.Mode&0o7777|need); err != nil {
		return &fs.PathError{Op: "chmod", Path: path, Err: err}
	}
	return nil
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
func dropSparse(root string, sparse []tree.Sparse) error {
	// Nothing outside of the volume is touched, whatever links lie there.
	volume, err := os.OpenRoot(root)
	if err != nil {
		return err
	}
	defer volume.Close()
	for _, s := range sparse {
		path := string(s.Path)
		info, err := volume.Lstat(path)
		// What is no file restic replaces anyway, and what cannot be reached is not there.
		if err != nil || !info.Mode().IsRegular() || info.Size() == s.Size && info.ModTime().Equal(time.Unix(s.Seconds, s.Nanos)) {
			continue
		}
		if err := volume.Remove(path); err != nil {
			return fmt.Errorf("cannot replace a sparse file: %w", err)
		}
	}
	return nil
}

// clearFolders removes the folders that lie where the snapshot has something else. restic does
// so only where that is a file.
func clearFolders(ctx context.Context, repo repository, snapshot, folder, root string) error {
	// The failed restore has closed the folders that are closed at the source.
	if err := prepare(root); err != nil {
		return err
	}
	folders := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path == filepath.Join(root, tree.LostAndFound) {
			return filepath.SkipDir
		}
		if err == nil && d.IsDir() && path != root {
			rel := lossy(strings.TrimPrefix(path, root+"/"))
			folders[rel] = append(folders[rel], path)
		}
		return err
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
			failed = errors.Join(failed, os.RemoveAll(path))
		}
	})
	return errors.Join(err, failed)
}

// clearAll removes everything but lost+found. restic does nothing at all to restore an empty
// snapshot.
func clearAll(root string) error {
	entries, err := os.ReadDir(root)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == tree.LostAndFound && e.IsDir() {
			continue
		}
		if err := os.RemoveAll(filepath.Join(root, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
