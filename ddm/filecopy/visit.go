package filecopy

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"golang.org/x/sys/unix"
)

// Found is a path that a visit has come to. What it does with the path is quicker than the methods of the
// same names of Tree, and is good until the visit goes on.
type Found struct {
	// Path below the root.
	Path string
	// Kind has the type bits alone.
	Kind fs.FileMode

	cursor *cursor
}

// Stat is what the path is.
func (f Found) Stat() (unix.Stat_t, error) {
	at, err := f.cursor.locate(f.Path)
	if err != nil {
		return unix.Stat_t{}, err
	}
	return at.stat()
}

// Remove the path, which is no folder.
func (f Found) Remove() error {
	at, err := f.cursor.locate(f.Path)
	if err != nil {
		return err
	}
	return unix.Unlinkat(at.folder, at.name, 0)
}

// Chmod sets the mode of the path, which is no symbolic link, at most 07777.
func (f Found) Chmod(mode uint32) error {
	at, err := f.cursor.locate(f.Path)
	if err != nil {
		return err
	}
	return chmod(at, mode)
}

// Visit calls do for everything in the tree: a folder comes before what is in it, the names in one folder
// are sorted by their bytes, and the root's lost+found is left out. What cannot be read is an error that
// names it; an error of do ends the visit.
func (t *Tree) Visit(do func(Found) error) error { return t.visit(t.cannotRead, do) }

// passOver ignores what cannot be read.
func passOver(string, error) error { return nil }

// visit is Visit with what becomes of a folder that cannot be read.
func (t *Tree) visit(fail func(rel string, err error) error, do func(Found) error) error {
	v := visitor{tree: t, fail: fail, do: do, cursor: cursor{tree: t}}
	defer v.cursor.close()
	return v.folder("")
}

type visitor struct {
	tree   *Tree
	fail   func(rel string, err error) error
	do     func(Found) error
	cursor cursor
}

func (v *visitor) folder(rel string) error {
	entries, err := v.tree.readFolder(rel)
	if err != nil {
		if err := v.fail(rel, err); err != nil {
			return err
		}
	}
	for _, e := range entries {
		if rel == "" && e.IsDir() && e.Name() == LostAndFound {
			continue
		}
		path := join(rel, e.Name())
		if err := v.do(Found{Path: path, Kind: e.Type(), cursor: &v.cursor}); err != nil {
			return err
		}
		if !e.IsDir() {
			continue
		}
		if err := v.folder(path); err != nil {
			return err
		}
	}
	return nil
}

// readFolder returns what a folder holds, by name.
func (t *Tree) readFolder(rel string) ([]fs.DirEntry, error) {
	at, err := t.locate(rel)
	if err != nil {
		return nil, err
	}
	defer at.close()
	f, err := at.open(unix.O_RDONLY | unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	entries, err := f.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries, errors.Join(err, f.Close())
}

// isSpecial tells what is not copied: it means nothing without its process, or to another machine.
func isSpecial(kind fs.FileMode) bool {
	return kind&(fs.ModeSocket|fs.ModeDevice|fs.ModeIrregular) != 0
}

func (t *Tree) cannotRead(rel string, err error) error {
	return fmt.Errorf("cannot read %q: %w", t.full(rel), cause(err))
}
