package tree

import (
	"context"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Sparse is a file with holes.
type Sparse struct {
	// Path below the root, as bytes: JSON holds no text that is none.
	Path []byte `json:"path"`
	// Size in bytes, with the holes.
	Size int64 `json:"size"`
	// Seconds and Nanos of the last change of the content, since 1970.
	Seconds int64 `json:"seconds"`
	Nanos   int64 `json:"nanos"`
}

// FindSparse looks for sparse files of at least size bytes. Like FindSpecial it passes over
// what it cannot read.
func FindSparse(ctx context.Context, root string, size int64) ([]Sparse, error) {
	var out []Sparse
	passOver := func(string, error) error { return nil }
	err := each(root, passOver, func(rel, path string, d fs.DirEntry) error {
		if !d.Type().IsRegular() || ctx.Err() != nil {
			return ctx.Err()
		}
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil || st.Size < size || st.Blocks*512 >= st.Size || !hollow(path, st.Size) {
			return nil
		}
		out = append(out, Sparse{Path: []byte(rel), Size: st.Size, Seconds: int64(st.Mtim.Sec), Nanos: int64(st.Mtim.Nsec)})
		return nil
	})
	return out, err
}

// hollow tells whether a file has a hole: compression, too, makes files take less than their
// size.
func hollow(path string, size int64) bool {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	hole, err := f.Seek(0, unix.SEEK_HOLE)
	return err == nil && hole < size
}
