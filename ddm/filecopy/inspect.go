package filecopy

import (
	"io/fs"
	"time"

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
	if st, err := (location{folder: t.fd, name: "."}).stat(); err == nil {
		out.Newest.see(&st)
	}
	err := t.visit(passOver, func(f Found) error {
		switch {
		case f.Kind&fs.ModeSocket != 0:
			out.Sockets = append(out.Sockets, f.Path)
		case isSpecial(f.Kind):
			out.Devices = append(out.Devices, f.Path)
		default:
			if st, err := f.Stat(); err == nil {
				out.Newest.see(&st)
			}
		}
		return nil
	})
	return &out, err
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
