package filecopy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// TestInspect finds sockets, and the newest times of what is copied; device nodes need root.
func TestInspect(t *testing.T) {
	root := t.TempDir()
	fill(t, filepath.Join(root, "below"))
	newest := time.Unix(4_000_000_000, 5)
	must(t, os.Chtimes(filepath.Join(root, "below", "hard"), newest, newest))
	var want []string
	for _, name := range []string{"below/socket", "b\n"} {
		must(t, unix.Mknod(filepath.Join(root, name), unix.S_IFSOCK|0o600, 0))
	}
	if os.Geteuid() == 0 {
		want = []string{"below/device"}
		must(t, unix.Mknod(filepath.Join(root, want[0]), unix.S_IFCHR, 0))
	}
	got, err := open(t, root).Inspect()
	must(t, err)
	if diff := cmp.Diff([][]string{{"b\n", "below/socket"}, want}, [][]string{got.Sockets, got.Devices}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !got.Newest.Written.Equal(newest) {
		t.Errorf("the newest content is of %s, expected %s", got.Newest.Written, newest)
	}
	if age := time.Since(got.Newest.Touched); age < -time.Minute || age > time.Minute {
		t.Errorf("the newest change is %s old", age)
	}
}

// TestFindSparse finds the files with holes, by names of any bytes.
func TestFindSparse(t *testing.T) {
	root := t.TempDir()
	put(t, filepath.Join(root, "dense"), strings.Repeat("x", 1<<20))
	for name, size := range map[string]int64{"a/\xff": 1 << 20, "small": 1<<20 - 1, "lost+found/x": 1 << 20} {
		put(t, filepath.Join(root, name), "x")
		must(t, os.Truncate(filepath.Join(root, name), size))
	}
	must(t, os.Chtimes(filepath.Join(root, "a/\xff"), time.Time{}, time.Unix(-7, 5)))
	got, err := open(t, root).FindSparse(t.Context(), 1<<20)
	must(t, err)
	want := []Sparse{{Path: []byte("a/\xff"), Size: 1 << 20, Allocated: taken(t, filepath.Join(root, "a/\xff")), Seconds: -7, Nanos: 5}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// taken is how many bytes a file takes on the disk.
func taken(t *testing.T, path string) int64 {
	t.Helper()
	var st unix.Stat_t
	must(t, unix.Stat(path, &st))
	return st.Blocks * 512
}
