package report

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/task"
)

func TestFollow(t *testing.T) {
	status := func(change func(*task.Status)) string {
		s := task.Status{APIVersion: task.APIVersion, RunID: "run", Sequence: 900, Step: "Copy"}
		change(&s)
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	cases := map[string]struct {
		reason string
		// files are written one after another; the empty one means none.
		files   []string
		want    task.Outcome
		step    string
		warning string
	}{
		"Succeeded": {
			reason: "The last status of the program is reported, though it was written just before the end.",
			files: []string{status(func(*task.Status) {}),
				status(func(s *task.Status) { s.Result = &task.Result{Outcome: task.OutcomeSucceeded} })},
			want: task.OutcomeSucceeded, step: "Copy",
		},
		"Killed": {
			reason: "A program that was killed leaves no result, and none is made up.",
			files:  []string{status(func(s *task.Status) { s.Step = "Half" })},
			step:   "Half",
		},
		"Silent": {
			reason: "A program that writes nothing reports nothing.",
			files:  []string{""},
		},
		"OtherRun": {
			reason:  "A result of another run does not count.",
			files:   []string{status(func(s *task.Status) { s.RunID = "x"; s.Result = &task.Result{Outcome: task.OutcomeSucceeded} })},
			warning: "expected \"run\"",
		},
		"Garbage": {
			reason:  "What is not a status is said, not guessed.",
			files:   []string{"{"},
			warning: "not a status",
		},
		"TooLarge": {
			reason:  "A status that is too large is refused before it is read.",
			files:   []string{strings.Repeat(" ", task.MaxSize+1)},
			warning: "at most",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				file := filepath.Join(dir, "status.json")
				b := newBook()
				r := New(Options{RunID: "run", Interval: 10 * time.Second, Log: quiet}, b.sink)
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error)
				go func() { done <- Follow(ctx, file, "run", time.Second, r) }()
				for _, f := range tc.files {
					time.Sleep(2500 * time.Millisecond)
					if f != "" {
						if err := os.WriteFile(file, []byte(f), 0o600); err != nil {
							t.Fatal(err)
						}
					}
				}
				cancel()
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				var last task.Status
				if n := len(b.got); n > 0 {
					last = b.got[n-1]
				}
				var outcome task.Outcome
				if last.Result != nil {
					outcome = last.Result.Outcome
				}
				if diff := cmp.Diff([]any{tc.want, tc.step}, []any{outcome, last.Step}); diff != "" {
					t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
				}
				if !strings.Contains(strings.Join(last.Warnings, "\n"), tc.warning) {
					t.Errorf("%s\nwarnings %q lack %q", tc.reason, last.Warnings, tc.warning)
				}
				if last.Sequence > 10 {
					t.Errorf("%s\nthe sequence is ours, got %d", tc.reason, last.Sequence)
				}
			})
		})
	}
}

func TestFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "status.json")
	for _, text := range []string{"one", "two"} {
		if err := File(file)(t.Context(), []byte(text)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(file)
		if err != nil || string(got) != text {
			t.Errorf("got %q and %v, want %q", got, err, text)
		}
	}
	if err := File(filepath.Join(file, "no", "folder"))(t.Context(), nil); err == nil {
		t.Error("a folder that is not there must be an error")
	}
}

func TestLastReport(t *testing.T) {
	annotation := `{"apiVersion":"` + task.APIVersion + `","runID":"run","sequence":7}`
	cases := map[string]struct {
		reason, annotation, run string
		want                    int64
	}{
		"Same":    {"The same run goes on.", annotation, "run", 7},
		"Other":   {"Another run begins anew.", annotation, "other", 0},
		"None":    {"There is none yet.", "", "run", 0},
		"Garbage": {"Another client has written something else there.", "{", "run", 0},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var got int64
			if s := lastReport(tc.annotation, tc.run); s != nil {
				got = s.Sequence
			}
			if got != tc.want {
				t.Errorf("%s\ngot %d, want %d", tc.reason, got, tc.want)
			}
		})
	}
}
