package filecopy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestZeros(t *testing.T) {
	data, none := strings.Repeat("x", block), strings.Repeat("\x00", block)
	cases := map[string]struct {
		reason, content string
		want            []stretch
	}{
		"Empty": {reason: "there is nothing"},
		"Data":  {reason: "no block is all zeros", content: "x" + none + data},
		"Between": {
			reason: "blocks beside each other are one hole", content: data + none + none + data + none,
			want: []stretch{{block, 2 * block}, {4 * block, block}},
		},
		"End": {reason: "the last block need not be whole", content: data + "\x00", want: []stretch{{block, block}}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, zeros([]byte(tc.content)), cmp.AllowUnexported(stretch{})); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// TestMakeHoles: only what a file takes too much is given back, and nothing is touched that is not the
// file that the source has told.
func TestMakeHoles(t *testing.T) {
	const size = 1 << 20
	content := "x" + strings.Repeat("\x00", size-1)
	file := func(path string, size, allocated int64) Sparse {
		return Sparse{Path: []byte(path), Size: size, Allocated: allocated}
	}
	cases := map[string]struct {
		reason string
		file   Sparse
		want   int64
	}{
		"All":     {"one block holds data", file("file", size, block), block},
		"Half":    {"the rest is allocated at the source, too", file("file", size, size/2), size / 2},
		"Enough":  {"there are no holes at the source", file("file", size, size), size},
		"Changed": {"it is another file by now", file("file", size+1, block), size},
		"Outside": {"where a link leads is not the volume's", file("link/outside", size, block), size},
		"Inside":  {"nor is what a link within the volume leads to", file("here/file", size, block), size},
		"Above":   {"nor is what lies above", file("../outside", size, block), size},
		"Link":    {"a link is no file", file("to", size, block), size},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			above := t.TempDir()
			root := filepath.Join(above, "volume")
			path, outside := filepath.Join(root, "file"), filepath.Join(above, "outside")
			put(t, path, content)
			put(t, outside, content)
			must(t, os.Chtimes(path, time.Unix(1_700_000_000, 5), time.Unix(1_700_000_000, 5)))
			must(t, os.Chmod(path, 0o444))
			for link, target := range map[string]string{"link": "..", "here": ".", "to": "file"} {
				must(t, os.Symlink(target, filepath.Join(root, link)))
			}
			_, before := walk(t, above, Options{Checksum: true})
			must(t, open(t, root).MakeHoles(t.Context(), []Sparse{tc.file}, nil))
			_, after := walk(t, above, Options{Checksum: true})
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("%s: (-before +after):\n%s", tc.reason, diff)
			}
			for path, want := range map[string]int64{path: tc.want, outside: size} {
				if got := taken(t, path); got != want {
					t.Errorf("%s: %s takes %d bytes, expected %d", tc.reason, filepath.Base(path), got, want)
				}
			}
		})
	}
}
