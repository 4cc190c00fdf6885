package filecopy

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// TestFollowsNoLink: whatever is done with a path that leads through a symbolic link, or out of the tree,
// fails, and neither the link nor what it leads to changes.
func TestFollowsNoLink(t *testing.T) {
	entry := &Entry{Type: TypeFile, Mode: 0o600, UID: 7, GID: 7, Seconds: 1, Xattrs: []Xattr{{Name: "user.a", Value: []byte("1")}}}
	calls := map[string]func(t *Tree, path string) error{
		"Read":     func(t *Tree, path string) error { _, err := t.Read(path); return err },
		"Stat":     func(t *Tree, path string) error { _, err := t.Stat(path); return err },
		"Sum":      func(tree *Tree, path string) error { _, err := tree.Sum(t.Context(), path); return err },
		"OpenFile": func(t *Tree, path string) error { _, err := t.OpenFile(path, os.O_RDWR); return err },
		"Apply":    func(t *Tree, path string) error { return t.Apply(path, entry) },
		"Chmod":    func(t *Tree, path string) error { return t.Chmod(path, 0o600) },
		"SetTime":  func(t *Tree, path string) error { return t.SetTime(path, 1, 0) },
		"Link":     func(t *Tree, path string) error { return t.Link(path, "new") },
		"Link to":  func(t *Tree, path string) error { return t.Link("own", path) },
		"Repair": func(t *Tree, path string) error {
			return t.Repair(Difference{Source: &Entry{Path: "own", Type: TypeFile, Same: path}, Target: &Entry{Path: "own", Type: TypeFile}})
		},
		"Symlink":      func(t *Tree, path string) error { return t.Symlink("x", path) },
		"Mkfifo":       func(t *Tree, path string) error { return t.Mkfifo(path) },
		"Mkdir":        func(t *Tree, path string) error { return t.Mkdir(path) },
		"Create":       func(t *Tree, path string) error { _, err := t.Create(path); return err },
		"Remove":       func(t *Tree, path string) error { return t.Remove(path) },
		"RemoveAll":    func(t *Tree, path string) error { return t.RemoveAll(path) },
		"WithWritable": func(t *Tree, path string) error { return t.WithWritable(path, func() error { return nil }) },
	}
	paths := map[string]string{
		"through a link":           "out/file",
		"through a link below":     "folder/out/file",
		"through one in the tree":  "in/own",
		"above the root":           "../outside/file",
		"absolute":                 "/etc/hostname",
		"above, in a roundabout":   "folder/../../outside/file",
		"an empty name in between": "folder//own",
	}
	for name, call := range calls {
		for reason, path := range paths {
			t.Run(name+" "+reason, func(t *testing.T) {
				above := t.TempDir()
				root := filepath.Join(above, "root")
				put(t, filepath.Join(above, "outside/file"), "outside")
				put(t, filepath.Join(root, "own"), "own")
				put(t, filepath.Join(root, "folder/own"), "own")
				for link, target := range map[string]string{"out": "../outside", "folder/out": "../../outside", "in": "folder"} {
					must(t, os.Symlink(target, filepath.Join(root, link)))
				}
				_, before := walk(t, above, Options{Checksum: true})
				tree, err := Open(root)
				must(t, err)
				defer tree.Close()
				if err := call(tree, path); err == nil {
					t.Error("it succeeded")
				}
				_, after := walk(t, above, Options{Checksum: true})
				if diff := cmp.Diff(before, after); diff != "" {
					t.Errorf("(-before +after):\n%s", diff)
				}
			})
		}
	}
}

