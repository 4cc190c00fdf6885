package tree

import (
	"time"

	"golang.org/x/sys/unix"
)

// Newest are the newest times of a tree. Those of the last change of anything (ctime) no program
// sets: they come from the file system's own clock, which may be that of a file server.
type Newest struct {
	// Written is the newest time of the last change of a regular file's content (mtime). Programs
	// set that to whatever they like.
	Written time.Time
	// Touched is the newest time of the last change of anything.
	Touched time.Time
}

// See looks at one path of the disk. What is gone, or cannot be looked at, is not copied either.
func (n *Newest) See(path string) {
	var st unix.Stat_t
	if again(func() error { return unix.Lstat(path, &st) }) != nil {
		return
	}
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
