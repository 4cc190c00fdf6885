package restic

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/kubemove/kubemove/ddm/tree"
)

// restic restores only holes of half a MiB and more, and fills the smaller ones with zeros: the source
// tells what its files with holes take of its volume, and the target gives back what they take beyond
// that. No content changes, so there is nothing to verify but what is verified anyway.

const (
	// minSparse is the size from which on a file with holes counts: what smaller ones waste is a few
	// blocks each.
	minSparse = 16 << 10
	// maxSparse files are told to the target, and maxSparsePaths bytes of their paths: the line of an
	// event has a limit. Those that have the most holes are told.
	maxSparse      = 100_000
	maxSparsePaths = 16 << 20
	// block is the smallest hole that is made.
	block = 4 << 10
)

// hollow is a file with holes, and what it takes of the disk.
type hollow struct {
	tree.Sparse
	allocated int64
}

// findHollow looks for files with holes while restic reads the volume. One that is not found only
// takes more room at the target.
func (w *worker) findHollow(ctx context.Context) <-chan []hollow {
	found := make(chan []hollow, 1)
	go func() {
		sparse, err := tree.FindSparse(ctx, w.volume, minSparse)
		if err != nil {
			slog.Warn("cannot find the files with holes", "volume", w.name, "error", err.Error())
		}
		var out []hollow
		for _, s := range sparse {
			var st unix.Stat_t
			if err := unix.Lstat(filepath.Join(w.volume, string(s.Path)), &st); err == nil {
				out = append(out, hollow{s, st.Blocks * 512})
			}
		}
		found <- largestHoles(out, maxSparsePaths)
	}()
	return found
}

// largestHoles are the files that can be told to the target, with so many bytes of paths.
func largestHoles(files []hollow, limit int) []hollow {
	slices.SortStableFunc(files, func(a, b hollow) int { return cmp.Compare(b.Size-b.allocated, a.Size-a.allocated) })
	paths := 0
	for i, f := range files {
		if paths += len(f.Path); i == maxSparse || paths > limit {
			return files[:i]
		}
	}
	return files
}

// addHollow puts the files into an event.
func (e *event) addHollow(files []hollow) {
	for _, f := range files {
		e.Sparse, e.Allocated = append(e.Sparse, f.Sparse), append(e.Allocated, f.allocated)
	}
}

// hollow are the files of an event.
func (e event) hollow() (out []hollow) {
	for i, s := range e.Sparse[:min(len(e.Sparse), len(e.Allocated))] {
		out = append(out, hollow{s, e.Allocated[i]})
	}
	return out
}

// makeHoles gives back what files with holes take beyond what they take at the source. A volume that
// cannot keep holes is only larger, and a warning says so.
func makeHoles(ctx context.Context, volume string, files []hollow) error {
	root, err := os.OpenRoot(volume)
	if err != nil {
		return fmt.Errorf("cannot open the volume: %w", err)
	}
	defer root.Close()
	for _, f := range files {
		err := f.make(ctx, root, volume)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOSYS):
			slog.Warn("the target's file system makes no holes", "error", err.Error())
			return nil
		case errors.Is(err, errMetadata):
			return err
		case err != nil:
			slog.Warn("cannot make the holes of a file", "path", tree.Quote(string(f.Path)), "error", err.Error())
		}
	}
	return nil
}

// errMetadata: a file is not as restic has restored it any more.
var errMetadata = errors.New("cannot set the metadata of a file whose holes were made")

// make the holes of one file. Nothing outside of the volume is touched, whatever links lie there.
func (h hollow) make(ctx context.Context, root *os.Root, volume string) error {
	name := string(h.Path)
	info, err := root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() != h.Size {
		return err // It has changed at the source since: the next run sees to it.
	}
	path := filepath.Join(volume, name)
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil || st.Blocks*512 < h.allocated+block {
		return err
	}
	was, err := tree.Read(path)
	if err != nil {
		return err
	}
	if was.Mode&0o600 != 0o600 {
		if err := unix.Chmod(path, was.Mode|0o600); err != nil {
			return err
		}
	}
	f, err := root.OpenFile(name, os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err == nil {
		err = errors.Join(punch(ctx, f, h.Size, st.Blocks*512-h.allocated), f.Close())
	}
	// A hole changes the times, and takes setuid and capabilities away.
	if failed := apply(path, was); failed != nil {
		return errors.Join(errMetadata, fmt.Errorf("%s: %w", tree.Quote(name), failed))
	}
	return err
}

// punch makes holes of the blocks of zeros in a file, from its beginning on, until so many bytes are
// given back.
func punch(ctx context.Context, f *os.File, size, excess int64) error {
	buf := make([]byte, 256<<10)
	for at := int64(0); at < size && excess > 0 && ctx.Err() == nil; {
		data, err := f.Seek(at, unix.SEEK_DATA)
		if err != nil {
			return nil // There is none any more, or the file system does not tell.
		}
		at = data &^ (block - 1)
		n, err := f.ReadAt(buf, at)
		if err != nil && err != io.EOF {
			return err
		}
		if n == 0 {
			return nil
		}
		for _, r := range zeros(buf[:n]) {
			length := min(r.length, (excess+block-1)&^(block-1))
			if length <= 0 {
				break
			}
			if err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, at+r.from, length); err != nil {
				return err
			}
			excess -= length
		}
		at += int64(n)
	}
	return ctx.Err()
}

// stretch of a buffer.
type stretch struct{ from, length int64 }

var zeroBlock [block]byte

// zeros are the stretches of blocks that hold nothing but zeros. The last block of a file may be a part
// of one.
func zeros(buf []byte) (out []stretch) {
	for from := 0; from < len(buf); from += block {
		part := buf[from:min(from+block, len(buf))]
		if !bytes.Equal(part, zeroBlock[:len(part)]) {
			continue
		}
		if last := len(out) - 1; last >= 0 && out[last].from+out[last].length == int64(from) {
			out[last].length += block
			continue
		}
		out = append(out, stretch{int64(from), block})
	}
	return out
}
