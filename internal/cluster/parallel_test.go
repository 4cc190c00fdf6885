package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEach(t *testing.T) {
	cases := map[string]struct {
		reason string
		n      int
		fails  map[int]bool
		first  string
	}{
		"None":     {reason: "There is nothing to do.", n: 0},
		"All":      {reason: "Each number is done once.", n: 100},
		"Fewer":    {reason: "There are fewer than may be under way at once.", n: 3},
		"OneFails": {reason: "The failure is returned.", n: 100, fails: map[int]bool{40: true}, first: "40"},
		"TwoFail": {reason: "The first by its number counts, though the other one is faster.",
			n: 100, fails: map[int]bool{41: true, 40: true}, first: "40"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				done := make([]atomic.Int32, tc.n)
				var now, most atomic.Int32
				errs := Each(t.Context(), tc.n, func(i int) error {
					most.Store(max(most.Load(), now.Add(1)))
					defer now.Add(-1)
					done[i].Add(1)
					// Of two neighbours the later one is faster.
					time.Sleep(time.Duration(2-i%2) * time.Millisecond)
					if tc.fails[i] {
						return fmt.Errorf("%d", i)
					}
					return nil
				})
				got := ""
				if err := First(errs); err != nil {
					got = err.Error()
				}
				if diff := cmp.Diff(tc.first, got); diff != "" {
					t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
				}
				if most.Load() > InFlight {
					t.Errorf("%d were under way at once, expected at most %d", most.Load(), InFlight)
				}
				for i := range done {
					switch n := done[i].Load(); {
					case n > 1, n == 0 && tc.first == "":
						t.Errorf("%s\nnumber %d was done %d times", tc.reason, i, n)
					case n > 0 && tc.first != "" && i > 41+2*InFlight:
						t.Errorf("%s\nnumber %d was begun long after the failure", tc.reason, i)
					}
				}
			})
		})
	}
}

func TestEachStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	errs := Each(ctx, 5, func(int) error { t.Error("something is done though the task was told to stop"); return nil })
	if !errors.Is(First(errs), context.Canceled) {
		t.Errorf("what was not done must be an error, got %v", errs)
	}
}
