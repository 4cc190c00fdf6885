package sync

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

func TestNext(t *testing.T) {
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	spec := api.DataSyncSpec{Mobilizer: "restic", Volumes: []api.SyncVolume{{Name: "data", Target: "data"}},
		Sync: &api.SyncPolicy{Interval: "30s"}}
	seconds := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }
	cases := map[string]struct {
		reason string
		change func(r *reading)
		want   step
	}{
		"Waits": {"the next pass is not due", nil, step{}},
		"Due":   {"counted from the beginning of the last one", func(r *reading) { r.now = seconds(40) }, step{trigger: api.TriggerSchedule}},
		"First": {"the Job was made when it was due", func(r *reading) { r.lastBegan = time.Time{} }, step{trigger: api.TriggerSchedule}},
		"Asked": {"who asks does not wait", func(r *reading) { r.dataSync.Spec.Request = "a" }, step{trigger: api.TriggerRequest, request: "a"}},
		"Answered": {"by this session", func(r *reading) { r.dataSync.Spec.Request, r.answered = "a", "a" },
			step{}},
		"AnsweredBefore": {"by a run before the session", func(r *reading) {
			r.dataSync.Spec.Request, r.dataSync.Status.Runs = "a", []api.SyncRun{{Request: "a", Outcome: "Succeeded"}}
		}, step{}},
		"FailedBefore": {"a run that has failed is no answer", func(r *reading) {
			r.dataSync.Spec.Request, r.dataSync.Status.Runs = "a", []api.SyncRun{{Request: "a", Outcome: "Failed"}}
		}, step{trigger: api.TriggerRequest, request: "a"}},
		"Suspended": {"before the pass that is due", func(r *reading) { r.now, r.dataSync.Spec.Suspend = seconds(40), true },
			step{end: "spec.suspend is set"}},
		"Gone": {"the copies are not needed any more", func(r *reading) { r.dataSync = nil }, step{end: "the DataSync is gone"}},
		"Volumes": {"other volumes need other workers", func(r *reading) { r.dataSync.Spec.Volumes = nil },
			step{end: "the spec of the DataSync has changed: the next run follows it"}},
		"Interval": {"a longer one may need no session", func(r *reading) { r.dataSync.Spec.Sync = &api.SyncPolicy{Interval: "1h"} },
			step{end: "the spec of the DataSync has changed: the next run follows it"}},
		"Old": {"a kubeconfig may have changed", func(r *reading) { r.now, r.lastBegan = seconds(3600), seconds(3590) },
			step{end: "the session is open for 1h0m0s: the next one begins anew"}},
		"OldAndUnused": {"a session has one pass at least", func(r *reading) { r.now, r.lastBegan = seconds(3600), time.Time{} },
			step{trigger: api.TriggerSchedule}},
		"Lost": {"whatever is due", func(r *reading) { r.now, r.lost = seconds(40), "a switch has begun" }, step{end: "a switch has begun"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := reading{now: seconds(39), opened: noon, lastBegan: seconds(10), spec: spec, dataSync: &api.DataSync{Spec: *spec.DeepCopy()}}
			if tc.change != nil {
				tc.change(&r)
			}
			if d := cmp.Diff(tc.want, next(r), cmp.AllowUnexported(step{})); d != "" {
				t.Errorf("%s\n-want +got\n%s", tc.reason, d)
			}
		})
	}
}

func TestRemember(t *testing.T) {
	var got []api.SyncRun
	for i := range 12 {
		got = remember(got, api.SyncRun{ID: fmt.Sprint(i)})
	}
	if len(got) != maxPasses || got[0].ID != "2" || got[9].ID != "11" {
		t.Errorf("a report holds the last ten, the oldest first: got %v", got)
	}
}
