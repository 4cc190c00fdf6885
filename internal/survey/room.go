package survey

import (
	"golang.org/x/sys/unix"
)

// What restic 0.18.1 writes of the holes of a file. It cuts content into pieces of half a MiB or more,
// and makes holes only of pieces that are nothing but zeros, and of the zeros at the beginning of the
// others, and that only in a file that has such a piece.
const (
	// pieceSize is the smallest piece.
	pieceSize = 512 << 10
	// surePiece is how long a hole is that has such a piece in it, wherever it begins.
	surePiece = 2 * pieceSize
)

// room of a regular file: what it takes of the volume, and what its copy takes beyond that until its
// holes are made again.
func room(e *entry) (allocated, filled int64) {
	allocated = e.st.Blocks * 512
	if allocated >= e.st.Size {
		return allocated, 0
	}
	holes := findHoles(e)
	if len(holes) == 0 {
		// Compressed, or stored beside its name: the target may do the same.
		return allocated, 0
	}
	return allocated, max(0, written(e.st.Size, holes)-allocated)
}

// written is how much of a file with holes restic writes, at most.
func written(size int64, holes []int64) int64 {
	data, waste, sparse := size, int64(0), false
	for _, hole := range holes {
		data -= hole
		waste += min(hole, pieceSize)
		sparse = sparse || hole >= surePiece
	}
	if !sparse && data > 0 {
		return size
	}
	return data + waste
}

// findHoles returns the sizes of the holes of a file, in order; none if it cannot be read or the file
// system tells none.
func findHoles(e *entry) (holes []int64) {
	f, err := e.open(0)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }()
	for at := int64(0); at < e.st.Size; {
		hole, err := f.Seek(at, unix.SEEK_HOLE)
		if err != nil || hole >= e.st.Size {
			return holes
		}
		data, err := f.Seek(hole, unix.SEEK_DATA)
		if err != nil {
			data = e.st.Size // There is none after the hole.
		}
		holes = append(holes, min(data, e.st.Size)-hole)
		at = data
	}
	return holes
}
