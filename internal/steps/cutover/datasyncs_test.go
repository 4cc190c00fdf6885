package cutover

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

// TestWarningsOf: a DataSync shows the warnings of its own volumes, and those that are about none.
func TestWarningsOf(t *testing.T) {
	p := transfer.Progress{
		Volumes:  []task.VolumeProgress{{Name: "data"}, {Name: "wal"}},
		Warnings: []string{"data: a", "wal: b", "try 1 of data failed: c", "and 3 warnings more"},
	}
	want := []string{"data: a", "try 1 of data failed: c", "and 3 warnings more"}
	if diff := cmp.Diff(want, warningsOf(p, map[string]bool{"data": true})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
