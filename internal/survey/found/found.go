// Package found is what a survey of a volume finds, for programs that only read it: survey itself walks
// through files and runs on Linux alone.
package found

import "fmt"

// Report is what was found.
type Report struct {
	// Files: everything that is not a directory. Bytes of the regular files by their sizes, and what
	// they take of the volume, hard links once.
	Files     int64 `json:"files"`
	Bytes     int64 `json:"bytes"`
	Allocated int64 `json:"allocated"`
	// Filled is how much of the holes in files the copy takes, at most, until they are made again.
	Filled int64 `json:"filled,omitempty"`
	// Folder: the entries of the largest directory.
	Folder int64 `json:"folder,omitempty"`
	// Unreadable for the user that made the survey.
	Unreadable Paths `json:"unreadable,omitzero"`
	// Foreign to the worker at the target: it could not give them their owner or their
	// capabilities.
	Foreign Paths `json:"foreign,omitzero"`
	// Others are the files that are foreign to each of the other workers.
	Others []Paths `json:"others,omitempty"`
	// Owners of the files, the first of them.
	Owners []Owner `json:"owners,omitempty"`
	// Special are sockets and device nodes, which are not copied; Devices of them are device nodes.
	Special Paths `json:"special,omitzero"`
	Devices int64 `json:"devices,omitempty"`
	// TooLong are paths that no system call takes in the worker's folder.
	TooLong Paths `json:"tooLong,omitzero"`
	// Demanding are files that only some file systems can keep.
	Demanding Paths `json:"demanding,omitzero"`
	// Root of the volume.
	Root Root `json:"root"`
}

// Root is the metadata of the volume's own folder.
type Root struct {
	UID  int64  `json:"uid"`
	GID  int64  `json:"gid"`
	Mode uint32 `json:"mode"`
}

// Owner of files.
type Owner struct {
	UID int64 `json:"uid"`
	GID int64 `json:"gid"`
}

// maxPaths that are named of each kind.
const maxPaths = 10

// Paths counts files and names the first of them, quoted as in Go: names may hold any byte.
type Paths struct {
	Count int64    `json:"count"`
	First []string `json:"first,omitempty"`
}

// Add counts a path, and names it if it is among the first.
func (p *Paths) Add(rel string) {
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

// Kinds of paths, all that there are.
func (r *Report) Kinds() []*Paths {
	out := []*Paths{&r.Unreadable, &r.Foreign, &r.Special, &r.TooLong, &r.Demanding}
	for i := range r.Others {
		out = append(out, &r.Others[i])
	}
	return out
}
