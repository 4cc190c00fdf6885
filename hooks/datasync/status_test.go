package datasync

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

func condition(kind, is string) metav1.Condition {
	return metav1.Condition{Type: kind, Status: metav1.ConditionStatus(is), Reason: "x"}
}

func TestStatus(t *testing.T) {
	before := func(s *state) {
		s.dataSync.Status.LastSuccessTime = ago(time.Hour)
		s.dataSync.Status.Volumes = []api.VolumeStatus{{Name: "wal", Stage: api.StageSynced, BytesDone: 7, BytesTotal: 7, FilesDone: 2}}
	}
	s := given(before, request, attempt(jobs.Running, reports(api.StageCopying, 50)))
	st, _ := s.status(nil)
	got := []any{st.Stages, st.BytesDone, st.FilesDone, st.BytesPerSecond, st.ETASeconds, st.Progress, inShort(st.Run),
		inShort(st.LastRun), st.LastSuccessTime.Equal(ago(time.Hour)), st.ObservedGeneration}
	want := []any{"1 Copying, 1 Synced", int64(57), int64(3), int64(10), int64(5), "53% of 107 B, 10 B/s, 5s left", "run-1 Request of one",
		"none", true, int64(2)}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("a run goes on: -want +got\n%s", d)
	}
	// There is nothing left to wait for: a rate of a run that has ended would be a lie.
	s = given(before, request, attempt(jobs.Succeeded, reports(api.StageVerifying, 100)))
	st, _ = s.status(nil)
	got = []any{st.Stages, st.BytesPerSecond, st.ETASeconds, st.Progress, inShort(st.Run), st.LastSuccessTime.Equal(st.LastRun.FinishedAt)}
	if d := cmp.Diff([]any{"Synced", int64(0), int64(0), "", "none", true}, got); d != "" {
		t.Errorf("a run has ended: -want +got\n%s", d)
	}
	s = given(before, request, attempt(jobs.Failed, reports(api.StageCopying, 100)))
	if st, _ = s.status(nil); !st.LastSuccessTime.Equal(ago(time.Hour)) || st.Stages != "1 Copying, 1 Synced" {
		t.Errorf("a failure is no success: %v, %s", st.LastSuccessTime, st.Stages)
	}
	s = given(request, attempt(jobs.Failed, justNow, func(a *jobs.Attempt) { a.Result.Retry = task.RetryLater }), there)
	if st, _ = s.status(nil); st.Stalled != "x" {
		t.Errorf("the column says %q", st.Stalled)
	}
}

func TestConditions(t *testing.T) {
	const moving = "False Progressing: nothing waits for a person"
	stuck := attempt(jobs.Failed, justNow, func(a *jobs.Attempt) { a.Result.Retry = task.RetryLater })
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   map[string]string
	}{
		"Begin": {"nothing has happened", nil, map[string]string{
			api.ConditionAccepted: "True Accepted: the spec can be worked on", api.ConditionSynced: "Unknown Pending: there was no run yet",
			api.ConditionVerified: "Unknown Pending: there was no complete run yet",
			api.ConditionRetired:  "False NotCommitted: no switch has been committed",
			api.ConditionStalled:  moving}},
		"Mistake": {"it can be corrected", []func(*state){mistaken},
			map[string]string{api.ConditionAccepted: "False UnknownMobilizer: " + given(mistaken).problem.Message}},
		"First": {"the first run goes on", []func(*state){request, attempt(jobs.Running)}, map[string]string{
			api.ConditionSynced: "Unknown Running: the first run goes on", api.ConditionVerified: "Unknown Pending: there was no complete run yet"}},
		"Done": {"what was copied was compared", []func(*state){request, attempt(jobs.Succeeded, reports(api.StageSynced, 100, "w"))},
			map[string]string{
				api.ConditionSynced:   "True Succeeded: run run-1 copied every volume, with 1 warning: w (status.lastRun.warnings)",
				api.ConditionVerified: "True Succeeded: counts and bytes of both sides agreed in run run-1"}},
		"Failed": {"why", []func(*state){request, attempt(jobs.Failed)}, map[string]string{
			api.ConditionSynced: "False Failed: because", api.ConditionVerified: "False Failed: the last run did not get to its end"}},
		"Declined": {"why", []func(*state){request, attempt(jobs.Declined)}, map[string]string{
			api.ConditionSynced: "False Declined: because", api.ConditionVerified: "False Declined: the last run did not get to its end"}},
		"Again": {"the last one has failed, and the next goes on", []func(*state){request, attempt(jobs.Failed), attempt(jobs.Running)},
			map[string]string{
				api.ConditionSynced: "False Failed: because"}},
		"Retired": {"it is not copied any more", []func(*state){committed}, map[string]string{
			api.ConditionRetired: "True Retired: the application runs at the target: these volumes are not copied any more"}},
		"Stuck": {"why", []func(*state){request, stuck, there},
			map[string]string{api.ConditionStalled: "True x: because: kubectl -n home describe job run-1"}},
		"StuckBefore": {"nothing waits for it", []func(*state){request, stuck, there, suspended},
			map[string]string{api.ConditionStalled: moving}},
		"StuckOld": {"it was answered since", []func(*state){request, stuck, attempt(jobs.Succeeded), there},
			map[string]string{api.ConditionStalled: moving}},
		"Missing": {"its Job does not appear", []func(*state){request, attempt(jobs.Succeeded)},
			map[string]string{api.ConditionStalled: "Unknown ChildNotObserved: Job run-1 is being created"}},
		"Finalizing": {"its Jobs go", []func(*state){request, attempt(jobs.Succeeded), func(s *state) { s.view.Finalizing = true }},
			map[string]string{
				api.ConditionStalled: moving}},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(c.given...)
			st, _ := s.status(jobs.KeptChildren(s.attempts))
			for kind, want := range c.want {
				if d := cmp.Diff(want, said(st.Conditions, kind)); d != "" {
					t.Errorf("%s: %s: -want +got\n%s", c.reason, kind, d)
				}
			}
		})
	}
}

