package filecopy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Sparse is a file with holes.
type Sparse struct {
	// Path below the root, as bytes: JSON holds no text that is none.
	Path []byte `json:"path"`
	// Size in bytes, with the holes.
	Size int64 `json:"size"`
	// Allocated bytes of the disk.
	Allocated int64 `json:"allocated"`
	// Seconds and Nanos of the last change of the content, since 1970.
	Seconds int64 `json:"seconds"`
	Nanos   int64 `json:"nanos"`
}

// FindSparse looks for sparse files of at least size bytes. Like Inspect it passes over what it cannot read:
// a file that is not found only takes more room at the target.
func (t *Tree) FindSparse(ctx context.Context, size int64) ([]Sparse, error) {
	var out []Sparse
	err := t.visit(passOver, func(f Found) error {
		if !f.Kind.IsRegular() || ctx.Err() != nil {
			return ctx.Err()
		}
		st, err := f.Stat()
		if err != nil || st.Size < size || st.Blocks*512 >= st.Size || !f.hasHole(st.Size) {
			return nil
		}
		out = append(out, Sparse{
			Path: []byte(f.Path), Size: st.Size, Allocated: st.Blocks * 512, Seconds: int64(st.Mtim.Sec), Nanos: int64(st.Mtim.Nsec),
		})
		return nil
	})
	return out, err
}

// hasHole tells whether a file has a hole: compression, too, makes files take less than their size.
func (f Found) hasHole(size int64) bool {
	at, err := f.cursor.locate(f.Path)
	if err != nil {
		return false
	}
	file, err := at.open(unix.O_RDONLY)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	hole, err := file.Seek(0, unix.SEEK_HOLE)
	return err == nil && hole < size
}

// block is the smallest hole that is made.
const block = 4 << 10

// ErrMetadata says that a file is not any more as it was written: its holes were made, and its metadata could
// not be set again.
var ErrMetadata = errors.New("cannot set the metadata of a file whose holes were made")

// ErrNoHoles says that the file system of the tree makes no holes. It is only larger.
var ErrNoHoles = errors.New("the file system makes no holes")

// MakeHoles gives back what files of the copy take beyond what they take at the source: of blocks of zeros it
// makes holes. No content changes. A file that has another size by now is left as it is, and so is one where
// it fails: warn is told, if it is not nil. The error is ErrNoHoles, ErrMetadata or that of the context.
func (t *Tree) MakeHoles(ctx context.Context, files []Sparse, warn func(path string, err error)) error {
	for _, f := range files {
		err := t.makeHoles(ctx, f)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOSYS):
			return fmt.Errorf("%w: %w", ErrNoHoles, err)
		case errors.Is(err, ErrMetadata):
			return err
		case err != nil && warn != nil:
			warn(string(f.Path), err)
		}
	}
	return nil
}

// makeHoles of one file.
func (t *Tree) makeHoles(ctx context.Context, s Sparse) error {
	path := string(s.Path)
	at, err := t.locate(path)
	if err != nil {
		return err
	}
	defer at.close()
	st, err := at.stat()
	if err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG || st.Size != s.Size || st.Blocks*512 < s.Allocated+block {
		return err // Changed at the source since: the next run sees to it.
	}
	was, err := t.readAt(path, at)
	if err != nil {
		return err
	}
	if was.Mode&0o600 != 0o600 {
		if err := chmod(at, was.Mode|0o600); err != nil {
			return err
		}
	}
	f, err := at.open(unix.O_RDWR)
	if err == nil {
		err = errors.Join(punch(ctx, f, s.Size, st.Blocks*512-s.Allocated), f.Close())
	}
	// A hole changes the times, and takes setuid and capabilities away.
	if failed := t.applyAt(path, at, was); failed != nil {
		return errors.Join(ErrMetadata, fmt.Errorf("%s: %w", Quote(path), failed))
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
