package filecopy

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// TestReplace: what is new takes the place of what is there in one step, whatever that is but a folder, and
// nothing else is left beside it.
func TestReplace(t *testing.T) {
	create := func(tree *Tree, path string) error {
		f, err := tree.Create(path)
		if err != nil {
			return err
		}
		_, err = f.WriteString("new")
		return errors.Join(err, f.Commit(), f.Close())
	}
	calls := map[string]struct {
		do   func(tree *Tree, path string) error
		want Type
	}{
		"file": {create, TypeFile},
		"link": {func(tree *Tree, path string) error { return tree.Symlink("nowhere", path) }, TypeLink},
		"FIFO": {func(tree *Tree, path string) error { return tree.Mkfifo(path) }, TypePipe},
		"name": {func(tree *Tree, path string) error { return tree.Link("other", path) }, TypeFile},
	}
	before := map[string]func(path string) error{
		"nothing":   func(string) error { return nil },
		"file":      func(path string) error { return os.WriteFile(path, []byte("old"), 0o644) },
		"link":      func(path string) error { return os.Symlink("other", path) },
		"FIFO":      func(path string) error { return unix.Mkfifo(path, 0o644) },
		"hard link": func(path string) error { return os.Link(filepath.Join(filepath.Dir(path), "../other"), path) },
	}
	for name, call := range calls {
		for was, make := range before {
			t.Run(was+" becomes a "+name, func(t *testing.T) {
				root := t.TempDir()
				put(t, filepath.Join(root, "other"), "other")
				must(t, os.Mkdir(filepath.Join(root, "folder"), 0o755))
				must(t, make(filepath.Join(root, "folder/path")))
				tree := open(t, root)
				must(t, call.do(tree, "folder/path"))
				e, err := tree.Read("folder/path")
				must(t, err)
				if e.Type != call.want {
					t.Errorf("it is a %s", e.Type)
				}
				names, err := os.ReadDir(filepath.Join(root, "folder"))
				must(t, err)
				if len(names) != 1 {
					t.Errorf("left are %v", names)
				}
				if other, err := os.ReadFile(filepath.Join(root, "other")); err != nil || string(other) != "other" {
					t.Errorf("the other file holds %q: %v", other, err)
				}
			})
		}
	}
}

// TestFolderStays: a folder is not replaced, and a file that was not committed leaves nothing.
func TestFolderStays(t *testing.T) {
	root := t.TempDir()
	put(t, filepath.Join(root, "folder/file"), "x")
	tree := open(t, root)
	_, before := walk(t, root, Options{Checksum: true})
	f, err := tree.Create("folder")
	must(t, err)
	if err := f.Commit(); err == nil {
		t.Error("a file took the place of a folder")
	}
	if err := f.Commit(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("it was committed once more: %v", err)
	}
	must(t, f.Close())
	if err := tree.Symlink("x", "folder"); err == nil {
		t.Error("a link took the place of a folder")
	}
	f, err = tree.Create("folder/file")
	must(t, err)
	must(t, f.Close())
	if err := tree.Remove("folder"); err == nil {
		t.Error("a folder that is not empty was removed")
	}
	_, after := walk(t, root, Options{Checksum: true})
	for i := range before {
		if diff := cmp.Diff(before[i].compared(), after[i].compared()); diff != "" {
			t.Errorf("(-before +after):\n%s", diff)
		}
	}
}

// TestRemove: paths, empty folders, and all that is in a folder.
func TestRemove(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"a/b/c", "lost+found/kept", "file", "x"} {
		put(t, filepath.Join(root, name), name)
	}
	must(t, os.Mkdir(filepath.Join(root, "empty"), 0o755))
	tree := open(t, root)
	must(t, tree.Remove("file"))
	must(t, tree.Remove("empty"))
	must(t, tree.RemoveAll("a"))
	must(t, tree.RemoveAll("none"))
	must(t, tree.RemoveAll("none/none"))
	if err := tree.Remove("none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	_, entries := walk(t, root, Options{})
	if len(entries) != 1 || entries[0].Path != "x" {
		t.Errorf("left are %+v", entries)
	}
	must(t, tree.Clear())
	if _, err := os.Stat(filepath.Join(root, "lost+found/kept")); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(root); err != nil || len(left) != 1 {
		t.Errorf("left are %v: %v", left, err)
	}
}

// TestOpenFile: regular files only, and what takes the place of one is not waited for.
func TestOpenFile(t *testing.T) {
	root := t.TempDir()
	put(t, filepath.Join(root, "file"), "old")
	must(t, unix.Mkfifo(filepath.Join(root, "fifo"), 0o644))
	tree := open(t, root)
	f, err := tree.OpenFile("file", os.O_RDWR|os.O_CREATE|os.O_TRUNC)
	must(t, err)
	_, err = f.WriteAt([]byte("n"), 0)
	must(t, errors.Join(err, f.Close()))
	if got, err := os.ReadFile(filepath.Join(root, "file")); err != nil || string(got) != "nld" {
		t.Errorf("the file holds %q: %v", got, err)
	}
	for _, name := range []string{"fifo", "", "none"} {
		if _, err := tree.OpenFile(name, os.O_RDONLY); err == nil {
			t.Errorf("%q was opened", name)
		}
	}
}

// TestRoot: the root is given what it has at the source, and what it cannot be given is told.
func TestRoot(t *testing.T) {
	source, target := t.TempDir(), t.TempDir()
	must(t, os.Chmod(source, 0o711))
	must(t, unix.Lsetxattr(source, "user.root", []byte("x"), 0))
	setTimeOf(t, source, 1_400_000_000, 7)
	data, err := open(t, source).ReadRoot()
	must(t, err)
	copied := open(t, target)
	for _, want := range [][]byte{nil, data} {
		differs, err := copied.ApplyRoot(want)
		must(t, err)
		if len(differs) > 0 {
			t.Errorf("it differs: %v", differs)
		}
	}
	got, err := copied.ReadRoot()
	must(t, err)
	if diff := cmp.Diff(data, got); diff != "" {
		t.Errorf("(-source +target):\n%s", diff)
	}
	if _, err := copied.ApplyRoot([]byte("x")); err == nil {
		t.Error("a damaged root was applied")
	}
}
