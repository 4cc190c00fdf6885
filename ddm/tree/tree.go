// Package tree reads a directory tree: what a faithful copy must keep of it, in an order that
// is the same everywhere, so that both sides of a copy can be counted, fingerprinted and
// compared path by path.
//
// Left out are the root itself, the folder lost+found in it, sockets, device nodes, times of
// access, inode flags (chattr), and the extended attributes that belong to the system, such as
// those of SELinux.
package tree

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"time"

	"github.com/kubemove/kubemove/task"
)

// The methods of a digest say what it covers.
const (
	// MethodMetadata covers of everything in the tree its path, type, mode, owner and kept
	// extended attributes; the size and time (in seconds) of what is not a folder; the target
	// of a symbolic link; which paths are hard links of one file.
	MethodMetadata = "metadata-v2"
	// MethodChecksum covers the content of the files, too.
	MethodChecksum = "checksum-v1"
)

// LostAndFound is the name of the folder in a file system's root that is left out.
const LostAndFound = "lost+found"

// Limits of what can be copied.
const (
	// MaxPath is how long a path may be, in bytes, from the root of the file system that the process
	// sees: no system call takes a longer one.
	MaxPath = 4095
	// MaxDevices is how many device nodes can be left out: each is compared with each path.
	MaxDevices = 10_000
)

// Options of a walk.
type Options struct {
	// Checksum reads the content of every file, and hashes it.
	Checksum bool
	// Doubted names the files whose content is hashed without Checksum, too, by the times of the
	// last change of their content, and of anything. The digest does not cover that.
	Doubted func(mtime, ctime time.Time) bool
	// Each is called for every entry, in order: a folder comes before what is in it, and the
	// names in one folder are sorted by their bytes. It may change the path that it is given:
	// that was read before. Its error ends the walk.
	Each func(*Entry) error
}

// method of the digest.
func (o Options) method() string {
	if o.Checksum {
		return MethodChecksum
	}
	return MethodMetadata
}

// Summary of a tree.
type Summary struct {
	// Verification has the counts and the digest.
	task.Verification
	// Regular files, of all files.
	Regular int64
	// Allocated bytes of the disk, of everything that is not a directory. That is the file
	// system's affair: it is in no digest.
	Allocated int64
}

// item is an entry on its way through the walk.
type item struct {
	path  string // of the disk
	entry *Entry // nil: it is not copied
	inode inode
	links uint64
	// ctime is when anything of it was changed last.
	ctime time.Time
	// allocated bytes of the disk.
	allocated int64
	err       error
}

// readers of metadata: their time goes into waiting, most of all on a network's file system.
const readers = 8

// batch of paths that one worker stats: handing over each path alone would cost more than the
// system calls do.
const batch = 128

// Walk reads the tree beneath root. Whatever cannot be read is an error that names it.
func Walk(ctx context.Context, root string, o Options) (*Summary, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	names := make(chan []*item)
	var failed error
	go func() {
		defer close(names)
		failed = list(ctx, root, names)
	}()
	read := ordered(names, readers, 2*readers, func(items []*item) {
		for _, it := range items {
			if it.err = ctx.Err(); it.err == nil {
				it.read()
			}
		}
	})
	items := join(read)
	if o.Checksum || o.Doubted != nil {
		workers := runtime.GOMAXPROCS(0)
		// Deep, so that others are read while one takes long.
		items = ordered(items, workers, 64*workers, func(it *item) {
			if it.err == nil && it.entry != nil && it.entry.hashed() && (o.Checksum || o.Doubted(it.entry.mtime(), it.ctime)) {
				it.err = it.hash(ctx)
			}
		})
	}
	count := newCounter(o.method())
	var first error
	// All are taken, even after an error: whoever sends them ends only then.
	for it := range items {
		if first == nil {
			if first = it.finish(o.Each, count); first != nil {
				cancel(first)
			}
		}
	}
	if first == nil {
		first = failed
	}
	if first != nil {
		return nil, first
	}
	return count.summary(), nil
}

// finish hands the entry on and counts it.
func (it *item) finish(each func(*Entry) error, count *counter) error {
	if it.err != nil || it.entry == nil {
		return it.err
	}
	count.add(it.entry)
	if it.entry.Same == "" {
		count.Allocated += it.allocated
	}
	if each == nil {
		return nil
	}
	return each(it.entry)
}

// list sends the paths beneath root, in order.
func list(ctx context.Context, root string, out chan<- []*item) error {
	var items []*item
	send := func() error {
		select {
		case out <- items:
			items = nil
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	err := each(root, cannotRead, func(rel, path string, d fs.DirEntry) error {
		if special(d.Type()) {
			return nil
		}
		items = append(items, &item{path: path, entry: &Entry{Path: rel}})
		if len(items) < batch {
			return nil
		}
		return send()
	})
	if err == nil && len(items) > 0 {
		err = send()
	}
	return err
}

// special tells what is not copied: it means nothing without its process, or to another
// machine.
func special(mode fs.FileMode) bool { return mode&(fs.ModeSocket|fs.ModeDevice|fs.ModeIrregular) != 0 }

func cannotRead(path string, err error) error {
	return fmt.Errorf("cannot read %q: %w", path, cause(err))
}

// each calls do for everything beneath root but lost+found, and fail for what it cannot read.
func each(root string, fail func(path string, err error) error, do func(rel, path string, d fs.DirEntry) error) error {
	root = filepath.Clean(root)
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return fail(path, err)
		}
		if path == root {
			return nil
		}
		if d.IsDir() && d.Name() == LostAndFound && filepath.Dir(path) == root {
			return filepath.SkipDir
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return do(rel, path, d)
	})
}

// join takes the batches apart, and finds the hard links, which needs the order.
func join(in <-chan []*item) <-chan *item {
	out := make(chan *item, batch)
	go func() {
		defer close(out)
		known := links{}
		for items := range in {
			for _, it := range items {
				if it.err == nil && it.entry != nil && it.links > 1 {
					it.entry.Same = known.first(it)
				}
				out <- it
			}
		}
	}()
	return out
}