// TestOfLinksThemselves: a link that a path ends in is the path, and not what it leads to.
func TestOfLinksThemselves(t *testing.T) {
	root := t.TempDir()
	put(t, filepath.Join(root, "file"), "x")
	must(t, os.Symlink("file", filepath.Join(root, "link")))
	tree := open(t, root)
	e, err := tree.Read("link")
	must(t, err)
	if e.Type != TypeLink || e.Target != "file" {
		t.Errorf("it is read as %+v", e)
	}
	must(t, tree.SetTime("link", 7, 0))
	_, before := walk(t, root, Options{})
	for name, err := range map[string]error{
		"Chmod":    tree.Chmod("link", 0o600),
		"OpenFile": func() error { _, err := tree.OpenFile("link", os.O_RDWR); return err }(),
		"Sum":      func() error { _, err := tree.Sum(t.Context(), "link"); return err }(),
	} {
		if err == nil {
			t.Errorf("%s succeeded", name)
		}
	}
	_, after := walk(t, root, Options{})
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	must(t, tree.RemoveAll("link"))
	if _, err := os.Stat(filepath.Join(root, "file")); err != nil {
		t.Errorf("what the link led to was removed: %v", err)
	}
}

// TestWalkFollowsNoLink: a folder that becomes a link while the tree is walked is not entered.
func TestWalkFollowsNoLink(t *testing.T) {
	above := t.TempDir()
	root := filepath.Join(above, "root")
	put(t, filepath.Join(above, "outside/secret"), "outside")
	put(t, filepath.Join(root, "a/file"), "own")
	put(t, filepath.Join(root, "folder/secret"), "own")
	tree := open(t, root)
	err := tree.Visit(func(f Found) error {
		if f.Path == "folder" {
			must(t, os.RemoveAll(filepath.Join(root, "folder")))
			must(t, os.Symlink("../outside", filepath.Join(root, "folder")))
		}
		if f.Path == "folder/secret" {
			t.Error("it was entered")
		}
		return nil
	})
	if !errors.Is(err, unix.ENOTDIR) {
		t.Errorf("got %v", err)
	}
	it := &item{path: "folder/secret", entry: &Entry{}}
	if tree.readAll(t.Context(), []*item{it}); it.err == nil {
		t.Error("what the link leads to was read")
	}
	_, entries := walk(t, root, Options{Checksum: true})
	for _, e := range entries {
		if e.Path == "folder" && e.Type != TypeLink || e.Path == "folder/secret" {
			t.Errorf("the walk has found %+v", e)
		}
	}
}

// TestDeep: a path may be longer than what a system call takes.
func TestDeep(t *testing.T) {
	root := t.TempDir()
	tree := open(t, root)
	path := ""
	for len(path) <= MaxPath+100 {
		path = join(path, "a folder with a name of some length, of which there are many, one in the other")
		must(t, tree.Mkdir(path))
	}
	f, err := tree.Create(path + "/file")
	must(t, err)
	_, err = f.WriteString("deep")
	must(t, errors.Join(err, f.Commit(), f.Close()))
	var last string
	s, err := tree.Walk(t.Context(), Options{Checksum: true, Each: func(e *Entry) error {
		last = e.Path
		return nil
	}})
	must(t, err)
	if last != path+"/file" || s.Files != 1 || s.Bytes != 4 {
		t.Errorf("the walk ends at a path of %d bytes with %d files", len(last), s.Files)
	}
	must(t, tree.Clear())
	if left, err := os.ReadDir(root); err != nil || len(left) > 0 {
		t.Errorf("%d names are left: %v", len(left), err)
	}
}

// TestUnreadable: what may not be read is named, and a look that passes over goes on.
func TestUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		asOtherUser(t)
		return
	}
	root := t.TempDir()
	put(t, filepath.Join(root, "shut/file"), "x")
	put(t, filepath.Join(root, "z"), "x")
	must(t, os.Chmod(filepath.Join(root, "shut"), 0))
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(root, "shut"), 0o700) })
	tree := open(t, root)
	if _, err := tree.Walk(t.Context(), Options{}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v", err)
	}
	if _, err := tree.Inspect(); err != nil {
		t.Error(err)
	}
}
