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
	}{
		"First":    {"the last run by the schedule may be long ago", Observed{Repeats: true, MaxFinalSync: 10 * time.Second, Workloads: running}, true},
		"Short":    {"short enough", Observed{Repeats: true, MaxFinalSync: 10 * time.Second, Workloads: running, Deltas: seconds(10)}, false},
		"Long":     {"the next one has less to copy", Observed{Repeats: true, MaxFinalSync: 10 * time.Second, Workloads: running, Deltas: seconds(60)}, true},
		"Shrinks":  {"it still gains", Observed{Repeats: true, MaxFinalSync: 10 * time.Second, Workloads: running, Deltas: seconds(60, 40)}, true},
		"Stays":    {"what is written meanwhile takes as long", Observed{Repeats: true, MaxFinalSync: 10 * time.Second, Workloads: running, Deltas: seconds(60, 50)}, false},
		"Grows":    {"nothing is gained", Observed{Repeats: true, MaxFinalSync: 10 * time.Second, Workloads: running, Deltas: seconds(20, 40)}, false},
		"Often":    {"an approved switch begins at some time", Observed{Repeats: true, MaxFinalSync: time.Second, Workloads: running, Deltas: seconds(160, 80, 40, 20, 10)}, false},
		"Offline":  {"it copies once", Observed{Repeats: true, Workloads: running}, false},
		"OnePass":  {"the mobilizer has one pass in a session", Observed{MaxFinalSync: 10 * time.Second, Workloads: running}, false},
		"Down":     {"in the downtime there is one run", Observed{Repeats: true, MaxFinalSync: 10 * time.Second, Workloads: running, Record: Record{QuiescedAt: &quiesced}}, false},
		"AtZero":   {"nothing writes: the final run is the next one", Observed{Repeats: true, MaxFinalSync: 10 * time.Second}, false},
		"OnlyPods": {"what runs without a workload of the plan writes as well", Observed{Repeats: true, MaxFinalSync: 10 * time.Second, SourcePods: []string{"Pod/web"}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.o.wantsDelta(); got != tc.want {
				t.Errorf("%s: got %t", tc.reason, got)
			}
		})
	}
}