// What a report does not say of a volume stays as it was.
func TestVolumes(t *testing.T) {
	spec := []api.SyncVolume{{Name: "data"}, {Name: "new"}}
	old := []api.VolumeStatus{{Name: "data", Stage: api.StageSynced, BytesDone: 9, Transport: "Relay", LastSuccessTime: ago(time.Hour)},
		{Name: "gone"}}
	report := func(p task.VolumeProgress) *task.Status {
		p.Name = "data"
		return &task.Status{Volumes: []task.VolumeProgress{p}}
	}
	run := func(outcome string, at time.Duration) *api.SyncRun {
		return &api.SyncRun{Outcome: outcome, FinishedAt: ago(at)}
	}
	pending := api.VolumeStatus{Name: "new", Stage: api.StagePending}
	for name, c := range map[string]struct {
		reason string
		report *task.Status
		ended  *api.SyncRun
		want   api.VolumeStatus
	}{
		"NoReport": {"all stays", nil, nil, old[0]},
		"Counts": {"they are of this run; where it goes and how far it is stays until it says so",
			report(task.VolumeProgress{BytesDone: 1, BytesTotal: 2, FilesDone: 3, FilesTotal: 4}), nil,
			api.VolumeStatus{Name: "data", Stage: api.StageSynced, Transport: "Relay", BytesDone: 1, BytesTotal: 2, FilesDone: 3, FilesTotal: 4,
				LastSuccessTime: ago(time.Hour)}},
		"Says": {"what it says", report(task.VolumeProgress{Stage: api.StageFailed, Error: strings.Repeat("x", 2000), Transport: "NodePort"}),
			nil,
			api.VolumeStatus{Name: "data", Stage: api.StageFailed, Transport: "NodePort",
				Error: task.Cut(strings.Repeat("x", 2000), task.MaxMessage), LastSuccessTime: ago(time.Hour)}},
		"Succeeded": {"the end of the run is the end of its volumes", report(task.VolumeProgress{Stage: api.StageVerifying}), run("Succeeded", 0),
			api.VolumeStatus{Name: "data", Stage: api.StageSynced, Transport: "Relay", LastSuccessTime: ago(0)}},
		"SucceededBefore": {"a later success is known", report(task.VolumeProgress{}), run("Succeeded", 2*time.Hour),
			api.VolumeStatus{Name: "data", Stage: api.StageSynced, Transport: "Relay", LastSuccessTime: ago(time.Hour)}},
		"Failed": {"it has got as far as it says", report(task.VolumeProgress{Stage: api.StageCopying}), run("Failed", 0),
			api.VolumeStatus{Name: "data", Stage: api.StageCopying, Transport: "Relay", LastSuccessTime: ago(time.Hour)}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff([]api.VolumeStatus{c.want, pending}, volumes(spec, old, c.report, c.ended)); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
}

func TestProgress(t *testing.T) {
	list := []api.VolumeStatus{{BytesDone: 1 << 20, BytesTotal: 3 << 20}, {BytesDone: 0, BytesTotal: 1 << 20}}
	for name, c := range map[string]struct {
		reason    string
		list      []api.VolumeStatus
		rate, eta int64
		want      string
	}{
		"Unknown": {"it is not known how much there is", []api.VolumeStatus{{BytesDone: 5}}, 10, 10, ""},
		"Counts":  {"no rate is known", list, 0, 0, "25% of 4.0 MiB"},
		"Rate":    {"how long is not known", list, 2048, 0, "25% of 4.0 MiB, 2.0 KiB/s"},
		"All":     {"", list, 100, 200, "25% of 4.0 MiB, 100 B/s, 3m20s left"},
		"Grown":   {"more was copied than there was", []api.VolumeStatus{{BytesDone: 30, BytesTotal: 20}}, 0, 0, "100% of 20 B"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := progress(c.list, c.rate, c.eta); got != c.want {
				t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
			}
		})
	}
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 1 << 30: "1.0 GiB", 5 << 50: "5.0 PiB",
		5 << 60: "5120.0 PiB"} {
		if got := size(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}
