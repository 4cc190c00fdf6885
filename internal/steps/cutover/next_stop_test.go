package cutover

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/internal/application"
)

// TestNextStop: the downtime begins when no Job of a CronJob runs any more.
func TestNextStop(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	ago := func(d time.Duration) *time.Time { at := now.Add(-d); return &at }
	web := Workload{Workload: application.Workload{Ref: application.Ref{Group: "apps", Kind: "Deployment", Name: "web"}}}
	nightly := Workload{Workload: application.Workload{Ref: application.Ref{Group: "batch", Kind: "CronJob", Name: "nightly"}}}
	made, suspended := nightly, nightly
	made.MadeBy = &application.Ref{Group: "example.com", Kind: "Widget", Name: "w"}
	suspended.Stopped, suspended.Ledger = true, true
	job := []string{"Job/nightly-1"}
	for name, c := range map[string]struct {
		reason    string
		record    Record
		workloads []Workload
		jobs      []string
		want      Kind
		message   string
	}{
		"NoCronJob": {"there is no Job to wait for", Record{}, []Workload{web}, nil, RecordQuiesce, "record the stop"},
		"CronJob": {"first the record, then the change",
			Record{}, []Workload{web, nightly}, job, RecordSuspend, "record that CronJobs are suspended"},
		"Recorded": {"only the CronJob is stopped",
			Record{SuspendedAt: ago(0)}, []Workload{web, nightly}, job, Suspend, "suspend CronJob.batch/nightly"},
		"JobRuns": {"the rest goes on meanwhile",
			Record{SuspendedAt: ago(time.Minute)}, []Workload{web, suspended}, job, Wait, "waiting for Jobs to end: Job/nightly-1"},
		"JobIsStuck": {"nothing but the CronJob has to be restored",
			Record{SuspendedAt: ago(time.Hour)}, []Workload{web, suspended}, job, End, "after 5m0s Jobs of the application's CronJobs " +
				"have not ended: Job/nightly-1. Delete what is stuck, switch at a time when no Job runs that long, or raise quiesce.timeout"},
		"JobEnded": {"now the downtime begins",
			Record{SuspendedAt: ago(time.Hour)}, []Workload{web, suspended}, nil, RecordQuiesce, "record the stop"},
		"Made": {"its controller would resume it, and has to stop before",
			Record{}, []Workload{web, made}, nil, RecordQuiesce, "record the stop"},
		"Resumed": {"in the downtime nothing is won by waiting for it alone",
			Record{SuspendedAt: ago(2 * time.Hour), QuiescedAt: ago(time.Hour), Epoch: 1, Stopping: &Stop{1, *ago(0)}},
			[]Workload{web, nightly}, job, Quiesce, "stop Deployment.apps/web, CronJob.batch/nightly"},
		"ResumedAgain": {"another client is as fast as the switch",
			Record{SuspendedAt: ago(time.Hour)}, []Workload{web, nightly}, nil, End, "after 5m0s there is still something to stop: " +
				"CronJob.batch/nightly. If it is started again and again, find out who does it (an operator, GitOps, an autoscaler), and pause that"},
		"StartedAgain": {"the downtime has to end", Record{QuiescedAt: ago(time.Hour), Stopping: &Stop{0, *ago(time.Hour)}},
			[]Workload{web}, nil, End, "after 5m0s there is still something to stop: Deployment.apps/web. " +
				"If it is started again and again, find out who does it (an operator, GitOps, an autoscaler), and pause that"},
		"NextEpoch": {"its Pods have the whole of the time, too",
			Record{QuiescedAt: ago(time.Hour), Epoch: 1, Stopping: &Stop{0, *ago(time.Hour)}},
			[]Workload{suspended}, job, RecordQuiesce, "record the stop"},
	} {
		t.Run(name, func(t *testing.T) {
			o := Observed{Now: now, QuiesceTimeout: 5 * time.Minute, Record: c.record, Workloads: c.workloads,
				SourceJobs: c.jobs, SourcePods: c.jobs}
			a, _ := nextStop(o)
			if diff := cmp.Diff([]string{string(c.want), c.message}, []string{string(a.Kind), a.Message}); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.reason, diff)
			}
		})
	}
}
