package restic

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/ddm/tree"
)

func TestZeros(t *testing.T) {
	data, none := strings.Repeat("x", block), strings.Repeat("\x00", block)
	cases := map[string]struct {
		reason, content string
		want            []stretch
	}{
		"Empty":   {reason: "there is nothing"},
		"Data":    {reason: "no block is all zeros", content: "x" + none + data},
		"Between": {reason: "blocks beside each other are one hole", content: data + none + none + data + none, want: []stretch{{block, 2 * block}, {4 * block, block}}},
		"End":     {reason: "the last block need not be whole", content: data + "\x00", want: []stretch{{block, block}}},
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
	cases := map[string]struct {
		reason string
		file   hollow
		want   int64
	}{
		"All":     {"one block holds data", hollow{tree.Sparse{Path: []byte("file"), Size: size}, block}, block},
		"Half":    {"the rest is allocated at the source, too", hollow{tree.Sparse{Path: []byte("file"), Size: size}, size / 2}, size / 2},
		"Enough":  {"there are no holes at the source", hollow{tree.Sparse{Path: []byte("file"), Size: size}, size}, size},
		"Changed": {"it is another file by now", hollow{tree.Sparse{Path: []byte("file"), Size: size + 1}, block}, size},
		"Outside": {"where a link leads is not the volume's", hollow{tree.Sparse{Path: []byte("link/outside"), Size: size}, block}, size},
		"Above":   {"nor is what lies above", hollow{tree.Sparse{Path: []byte("../outside"), Size: size}, block}, size},
		"Link":    {"a link is no file", hollow{tree.Sparse{Path: []byte("to"), Size: size}, block}, size},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			above := volume{t, t.TempDir()}
			above.dir("volume", 0o755)
			v := volume{t, above.path("volume")}
			above.file("outside", content, 0o644)
			v.file("file", content, 0o444)
			v.time("file", 1_700_000_000, 5)
			v.symlink("..", "link")
			v.symlink("file", "to")
			before := listing(t, above.root)
			must(t, makeHoles(t.Context(), v.root, []hollow{tc.file}))
			if diff := cmp.Diff(before, listing(t, above.root)); diff != "" {
				t.Errorf("%s: (-before +after):\n%s", tc.reason, diff)
			}
			for path, want := range map[string]int64{v.path("file"): tc.want, above.path("outside"): size} {
				info, err := os.Stat(path)
				must(t, err)
				if got := blocks(info) * 512; got != want {
					t.Errorf("%s: %s takes %d bytes, expected %d", tc.reason, filepath.Base(path), got, want)
				}
			}
		})
	}
}

// TestLargestHoles: what an event has room for is told, those with the largest holes first.
func TestLargestHoles(t *testing.T) {
	file := func(path string, size, allocated int64) hollow {
		return hollow{tree.Sparse{Path: []byte(path), Size: size}, allocated}
	}
	long := strings.Repeat("l", 50)
	got := largestHoles([]hollow{file("dense", 100, 99), file(long, 300, 1), file(long, 200, 1), file("hollow", 1000, 1)}, 100)
	if len(got) != 2 || string(got[0].Path) != "hollow" || got[1].Size != 300 {
		t.Errorf("%d files are told, expected the two with the largest holes", len(got))
	}
	var e event
	e.addHollow(got)
	if diff := cmp.Diff(got, e.hollow(), cmp.AllowUnexported(hollow{})); diff != "" {
		t.Errorf("the event has (-want +got):\n%s", diff)
	}
	e.Allocated = e.Allocated[:1]
	if n := len(e.hollow()); n != 1 {
		t.Errorf("of an event with one number there are %d files", n)
	}
}
