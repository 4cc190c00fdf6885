package transfer

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/task"
)

func TestRepeatable(t *testing.T) {
	twice, once := task.Mobilizer{Name: "restic", Passes: true}, task.Mobilizer{Name: "shell"}
	volume := func(name, mobilizer string, policy api.ClaimPolicy) application.Volume {
		return application.Volume{Name: name, Mobilizer: mobilizer, Policy: policy}
	}
	for name, tc := range map[string]struct {
		reason     string
		mobilizers []task.Mobilizer
		volumes    []application.Volume
		want       bool
	}{
		"All": {"each can", []task.Mobilizer{twice, once},
			[]application.Volume{volume("a", "restic", ""), volume("b", "restic", "")}, true},
		"Default": {"the first is that of a volume that names none", []task.Mobilizer{twice, once},
			[]application.Volume{volume("a", "", "")}, true},
		"One": {"one that cannot is enough", []task.Mobilizer{twice, once},
			[]application.Volume{volume("a", "restic", ""), volume("b", "shell", "")}, false},
		"Skipped": {"one that is not copied does not count", []task.Mobilizer{twice, once},
			[]application.Volume{volume("a", "restic", ""), volume("b", "shell", api.ClaimSkip)}, true},
		"None":    {"there is nothing to copy", []task.Mobilizer{twice}, nil, false},
		"Unknown": {"it is not known what it can", []task.Mobilizer{twice}, []application.Volume{volume("a", "other", "")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (Spec{Mobilizers: tc.mobilizers, Volumes: tc.volumes}).Repeatable(); got != tc.want {
				t.Errorf("%s: got %t", tc.reason, got)
			}
		})
	}
}

// TestTasksOfPasses: the workers are placed for the session, and each pass has a task of its own.
func TestTasksOfPasses(t *testing.T) {
	spec := testSpec(api.TriggerFinal)
	spec.Session = "session-1"
	spec.Run = task.Run{ID: "delta-1", Trigger: api.TriggerFinal}
	in := podInput{Role: task.RoleTarget, Volume: spec.Volumes[0]}
	placed := buildTask(spec, in)
	if !placed.Passes || placed.Run != (task.Run{ID: "session-1"}) {
		t.Errorf("the Pod's task is of the run %+v, passes %t", placed.Run, placed.Passes)
	}
	if open := openTask(spec, in); open.Passes || open.Verb != task.VerbOpen {
		t.Errorf("what is opened before waits for passes that never come: %+v", open)
	}
	s := &Session{spec: spec}
	spec.Run = task.Run{ID: "final-1", Trigger: api.TriggerFinal, Exact: true, Verification: task.VerifyChecksum}
	s.spec.Run = spec.Run
	got := s.tasks(newWorkerPair(spec, spec.Volumes[0]), true)
	for role, whole := range map[task.Role]bool{task.RoleSource: false, task.RoleTarget: true} {
		x := got[role]
		if x == nil || x.Role != role || !x.Passes || x.Volumes[0].Whole != whole || x.Run != spec.Run {
			t.Errorf("the task of the %s is %+v", role, x)
		}
	}
	spec.Session = ""
	if got := (&Session{spec: spec}).tasks(newWorkerPair(spec, spec.Volumes[0]), true); got != nil {
		t.Errorf("a session of one pass hands on %+v", got)
	}
	if diff := cmp.Diff(spec.Run, buildTask(spec, in).Run); diff != "" {
		t.Errorf("the task of the only pass (-want +got):\n%s", diff)
	}
}

// TestEndsPass: a worker that goes on has ended its pass when that was good, and nothing else ends one.
func TestEndsPass(t *testing.T) {
	status := func(o task.Outcome) *task.Status {
		return &task.Status{RunID: "run-1", Result: &task.Result{Outcome: o}}
	}
	failed := &exit{Code: task.ExitFailed, At: time.Unix(1, 0)}
	for name, tc := range map[string]struct {
		reason string
		side   side
		over   bool
		code   int32
	}{
		"Former": {"what it has said of the pass before ends none", side{Running: true, Status: &task.Status{RunID: "run-0",
			Result: &task.Result{Outcome: task.OutcomeSucceeded}}}, false, 0},
		"Good":    {"the pass has succeeded", side{Running: true, Status: status(task.OutcomeSucceeded)}, true, task.ExitDone},
		"Goes on": {"it has said nothing of its end", side{Running: true, Status: &task.Status{}}, false, 0},
		"Failed":  {"the worker ends by itself, with its own code", side{Running: true, Status: status(task.OutcomeFailed)}, false, 0},
		"Ended":   {"an end is an end", side{Exit: failed, Status: status(task.OutcomeSucceeded)}, true, task.ExitFailed},
		"Lost":    {"a lost Pod has succeeded in nothing", side{Lost: "gone", Status: status(task.OutcomeSucceeded)}, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := tc.side.ofRun("run-1").endsPass()
			if got.over() != tc.over || got.Exit != nil && got.Exit.Code != tc.code {
				t.Errorf("%s: got %+v", tc.reason, got)
			}
		})
	}
}

// TestFormerPass: after a good pass the workers still say so until they have begun with the next one. That ends the next
// one neither before it is begun nor after.
func TestFormerPass(t *testing.T) {
	spec := testSpec(api.TriggerFinal)
	spec.Session, spec.Run = "session-1", task.Run{ID: "final-1", Trigger: api.TriggerFinal, Exact: true}
	pair := newWorkerPair(spec, spec.Volumes[0])
	good := func(run string) *task.Status {
		v := task.VolumeProgress{Name: "data", Verification: &task.Verification{}}
		return &task.Status{RunID: run, Volumes: []task.VolumeProgress{v}, Result: &task.Result{Outcome: task.OutcomeSucceeded}}
	}
	observe := func(given bool, run string) decision {
		v := newVolumePass(pair)
		v.want, v.given = true, given
		running := side{Exists: true, Scheduled: true, Agent: true, Running: true, Connected: true, Started: true, Status: good(run)}
		o := v.judged(spec, observed{Now: time.Now(), Volume: "data", Want: true, Given: given, Try: 1, Tries: 3, Route: route{Used: "Relay"},
			Source: running, Target: running})
		return next(o)
	}
	for _, tc := range []struct {
		reason string
		given  bool
		run    string
		want   action
	}{
		{"the pass is still to be begun", false, "delta-1", actGo},
		{"it was begun, and the workers have not heard of it yet", true, "delta-1", actWait},
		{"nothing that was not begun has ended", false, "final-1", actGo},
		{"it has ended", true, "final-1", actDone},
	} {
		if got := observe(tc.given, tc.run); got.Action != tc.want {
			t.Errorf("%s: got %s (%s %v), want %s", tc.reason, got.Action, got.Message, got.Err, tc.want)
		}
	}
}
