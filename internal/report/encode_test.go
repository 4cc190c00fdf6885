package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

func TestEncode(t *testing.T) {
	long := strings.Repeat("é", 2000)
	many := func(n int, name string) []task.VolumeProgress {
		var out []task.VolumeProgress
		for i := range n {
			out = append(out, task.VolumeProgress{Name: fmt.Sprintf("%s-%d", name, i), Error: long, Verification: &task.Verification{Digest: name}})
		}
		return out
	}
	cases := map[string]struct {
		reason  string
		status  task.Status
		volumes int
	}{
		"Small": {"Nothing is cut without need.", task.Status{Volumes: many(1, "data")}, 1},
		"Large": {"Texts are cut before volumes are left out.",
			task.Status{Message: long, Warnings: []string{long}, Volumes: many(100, "data")}, 100},
		"Largest": {"What never fits is left out; the result remains.", task.Status{Volumes: many(256, strings.Repeat("x", 250))}, 0},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := tc.status
			s.APIVersion, s.RunID, s.Step = task.APIVersion, "run", "Copy"
			s.Result = &task.Result{Outcome: task.OutcomeFailed, Message: long}
			data, err := Encode(s)
			if err != nil {
				t.Fatal(err)
			}
			got, err := task.DecodeStatus(data)
			if err != nil {
				t.Fatalf("%s\n%v", tc.reason, err)
			}
			if diff := cmp.Diff([]any{tc.volumes, "Copy", task.OutcomeFailed},
				[]any{len(got.Volumes), got.Step, got.Trusted("run").Outcome}); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
			if len(got.Message) > textLength || len(got.Result.Message) > textLength {
				t.Errorf("%s\na message is longer than the API takes", tc.reason)
			}
			if s.Result.Message != long {
				t.Errorf("%s\nthe caller's status was changed", tc.reason)
			}
		})
	}
}

func TestEncodeKeepsTheLimitsOfThePlan(t *testing.T) {
	p := &api.PlanStatus{Hash: "h"}
	for range 20 {
		p.Blockers = append(p.Blockers, api.Blocker{Reason: "R", Message: strings.Repeat("m", 3000)})
		p.Warnings = append(p.Warnings, strings.Repeat("w", 3000))
	}
	data, err := Encode(task.Status{APIVersion: task.APIVersion, RunID: "run", Plan: p})
	if err != nil {
		t.Fatal(err)
	}
	got, err := task.DecodeStatus(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Plan.Blockers) != 10 || len(got.Plan.Warnings) != 10 || len(got.Plan.Blockers[0].Message) > 1024 ||
		len(got.Plan.Warnings[0]) > 1024 {
		t.Errorf("the API takes ten of each, of 1024 characters: got %d and %d", len(got.Plan.Blockers), len(got.Plan.Warnings))
	}
}
