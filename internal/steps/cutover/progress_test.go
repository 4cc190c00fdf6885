package cutover

import "testing"

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
