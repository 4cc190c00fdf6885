package tree

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func write(t *testing.T, root string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(root, "dir", "lost+found"), 0o755))
	must(os.MkdirAll(filepath.Join(root, "lost+found"), 0o700))
	must(os.WriteFile(filepath.Join(root, "dir", "a\nb"), []byte("hello"), 0o640))
	must(os.WriteFile(filepath.Join(root, "lost+found", "x"), []byte("left out"), 0o600))
	must(os.Symlink("dir/a\nb", filepath.Join(root, "link")))
	must(os.Link(filepath.Join(root, "dir", "a\nb"), filepath.Join(root, "hard")))
	when := time.Unix(1_700_000_000, 0)
	must(os.Chtimes(filepath.Join(root, "hard"), when, when))
}

func walk(t *testing.T, root string) *Summary {
	t.Helper()
	s, err := Walk(root)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWalk(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	write(t, a)
	write(t, b)
	link := func(root string) { // Links cannot be given a time portably: make both at once.
		os.Remove(filepath.Join(root, "link"))
	}
	link(a)
	link(b)
	x, y := walk(t, a), walk(t, b)
	if x.Files != 2 || x.Regular != 2 || x.Bytes != 10 {
		t.Errorf("counted %d files, %d bytes", x.Files, x.Bytes)
	}
	if x.Digest != y.Digest {
		t.Error("equal trees have different digests")
	}
}

// TestWalkNotices says which differences a digest shows.
func TestWalkNotices(t *testing.T) {
	file := func(root string) string { return filepath.Join(root, "dir", "a\nb") }
	for name, change := range map[string]func(root string) error{
		"another mode": func(root string) error { return os.Chmod(file(root), 0o600) },
		"another time": func(root string) error { return os.Chtimes(file(root), time.Time{}, time.Unix(1, 0)) },
		"another size": func(root string) error { return os.Truncate(file(root), 4) },
		"another name": func(root string) error { return os.Rename(file(root), filepath.Join(root, "c")) },
		"another link": func(root string) error {
			_ = os.Remove(filepath.Join(root, "link"))
			return os.Symlink("elsewhere", filepath.Join(root, "link"))
		},
		"one more folder": func(root string) error { return os.Mkdir(filepath.Join(root, "more"), 0o755) },
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			write(t, root)
			before := walk(t, root).Digest
			if err := change(root); err != nil {
				t.Fatal(err)
			}
			if walk(t, root).Digest == before {
				t.Error("the digest is the same")
			}
		})
	}
}
