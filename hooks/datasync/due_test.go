package datasync

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/internal/switches"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// run that began and ended so many minutes after noon.
func run(id string, from, to int, outcome task.Outcome) api.SyncRun {
	started, finished := metav1.NewTime(noon.Add(time.Duration(from)*time.Minute)), metav1.NewTime(noon.Add(time.Duration(to)*time.Minute))
	return api.SyncRun{ID: id, Trigger: api.TriggerSchedule, StartedAt: &started, FinishedAt: &finished, Outcome: string(outcome)}
}

func TestWant(t *testing.T) {
	const good, bad = task.OutcomeSucceeded, task.OutcomeFailed
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	cases := map[string]struct {
		reason  string
		sync    *api.SyncPolicy
		request string
		known   []api.SyncRun
		jobs    []jobs.Attempt
		final   *api.SyncRun
		trigger api.Trigger
		at      time.Time
	}{
		"Offline": {reason: "nothing was asked for"},
		"Request": {reason: "who asks does not wait for the schedule", sync: &api.SyncPolicy{}, request: "a", trigger: api.TriggerRequest},
		"Initial": {reason: "the first run begins at once", sync: &api.SyncPolicy{Schedule: "@daily"}, trigger: api.TriggerInitial},
		"StillFirst": {reason: "a first run that has failed was none", sync: &api.SyncPolicy{},
			known: []api.SyncRun{run("a", 0, 1, bad)}, trigger: api.TriggerInitial},
		"Interval": {reason: "from the beginning of the last one", sync: &api.SyncPolicy{}, known: []api.SyncRun{run("a", 0, 3, good)},
			trigger: api.TriggerSchedule, at: at(5)},
		"Long": {reason: "one that took longer than the interval is followed at once", sync: &api.SyncPolicy{},
			known: []api.SyncRun{run("a", 0, 9, good)}, trigger: api.TriggerSchedule, at: at(5)},
		"Failed": {reason: "a run that has failed is made again under its name, which is that of its time", sync: &api.SyncPolicy{},
			known: []api.SyncRun{run("b", 5, 6, bad), run("a", 0, 3, good)}, trigger: api.TriggerSchedule, at: at(5)},
		"JobIsNewer": {reason: "what the Jobs say counts, though no status says it yet", sync: &api.SyncPolicy{},
			known: []api.SyncRun{run("a", 0, 3, good)},
			jobs: []jobs.Attempt{{Step: task.VerbSync, State: jobs.Succeeded,
				Job: &batchv1.Job{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: metav1.NewTime(at(7))}}}},
			trigger: api.TriggerSchedule, at: at(12)},
		"AfterRollBack": {reason: "the final run of a switch that was rolled back has copied as well", sync: &api.SyncPolicy{},
			known: []api.SyncRun{run("a", 0, 3, good)}, final: new(run("f", 20, 21, good)), trigger: api.TriggerSchedule, at: at(25)},
		"Cron": {reason: "the next time of the clock", sync: &api.SyncPolicy{Schedule: "30 * * * *"}, known: []api.SyncRun{run("a", 0, 3, good)},
			trigger: api.TriggerSchedule, at: at(30)},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := &state{attempts: tc.jobs, now: at(60), answered: tc.request == "",
				dataSync: &api.DataSync{ObjectMeta: metav1.ObjectMeta{UID: "uid"}, Spec: api.DataSyncSpec{Sync: tc.sync, Request: tc.request},
					Status: api.DataSyncStatus{Runs: tc.known}}}
			if tc.final != nil {
				s.switches = switches.Summary{All: []*api.MoveSwitch{{Status: api.MoveSwitchStatus{FinalRun: tc.final}}}}
			}
			got := s.want()
			if got == nil {
				got = &wanted{}
			}
			if got.trigger != tc.trigger {
				t.Fatalf("%s: got trigger %q, want %q", tc.reason, got.trigger, tc.trigger)
			}
			if late := got.at.Sub(tc.at); late < 0 || late > time.Minute {
				t.Errorf("%s: got %s, want %s or a little later", tc.reason, got.at, tc.at)
			}
		})
	}
}

// TestWantNames: two runs never have one name, and one run never has two.
func TestWantNames(t *testing.T) {
	intent := func(policy *api.SyncPolicy, request string, known ...api.SyncRun) string {
		s := &state{now: noon, answered: request == "", dataSync: &api.DataSync{ObjectMeta: metav1.ObjectMeta{UID: "uid"},
			Spec: api.DataSyncSpec{Sync: policy, Request: request}, Status: api.DataSyncStatus{Runs: known}}}
		return s.want().intent
	}
	first := run("a", 0, 1, task.OutcomeSucceeded)
	due := intent(&api.SyncPolicy{}, "", first)
	if again := intent(&api.SyncPolicy{}, "", run("b", 5, 6, task.OutcomeFailed), first); again != due {
		t.Errorf("a failed run is tried again as %s, want the name %s", again, due)
	}
	names := map[string]string{}
	for what, name := range map[string]string{
		"due":      due,
		"next due": intent(&api.SyncPolicy{}, "", run("b", 5, 6, task.OutcomeSucceeded)),
		"initial":  intent(&api.SyncPolicy{}, ""),
		"asked":    intent(&api.SyncPolicy{}, "Initial"),
		"asked 2":  intent(&api.SyncPolicy{}, "Schedule"),
	} {
		if other, is := names[name]; is {
			t.Errorf("%s and %s have one name", what, other)
		}
		names[name] = what
	}
}

func TestHistory(t *testing.T) {
	var failures []api.SyncRun
	for i := range 12 {
		failures = append(failures, run(fmt.Sprintf("f%02d", i), 10+i, 10+i, task.OutcomeFailed))
	}
	good := run("good", 0, 1, task.OutcomeSucceeded)
	running := api.SyncRun{ID: "running"}
	newer := run("f00", 10, 10, task.OutcomeFailed)
	newer.Message = "what is known now"
	for name, tc := range map[string]struct {
		reason       string
		known, found []api.SyncRun
		want         []string
	}{
		"None":    {"there was none", nil, nil, nil},
		"Running": {"one that goes on is no history", []api.SyncRun{running}, nil, nil},
		"Order": {"the newest first, each once", []api.SyncRun{good, failures[0]}, []api.SyncRun{failures[1], newer},
			[]string{"f01", "f00", "good"}},
		"Kept": {"when the next one is due follows from the last one that was good", append(failures[:11:11], good), failures[11:],
			[]string{"f11", "f10", "f09", "f08", "f07", "f06", "f05", "f04", "f03", "good"}},
		"Lost": {"without a good one it is the last ten", failures, nil,
			[]string{"f11", "f10", "f09", "f08", "f07", "f06", "f05", "f04", "f03", "f02"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, r := range history(tc.known, tc.found) {
				got = append(got, r.ID)
				if r.ID == newer.ID && name == "Order" && r.Message != newer.Message {
					t.Error("what was found does not replace what was known")
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}
