package datasync_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
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
			f := simulation.NewFlow(t)
			f.Cluster.Warnings = tc.warnings
			f.World.Create(simulation.Engine(nil))
			f.Run(5)
			f.Patch(simulation.SyncID, map[string]any{"request": "first"})
			f.Run(5)
			wantWarnings(t, f, tc.reason, tc.warnings, tc.want)
			f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-1"})
			f.Run(5)
			wantWarnings(t, f, tc.reason, tc.warnings, tc.want)
			run := f.SwitchStatus().FinalRun
			if run == nil {
				t.Fatal("there was no final run")
			}
			if diff := cmp.Diff(tc.warnings, run.Warnings); diff != "" {
				t.Errorf("%s: finalRun of the switch (-want +got):\n%s", tc.reason, diff)
			}
			message := f.Condition(simulation.SwitchID, api.ConditionSwitched).Message
			if len(tc.warnings) > 0 && !strings.Contains(message, tc.want) {
				t.Errorf("%s: the switch says %q, expected %q", tc.reason, message, tc.want)
			}
		})
	}
}

// wantWarnings of the last run on the DataSync.
func wantWarnings(t *testing.T, f *simulation.Flow, reason string, want []string, text string) {
	t.Helper()
	var d api.DataSync
	f.Read(simulation.SyncID, &d)
	if d.Status.LastRun == nil {
		t.Fatal("the DataSync shows no run")
	}
	if diff := cmp.Diff(want, d.Status.LastRun.Warnings); diff != "" {
		t.Errorf("%s: lastRun of the DataSync (-want +got):\n%s", reason, diff)
	}
	if message := f.Condition(simulation.SyncID, api.ConditionSynced).Message; !strings.Contains(message, text) {
		t.Errorf("%s: the DataSync says %q, expected %q", reason, message, text)
	}
}
