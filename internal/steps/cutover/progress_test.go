package cutover

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// TestProgressTouched: a report says that nothing was done only if nothing may have been done.
func TestProgressTouched(t *testing.T) {
	cases := map[string]struct {
		reason string
		o      Observed
		doing  Kind
		want   bool
	}{
		"Nothing":  {"nothing is there", Observed{Us: us}, "", false},
		"Waits":    {"to wait changes nothing", Observed{Us: us}, Wait, false},
		"Record":   {"it is written down", Observed{Us: us, HasRecord: true}, "", true},
		"Lock":     {"a lock is held", Observed{Us: us, SourceLock: LockMine}, "", true},
		"Workload": {"a workload is stopped, whatever the records say", Observed{Us: us, Workloads: []Workload{{Ledger: true}}}, "", true},
		"Begun":    {"an action was begun since then", Observed{Us: us}, Quiesce, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := progressOf(&tc.o, tc.doing, nil).Touched; got != tc.want {
				t.Errorf("%s: got touched %v, want %v", tc.reason, got, tc.want)
			}
		})
	}
}

// TestProgressFinalRun: a report has what the final run has copied, and how long that took by itself.
func TestProgressFinalRun(t *testing.T) {
	began := time.Unix(1_800_000_000, 0)
	o := Observed{Us: us, Record: Record{Final: &FinalRun{ID: "f", StartedAt: began, FinishedAt: began.Add(9 * time.Second),
		CopySeconds: 6, Bytes: 5, Files: 4, Warnings: []string{"w"}}}}
	want := &api.SyncRun{ID: "f", Trigger: api.TriggerFinal, StartedAt: metaTime(began), FinishedAt: metaTime(began.Add(9 * time.Second)),
		Seconds: 9, CopySeconds: 6, Outcome: "Succeeded", Bytes: 5, Files: 4, Warnings: []string{"w"}}
	if diff := cmp.Diff(want, progressOf(&o, "", nil).FinalRun); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
