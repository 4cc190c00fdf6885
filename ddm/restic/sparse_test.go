package restic

import (
	"strings"
	"testing"

	"github.com/kubemove/kubemove/ddm/filecopy"
)

// TestLargestHoles: what an event has room for is told, those with the largest holes first.
func TestLargestHoles(t *testing.T) {
	file := func(path string, size, allocated int64) filecopy.Sparse {
		return filecopy.Sparse{Path: []byte(path), Size: size, Allocated: allocated}
	}
	long := strings.Repeat("l", 50)
	got := largestHoles([]filecopy.Sparse{file("dense", 100, 99), file(long, 300, 1), file(long, 200, 1), file("hollow", 1000, 1)}, 100)
	if len(got) != 2 || string(got[0].Path) != "hollow" || got[1].Size != 300 {
		t.Errorf("%d files are told, expected the two with the largest holes", len(got))
	}
}
