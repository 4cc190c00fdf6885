package restic

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubemove/kubemove/task"
)

// TestNote: what is found when the repository is opened ahead of a run, the run warns of, once.
func TestNote(t *testing.T) { onEachSide(t, testNote) }

func testNote(t *testing.T) {
	p := newPair(t)
	must(t, os.WriteFile(filepath.Join(p.source(), "file"), nil, 0o644))
	p.copied("run-1")
	for _, d := range []Dirs{p.src, p.dst} {
		must(t, os.WriteFile(filepath.Join(d.Credentials, "password"), []byte("another"), 0o600))
	}
	if code, st := p.opened(p.stateSide); code != task.ExitDone {
		t.Fatalf("opening ended with %d: %+v", code, st.Result)
	}
	if w := p.warnings(p.copied("run-2")); len(w) != 1 || !strings.Contains(w[0], "made anew: everything is sent again") {
		t.Errorf("the run warns %q, expected that everything is sent again", w)
	}
	if w := p.warnings(p.copied("run-3")); len(w) > 0 {
		t.Errorf("the next run warns again: %q", w)
	}
}
