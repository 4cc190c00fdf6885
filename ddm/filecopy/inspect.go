package filecopy

import (
	"encoding/binary"
	"hash"
	"io/fs"
	"time"

	"github.com/zeebo/blake3"
	"golang.org/x/sys/unix"
)

// Inspection is what one look over a tree finds, without its content.
type Inspection struct {
	// Sockets and Devices are not copied, by path and in order. Sockets mean nothing without the
	// process that listens on them; device nodes, and what else there may be, mean nothing on another
	// machine.
	Sockets, Devices []string
	// Newest times of what is copied, and of the root.
	Newest Newest
	// Sum covers all paths with their kinds, inodes, sizes, owners, modes and times. Two looks with one sum are over a tree in
	// which nothing was changed between them, as far as times tell. Empty: something could not be read.
	Sum string
}

// Newest are the newest times of a tree. Those of the last change of anything (ctime) no program
// sets: they come from the file system's own clock, which may be that of a file server.
type Newest struct {
	// Written is the newest time of the last change of a regular file's content (mtime). Programs
	// set that to whatever they like.
	Written time.Time
	// Touched is the newest time of the last change of anything.
	Touched time.Time
}

// Inspect looks for what is not copied, and for the newest times. It passes over the folders that cannot
// be read, and over what is gone meanwhile: the copy has to name them anyway.
func (t *Tree) Inspect() (*Inspection, error) {
	var out Inspection
	sum := summing{hash: blake3.New()}
	st, err := (location{folder: t.fd, name: "."}).stat()
	if err == nil {
		out.Newest.see(&st)
	}
	sum.add("", &st, err)
	unread := func(string, error) error {
		sum.failed = true
		return nil
	}
	err = t.visit(unread, func(f Found) error {
		st, err := f.Stat()
		sum.add(f.Path, &st, err)
		switch {
		case f.Kind&fs.ModeSocket != 0:
			out.Sockets = append(out.Sockets, f.Path)
		case isSpecial(f.Kind):
			out.Devices = append(out.Devices, f.Path)
		default:
			if err == nil {
				out.Newest.see(&st)
			}
		}
		return nil
	})
	out.Sum = sum.text()
	return &out, err
}

// summing makes the sum of what a look sees.
type summing struct {
	hash   hash.Hash
	failed bool
}

// add a path with what it is, or with why that is not known.
func (s *summing) add(path string, st *unix.Stat_t, err error) {
	if err != nil {
		s.failed = true
		return
	}
	line := binary.AppendUvarint(nil, uint64(len(path)))
	line = append(line, path...)
	for _, n := range []int64{int64(st.Dev), int64(st.Ino), int64(st.Mode), int64(st.Nlink), int64(st.Uid), int64(st.Gid), int64(st.Rdev),
		st.Size, int64(st.Mtim.Sec), int64(st.Mtim.Nsec), int64(st.Ctim.Sec), int64(st.Ctim.Nsec)} {
		line = binary.AppendVarint(line, n)
	}
	_, _ = s.hash.Write(line) // A hash returns no error.
}

func (s *summing) text() string {
	if s.failed {
		return ""
	}
	return string(s.hash.Sum(nil))
}

// see the times of one path.
func (n *Newest) see(st *unix.Stat_t) {
	n.Touched = later(n.Touched, time.Unix(int64(st.Ctim.Sec), int64(st.Ctim.Nsec)))
	if st.Mode&unix.S_IFMT == unix.S_IFREG {
		n.Written = later(n.Written, time.Unix(int64(st.Mtim.Sec), int64(st.Mtim.Nsec)))
	}
}

func later(a, b time.Time) time.Time {
	if a.IsZero() || b.After(a) {
		return b
	}
	return a
}
