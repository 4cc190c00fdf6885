package cutover

import (
	"testing"
	"time"

	"github.com/kubemove/kubemove/internal/application"
)

// TestWantsDelta: what takes long is done while the application runs, as long as that gains something.
func TestWantsDelta(t *testing.T) {
	// after is a live move whose runs before the stop took so many seconds each.
	after := func(list ...int) Observed {
		running := []Workload{{Workload: application.Workload{Ref: application.Ref{Kind: "Deployment", Name: "web"}}}}
		o := Observed{Repeats: true, MaxFinalSync: 10 * time.Second, Workloads: running}
		for _, s := range list {
			o.Deltas = append(o.Deltas, time.Duration(s)*time.Second)
		}
		return o
	}
	changed := func(o Observed, change func(o *Observed)) Observed {
		change(&o)
		return o
	}
	for name, tc := range map[string]struct {
		reason string
		o      Observed
		want   bool
		ago    time.Duration
	}{
		"First":   {"the last run by the schedule may be long ago", after(), true, 0},
		"Short":   {"short enough", after(10), false, 0},
		"Long":    {"the next one has less to copy", after(60), true, 0},
		"Shrinks": {"it still gains", after(60, 40), true, 0},
		"Stays":   {"what is written meanwhile takes as long", after(60, 50), false, 0},
		"Grows":   {"nothing is gained", after(20, 40), false, 0},
		"Often":   {"an approved switch begins at some time", after(640, 320, 160, 80, 40), false, 0},
		"Jobs":    {"the Jobs of CronJobs have taken their time since", after(3), true, 2 * time.Minute},
		"AllJobs": {"not for ever", after(1, 1, 1, 1, 1, 1, 1, 1, 1, 1), false, 2 * time.Minute},
		"Offline": {"it copies once", changed(after(), func(o *Observed) { o.MaxFinalSync = 0 }), false, 0},
		"OnePass": {"the mobilizer has one pass in a session", changed(after(), func(o *Observed) { o.Repeats = false }), false, 0},
		"Down": {"in the downtime there is one run",
			changed(after(), func(o *Observed) { o.Record.QuiescedAt = new(time.Unix(1, 0)) }), false, 0},
		"AtZero": {"nothing writes: the final run is the next one", changed(after(), func(o *Observed) { o.Workloads = nil }), false, 0},
		"OnlyPods": {"what runs without a workload of the plan writes as well",
			changed(after(), func(o *Observed) { o.Workloads, o.SourcePods = nil, []string{"Pod/web"} }), true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			tc.o.Now = tc.o.DeltaEnded.Add(tc.ago)
			if got := tc.o.wantsDelta(); got != tc.want {
				t.Errorf("%s: got %t", tc.reason, got)
			}
		})
	}
}
