package transfer

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/task"
)

// TestWarningsOfWorkers: each is kept once, and of more than a status holds it is known how many there
// are.
func TestWarningsOfWorkers(t *testing.T) {
	cases := map[string]struct {
		reason string
		says   int
		shown  int
		last   string
	}{
		"None": {"nothing is wrong", 0, 0, ""},
		"All":  {"there is room", 10, 10, "data: 9"},
		"More": {"the last one counts the rest", 25, 10, "and 16 warnings more, which are in the log of the run's Job"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			p := newPass(&Session{spec: Spec{Log: slog.New(slog.NewTextHandler(&log, nil))}})
			o := observed{Volume: "data", Source: side{Status: &task.Status{}}}
			for i := range tc.says {
				o.Source.Status.Warnings = append(o.Source.Status.Warnings, fmt.Sprint(i))
			}
			for range 2 { // A worker's last status is seen again.
				p.addWarnings(o)
			}
			if n := len(p.warnings); n != tc.shown || n > 0 && p.warnings[n-1] != tc.last {
				t.Errorf("%s: %q are shown", tc.reason, p.warnings)
			}
			if diff := cmp.Diff(tc.says, strings.Count(log.String(), "a worker warns")); diff != "" {
				t.Errorf("%s: in the log (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}
