package cutover

import (
	"testing"
	"time"

	"github.com/kubemove/kubemove/internal/application"
)

// TestWantsDelta: what takes long is done while the application runs, as long as that gains something.
func TestWantsDelta(t *testing.T) {
	seconds := func(list ...int) (out []time.Duration) {
		for _, s := range list {
			out = append(out, time.Duration(s)*time.Second)
		}
		return out
	}
	running := []Workload{{Workload: application.Workload{Ref: application.Ref{Kind: "Deployment", Name: "web"}}}}
	quiesced := time.Unix(1, 0)
	for name, tc := range map[string]struct {
		reason string
		o      Observed
		want   bool
		ago    time.Duration
	}{
		"First":   {"the last run by the schedule may be long ago", Observed{Repeats: true, MaxFinalSync: 10 * time.Second, Workloads: running}, true, 0},
		"Short":   {"short enough", Observed{Repeats: true, MaxFinalSync: 10 * time.Second, Workloads: running, Deltas: seconds(10)}, false, 0},
		"Long":    {"the next one has less to copy", Observed{Repeats: true, MaxFinalSync: 10 * time.Second, Workloads: running, Deltas: seconds(60)}, true, 0},
		"Shrinks": {"it still gains", Observed{Repeats: true, MaxFinalSync: 10 * time.Second, Workloads: running, Deltas: seconds(60, 40)}, true, 0},
		"Stays":   {"what is written meanwhile takes as long", Observed{Repeats: true, MaxFinalSync: 10 * time.Second, Workloads: running, Deltas: seconds(60, 50)}, false, 0},
		"Grows":   {"nothing is gained", Observed{Repeats: true, MaxFinalSync: 10 * time.Second, Workloads: running, Deltas: seconds(20, 40)}, false, 0},
		"Often":   {"an approved switch begins at some time", Observed{Repeats: true, MaxFinalSync: time.Second, Workloads: running, Deltas: seconds(160, 80, 40, 20, 10)}, false, 0},
		"Jobs": {"the Jobs of CronJobs have taken their time since", Observed{Repeats: true, MaxFinalSync: 10 * time.Second, Workloads: running,
			Deltas: seconds(3)}, true, 2 * time.Minute},
		"AllJobs": {"not for ever", Observed{Repeats: true, MaxFinalSync: 10 * time.Second, Workloads: running,
			Deltas: seconds(1, 1, 1, 1, 1, 1, 1, 1, 1, 1)}, false, 2 * time.Minute},
		"Offline":  {"it copies once", Observed{Repeats: true, Workloads: running}, false, 0},
		"OnePass":  {"the mobilizer has one pass in a session", Observed{MaxFinalSync: 10 * time.Second, Workloads: running}, false, 0},
		"Down":     {"in the downtime there is one run", Observed{Repeats: true, MaxFinalSync: 10 * time.Second, Workloads: running, Record: Record{QuiescedAt: &quiesced}}, false, 0},
		"AtZero":   {"nothing writes: the final run is the next one", Observed{Repeats: true, MaxFinalSync: 10 * time.Second}, false, 0},
		"OnlyPods": {"what runs without a workload of the plan writes as well", Observed{Repeats: true, MaxFinalSync: 10 * time.Second, SourcePods: []string{"Pod/web"}}, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			tc.o.Now = tc.o.DeltaEnded.Add(tc.ago)
			if got := tc.o.wantsDelta(); got != tc.want {
				t.Errorf("%s: got %t", tc.reason, got)
			}
		})
	}
}
