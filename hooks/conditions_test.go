package hooks_test

import (
	"strings"
	"testing"

	"github.com/kubemove/kubemove/hooks"
)

// TestWarned: a message stays as short as a condition takes it.
func TestWarned(t *testing.T) {
	if got := len(hooks.Warned([]string{strings.Repeat("ü", 1000)}, "status.lastRun.warnings")); got > 500 {
		t.Errorf("the text has %d bytes", got)
	}
}
