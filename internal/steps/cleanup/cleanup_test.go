package cleanup

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/report"
	"github.com/kubemove/kubemove/task"
)

func TestCleanAll(t *testing.T) {
	down := &cluster.Error{Kind: cluster.Unreachable, Message: "no answer"}
	refused := &cluster.Error{Kind: cluster.Forbidden, Message: "no right"}
	cases := map[string]struct {
		reason string
		// errs of each place, try by try.
		errs    [][]error
		tries   []int
		outcome task.Outcome
		retry   task.Retry
		left    []string
	}{
		"Clean": {
			reason: "Nothing is in the way.",
			errs:   [][]error{nil, nil}, tries: []int{1, 1}, outcome: task.OutcomeSucceeded,
		},
		"Passing": {
			reason: "An endpoint may be back after a moment.",
			errs:   [][]error{{down, down}, nil}, tries: []int{3, 1}, outcome: task.OutcomeSucceeded,
		},
		"Unreachable": {
			reason: "One endpoint that is gone does not keep the other from being cleaned up, and is named.",
			errs:   [][]error{{down, down, down, down}, nil}, tries: []int{3, 1}, outcome: task.OutcomeFailed, retry: task.RetrySoon,
			left: []string{"place 0", "things 0", "no answer"},
		},
		"Forbidden": {
			reason: "Missing rights do not come by waiting.",
			errs:   [][]error{nil, {refused, refused}}, tries: []int{1, 1}, outcome: task.OutcomeFailed, retry: task.RetryLater,
			left: []string{"place 1", "things 1"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := make([]int, len(tc.errs))
				var places []place
				for i := range tc.errs {
					n := string(rune('0' + i))
					places = append(places, place{name: "place " + n, what: "things " + n, clean: func(context.Context) error {
						tries[i]++
						if tries[i] <= len(tc.errs[i]) {
							return tc.errs[i][tries[i]-1]
						}
						return nil
					}})
				}
				r := report.New(report.Options{RunID: "run", Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
				got := cleanAll(t.Context(), places, r, &outcome{})
				r.Stop(t.Context())
				if diff := cmp.Diff([]any{tc.tries, tc.outcome, tc.retry}, []any{tries, got.Outcome, got.Retry}); diff != "" {
					t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
				}
				for _, w := range tc.left {
					if !strings.Contains(got.Message, w) {
						t.Errorf("%s\n%q lacks %q", tc.reason, got.Message, w)
					}
				}
			})
		})
	}
}

func TestAgainStopsWhenTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := again(ctx, func(context.Context) error { return errors.New("no") }); err == nil {
			t.Error("the error is lost")
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("it went on for %s after it was told to stop", took)
		}
	})
}
