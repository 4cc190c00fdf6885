package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/task"
)

// taskFile writes a task that is whole, but for what change does to it.
func taskFile(t *testing.T, change func(*task.Task)) string {
	t.Helper()
	full := task.Task{APIVersion: task.APIVersion, Verb: task.VerbPlan, Run: task.Run{ID: "job-1"},
		Move: &task.Move{Home: "shop", Job: "job-1", Pair: task.Object{Name: "p", UID: "u"}}}
	if change != nil {
		change(&full)
	}
	data, err := json.Marshal(full)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "task.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestRun(t *testing.T) {
	cases := map[string]struct {
		reason string
		args   []string
		want   int
	}{
		"Nothing":     {"A Pod without arguments is a mistake that no try repairs.", nil, task.ExitPermanent},
		"Unknown":     {"An unknown verb is a mistake, too.", []string{"dance"}, task.ExitPermanent},
		"Version":     {"It needs no task.", []string{"version"}, task.ExitDone},
		"NoTask":      {"A verb without a task cannot begin.", []string{"plan", "--task", "/nowhere"}, task.ExitPermanent},
		"UnknownFlag": {"An unknown flag is a mistake.", []string{"open", "--fast"}, task.ExitPermanent},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := run(tc.args); got != tc.want {
				t.Errorf("%s\ngot %d, want %d", tc.reason, got, tc.want)
			}
		})
	}
}

func TestEveryVerbIsCarriedOut(t *testing.T) {
	want := []task.Verb{task.VerbCleanup, task.VerbCutover, task.VerbOpen, task.VerbPlan, task.VerbPrepare, task.VerbRollback, task.VerbSync,
		task.VerbWatch}
	if diff := cmp.Diff(want, verbs()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestReadTask(t *testing.T) {
	cases := map[string]struct {
		reason string
		change func(*task.Task)
		ok     bool
	}{
		"Whole":     {"That is what the hooks write.", nil, true},
		"OtherVerb": {"A task is carried out as what it is, or not at all.", func(t *task.Task) { t.Verb = task.VerbCutover }, false},
		"NoMove":    {"A task for a mobilizer is not for us.", func(t *task.Task) { t.Move = nil }, false},
		"NoJob":     {"Without its Job the result is not reported.", func(t *task.Task) { t.Move.Job = "" }, false},
		"NoPair":    {"Without the pair's UID the objects of all moves would look alike.", func(t *task.Task) { t.Move.Pair.UID = "" }, false},
		"Version":   {"A task of another version may mean something else.", func(t *task.Task) { t.APIVersion = "x" }, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := readTask(taskFile(t, tc.change), task.VerbPlan); (err == nil) != tc.ok {
				t.Errorf("%s\ngot error %v", tc.reason, err)
			}
		})
	}
}

func TestParseFollow(t *testing.T) {
	file := taskFile(t, func(t *task.Task) { t.Move = nil })
	cases := map[string]struct {
		reason string
		args   []string
		env    map[string]string
		want   followed
	}{
		"Environment": {
			reason: "The Pod says its namespace, and a run is named like its Job.",
			env:    map[string]string{"KUBEMOVE_NAMESPACE": "shop"},
			want:   followed{task.StatusFile, "job-1", "job-1", "shop", 10 * time.Second},
		},
		"Flags": {
			reason: "Flags go before the environment.",
			args:   []string{"--job", "j", "--namespace", "n", "--status", "/s", "--interval", "30s"},
			env:    map[string]string{"KUBEMOVE_NAMESPACE": "shop", "KUBEMOVE_JOB": "k"},
			want:   followed{"/s", "job-1", "j", "n", 30 * time.Second},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			for k, v := range tc.env {
				t.Setenv(k, v)
			}
			got, err := parseFollow(append([]string{"--task", file}, tc.args...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tc.want, got, cmp.AllowUnexported(followed{})); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
		})
	}
}
