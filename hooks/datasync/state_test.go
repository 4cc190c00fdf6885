package datasync

import (
	"fmt"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

var now = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// ago is a time before now.
func ago(d time.Duration) *metav1.Time { return &metav1.Time{Time: now.Add(-d)} }

// given is a DataSync of two volumes whose pair is there, and of which no run is wanted. Change it
// before anything is asked of it.
func given(changes ...func(s *state)) *state {
	s := &state{now: now}
	s.config = config.Config{TaskImage: "task:1", Mobilizers: map[string]config.Mobilizer{
		"restic": {Spec: config.MobilizerSpec{Type: config.Worker, Image: "ddm:1", Parameters: []string{"k"}}},
		"driver": {Spec: config.MobilizerSpec{Type: config.Driver, Image: "driver:1"}}}}
	s.dataSync = &api.DataSync{ObjectMeta: metav1.ObjectMeta{Name: "shop-a-restic", Namespace: "home", UID: "sync", Generation: 2}}
	s.dataSync.Spec = api.DataSyncSpec{Mobilizer: "restic", PairRef: api.LocalReference{Name: "shop-a"},
		Volumes: []api.SyncVolume{{Name: "data", Target: "d"}, {Name: "wal", Target: "w"}}}
	s.pair = &api.MovePair{ObjectMeta: metav1.ObjectMeta{Name: "shop-a", Namespace: "home", UID: "pair"}}
	for _, change := range changes {
		s.decide()
		change(s)
	}
	s.decide()
	return s
}

func request(s *state) { s.dataSync.Spec.Request = "one" }

// attempt at the run that is requested now; each is a minute younger than the one before.
func attempt(is jobs.State, more ...func(a *jobs.Attempt)) func(s *state) {
	return func(s *state) {
		n := len(s.attempts) + 1
		a := jobs.Attempt{Step: task.VerbSync, Intent: s.wantStep.Intent, Number: n, State: is, Trusted: is != jobs.Running,
			Job: &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("run-%d", n), Namespace: "home",
				CreationTimestamp: *ago(time.Duration(20-n) * time.Minute)}}}
		if is != jobs.Running {
			a.Finished = now.Add(time.Duration(n-20)*time.Minute + 30*time.Second)
		}
		if is == jobs.Failed || is == jobs.Declined {
			a.Result = task.Result{Reason: "x", Message: "because"}
		}
		for _, f := range more {
			f(&a)
		}
		s.attempts = append(s.attempts, a)
	}
}

// reports what an attempt says of the volume data.
func reports(stage api.VolumeStage, done int64, warnings ...string) func(a *jobs.Attempt) {
	return func(a *jobs.Attempt) {
		a.Status = &task.Status{RunID: a.Job.Name, BytesPerSecond: 10, ETASeconds: 5, Warnings: warnings,
			Volumes: []task.VolumeProgress{{Name: "data", Stage: stage, BytesDone: done, BytesTotal: 100, FilesDone: 1, FilesTotal: 4}}}
	}
}

func justNow(a *jobs.Attempt) { a.Finished = now.Add(-time.Second) }

// aSwitch of the pair, with its final run.
func aSwitch(run *api.SyncRun) *api.MoveSwitch {
	m := &api.MoveSwitch{ObjectMeta: metav1.ObjectMeta{Name: "m"}}
	m.Status.FinalRun = run
	return m
}

// final run of a switch that goes on, or has ended.
func final(m *api.MoveSwitch) func(s *state) {
	return func(s *state) {
		s.switches.All = append(s.switches.All, m)
		if m.Status.FinalRun == nil || m.Status.FinalRun.FinishedAt == nil {
			s.switches.Busy = m
		}
	}
}

// written on the DataSync by the cutover, as a report.
func written(text string) func(s *state) {
	text = strings.Replace(text, "{", `{"apiVersion":"`+task.APIVersion+`",`, 1)
	return func(s *state) { s.dataSync.Annotations = map[string]string{task.StatusAnnotation: text} }
}

func busy(s *state) { s.switches.Busy = aSwitch(nil) }

func committed(s *state) { s.switches.Committed = aSwitch(nil) }

func mistaken(s *state) { s.dataSync.Spec.Mobilizer = "unknown" }

func noPair(s *state) { s.pair = nil }

func suspended(s *state) { s.dataSync.Spec.Suspend = true }

// said is a condition in short: what it says, and why.
func said(list []metav1.Condition, kind string) string {
	for _, x := range list {
		if x.Type == kind {
			return string(x.Status) + " " + x.Reason + ": " + x.Message
		}
	}
	return "nothing"
}
