package hooks_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
)

// TestWarningsOfRuns: what the workers of a run warn of shows on the objects that are looked at, as
// long as the run does.
func TestWarningsOfRuns(t *testing.T) {
	cases := map[string]struct {
		reason   string
		warnings []string
		// want is the end of the messages.
		want string
	}{
		"None": {reason: "a run without says nothing", want: "every volume"},
		"One": {reason: "it is short enough for the message",
			warnings: []string{"data: 250 device nodes are not copied"}, want: ", with 1 warning: data: 250 device nodes are not copied (status."},
		"Two": {reason: "the others are in the field",
			warnings: []string{"data: a", "wal: b"}, want: ", with 2 warnings, the first: data: a (status."},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFlow(t)
			f.cluster.Warnings = tc.warnings
			f.world.Create(engine(nil))
			f.run(5)
			f.patch(syncID, map[string]any{"request": "first"})
			f.run(5)
			f.wantWarnings(tc.reason, tc.warnings, tc.want)
			f.patch(switchID, map[string]any{"approvedPlan": "plan-1"})
			f.run(5)
			f.wantWarnings(tc.reason, tc.warnings, tc.want)
			run := f.switchStatus().FinalRun
			if run == nil {
				t.Fatal("there was no final run")
			}
			if diff := cmp.Diff(tc.warnings, run.Warnings); diff != "" {
				t.Errorf("%s: finalRun of the switch (-want +got):\n%s", tc.reason, diff)
			}
			message := f.condition(switchID, api.ConditionSwitched).Message
			if len(tc.warnings) > 0 && !strings.Contains(message, tc.want) {
				t.Errorf("%s: the switch says %q, expected %q", tc.reason, message, tc.want)
			}
		})
	}
}

// wantWarnings of the last run on the DataSync.
func (f *flow) wantWarnings(reason string, want []string, text string) {
	f.t.Helper()
	var d api.DataSync
	decode(f.t, f.world.Get(syncID), &d)
	if d.Status.LastRun == nil {
		f.t.Fatal("the DataSync shows no run")
	}
	if diff := cmp.Diff(want, d.Status.LastRun.Warnings); diff != "" {
		f.t.Errorf("%s: lastRun of the DataSync (-want +got):\n%s", reason, diff)
	}
	if message := f.condition(syncID, api.ConditionSynced).Message; !strings.Contains(message, text) {
		f.t.Errorf("%s: the DataSync says %q, expected %q", reason, message, text)
	}
}

// TestWarned: a message stays as short as a condition takes it.
func TestWarned(t *testing.T) {
	if got := len(hooks.Warned([]string{strings.Repeat("ü", 1000)}, "status.lastRun.warnings")); got > 500 {
		t.Errorf("the text has %d bytes", got)
	}
}
