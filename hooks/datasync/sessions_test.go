package datasync

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// often lets runs follow each other so often, and makes the mobilizer of the runs one that serves several passes.
func often(interval string) func(s *state) {
	return func(s *state) {
		m := s.config.Mobilizers["restic"]
		m.Spec.Passes = true
		s.config.Mobilizers["restic"] = m
		s.dataSync.Spec.Sync = &api.SyncPolicy{Interval: interval}
		s.dataSync.Status.Runs = []api.SyncRun{{ID: "first", Trigger: api.TriggerInitial, Outcome: "Succeeded", StartedAt: ago(time.Hour),
			FinishedAt: ago(time.Hour)}}
	}
}

// passed reports passes that have ended, and one that goes on.
func passed(now *api.SyncRun, ended ...api.SyncRun) func(a *jobs.Attempt) {
	return func(a *jobs.Attempt) {
		reports(api.StageSynced, 100)(a)
		a.Status.Pass, a.Status.Passes = now, ended
	}
}

func aPass(id string, at time.Duration, outcome task.Outcome, request string) api.SyncRun {
	trigger := api.TriggerSchedule
	if request != "" {
		trigger = api.TriggerRequest
	}
	return api.SyncRun{ID: id, Trigger: trigger, Request: request, StartedAt: ago(at + time.Second), FinishedAt: ago(at),
		Outcome: string(outcome)}
}

func TestSession(t *testing.T) {
	change := func(f func(s *state)) func(s *state) { return f }
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   bool
	}{
		"Short": {"the workers stay for the next run", []func(*state){often("30s")}, true},
		"Limit": {"two minutes are short", []func(*state){often("2m")}, true},
		"Long":  {"Pods that wait cost more", []func(*state){often("121s")}, false},
		"Cron": {"a schedule has no interval", []func(*state){often("30s"), change(func(s *state) {
			s.dataSync.Spec.Sync = &api.SyncPolicy{Schedule: "* * * * *"}
		})}, false},
		"First": {"nothing has been copied yet, and a retry of the first run is a run of its own", []func(*state){often("30s"),
			change(func(s *state) { s.dataSync.Status.Runs = nil })}, false},
		"Request": {"a run on request is one run", []func(*state){often("30s"), request}, false},
		"OnePass": {"the mobilizer ends after a pass", []func(*state){often("30s"), change(func(s *state) {
			s.config.Mobilizers["restic"] = given().config.Mobilizers["restic"]
		})}, false},
		"Driver": {"a driver has no workers of ours", []func(*state){often("30s"),
			change(func(s *state) { s.dataSync.Spec.Mobilizer = "driver" })},
			false},
	} {
		t.Run(name, func(t *testing.T) {
			_, told := aJob(t, given(c.given...))
			var want *task.Session
			if c.want {
				want = &task.Session{DataSync: task.Object{Name: "shop-a-restic", UID: "sync"}}
			}
			if d := cmp.Diff(want, told.Session); d != "" {
				t.Errorf("%s\n-want +got\n%s", c.reason, d)
			}
		})
	}
}

func TestPassesAreRuns(t *testing.T) {
	const good, bad = task.OutcomeSucceeded, task.OutcomeFailed
	at := func(d time.Duration) time.Time { return now.Add(-d) }
	now := aPass("s-3", 0, "", "")
	now.FinishedAt = nil
	for name, c := range map[string]struct {
		reason              string
		given               []func(s *state)
		current, last, from string
		// next is when the next run is due.
		next time.Time
	}{
		"Opens": {"the Job shows until there is a pass", []func(*state){attempt(jobs.Running, reports(api.StagePreparing, 0))},
			"run-1 Request", "first Initial Succeeded", "run-1", at(59 * time.Minute)},
		"Passes": {"the pass is the run", []func(*state){attempt(jobs.Running, passed(&now, aPass("s-2", 10*time.Minute, good, "")))},
			"s-3 Schedule", "s-2 Schedule Succeeded", "run-1", at(9*time.Minute + time.Second)},
		"Idle": {"between two passes nothing runs", []func(*state){attempt(jobs.Running,
			passed(nil, aPass("s-1", 12*time.Minute, good, ""), aPass("s-2", 10*time.Minute, good, "")))},
			"none", "s-2 Schedule Succeeded", "s-2", at(9*time.Minute + time.Second)},
		"Ends": {"what the session did are its passes", []func(*state){attempt(jobs.Succeeded, passed(nil, aPass("s-1", 10*time.Minute,
			good, "")))},
			"none", "s-1 Schedule Succeeded", "s-1", at(9*time.Minute + time.Second)},
		"PassFails": {"it is told once", []func(*state){attempt(jobs.Failed, passed(nil, aPass("s-1", 15*time.Minute, good, ""),
			aPass("s-2", 10*time.Minute, bad, "")))}, "none", "s-2 Schedule Failed", "s-2", at(14*time.Minute + time.Second)},
		"IdleFails": {"a failure between two passes is told as well", []func(*state){attempt(jobs.Failed,
			passed(nil, aPass("s-1", 30*time.Minute, good, "")))}, "none", "run-1 Request Failed: because", "run-1",
			at(29*time.Minute + time.Second)},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(append([]func(s *state){often("1m")}, c.given...)...)
			r := s.runs()
			from := ""
			if r.shown != nil {
				from = r.shown.RunID
			}
			last, _, _ := strings.Cut(inShort(r.last()), " (")
			got := []string{inShort(r.current), last, from}
			if d := cmp.Diff([]string{c.current, c.last, c.from}, got); d != "" {
				t.Errorf("%s\n-want +got\n%s", c.reason, d)
			}
			if s.wanted == nil || !s.wanted.at.Equal(c.next) {
				t.Errorf("%s: the next run is %+v, want it at %s", c.reason, s.wanted, c.next)
			}
		})
	}
}

// A request is answered by a pass of the session that is open; no second Job is made beside it.
func TestSessionAnswersRequest(t *testing.T) {
	s := given(often("1m"), attempt(jobs.Running, passed(nil, aPass("s-1", 10*time.Minute, task.OutcomeSucceeded, ""))), request)
	if s.answered || s.stepState.Progress != jobs.Run {
		t.Errorf("while the session is open: answered %t, progress %s", s.answered, s.stepState.Progress)
	}
	s = given(often("1m"), attempt(jobs.Running, passed(nil, aPass("s-2", time.Minute, task.OutcomeFailed, "one"))), request)
	if s.answered {
		t.Error("a pass that has failed answers nothing")
	}
	s = given(often("1m"), attempt(jobs.Running, passed(nil, aPass("s-2", time.Minute, task.OutcomeSucceeded, "one"))), request)
	if !s.answered || s.wanted.trigger != api.TriggerSchedule {
		t.Errorf("after its pass: answered %t, wanted %+v", s.answered, s.wanted)
	}
}
