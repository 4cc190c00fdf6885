package filecopy

import (
	"context"
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

// Options of a walk.
type Options struct {
	// Checksum reads the content of every file, and hashes it.
	Checksum bool
	// MustRehash names the files whose content is hashed without Checksum, too, by the times of the
	// last change of their content, and of anything. The digest does not cover that.
	MustRehash func(mtime, ctime time.Time) bool
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
	path  string // below the root; that of the entry may be changed
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

// maxHashing bounds the files that wait for their turn to be hashed.
const maxHashing = 64

// Walk reads what is in the tree. What cannot be read is an error that names it.
func (t *Tree) Walk(ctx context.Context, o Options) (*Summary, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	paths := make(chan []*item)
	var failed error
	go func() {
		defer close(paths)
		failed = t.list(ctx, paths)
	}()
	items := inOrder(ordered(paths, readers, 2*readers, func(items []*item) { t.readAll(ctx, items) }))
	if o.Checksum || o.MustRehash != nil {
		workers := runtime.GOMAXPROCS(0)
		cursors := newCursors(t, workers)
		defer cursors.close()
		// Deep, so that others are read while one takes long.
		items = ordered(items, workers, maxHashing*workers, func(it *item) {
			if it.err == nil && it.entry != nil && it.entry.hashed() && (o.Checksum || o.MustRehash(it.entry.mtime(), it.ctime)) {
				c := <-cursors
				it.err = t.hash(ctx, it, c)
				cursors <- c
			}
		})
	}
	count := newCounter(o.method())
	var first error
	// All are taken, even after an error: those who send them end only then.
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

// readAll fills the entries of a batch.
func (t *Tree) readAll(ctx context.Context, items []*item) {
	c := cursor{tree: t}
	defer c.close()
	for _, it := range items {
		if it.err = ctx.Err(); it.err != nil {
			continue
		}
		at, err := c.locate(it.path)
		if err != nil {
			it.err = t.cannotRead(it.path, err)
			continue
		}
		t.read(it, at)
	}
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

// list sends the paths of the tree, in order.
func (t *Tree) list(ctx context.Context, out chan<- []*item) error {
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
	err := t.visit(t.cannotRead, func(f Found) error {
		if isSpecial(f.Kind) {
			return nil
		}
		items = append(items, &item{path: f.Path, entry: &Entry{Path: f.Path}})
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

// inOrder takes the batches apart, and finds the hard links, which needs the order.
func inOrder(in <-chan []*item) <-chan *item {
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
