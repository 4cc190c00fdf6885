package cluster

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// InFlight is how many requests a task has under way at one API server. It is what sets the
// pace: as many as keep a server busy over a distance, and far fewer than it serves at once. A
// server that is slow is asked less, and its own fairness holds the task back where others wait.
const InFlight = 16

// InTurns calls do for every number below n, in order, atOnce of them at a time, and returns when
// all is done.
func InTurns(n, atOnce int, do func(i int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(n, atOnce) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	workers.Wait()
}

// Each calls do for every number below n, in order, InFlight of them at once. After a failure it
// begins no more and waits for those under way. The errors come back in the order of the
// numbers: the first is the same, whichever was faster. A ctx that has ended is a failure too.
func Each(ctx context.Context, n int, do func(i int) error) []error {
	errs := make([]error, n)
	var failed atomic.Bool
	InTurns(n, InFlight, func(i int) {
		if failed.Load() {
			return
		}
		if errs[i] = ctx.Err(); errs[i] == nil {
			errs[i] = do(i)
		}
		if errs[i] != nil {
			failed.Store(true)
		}
	})
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}

// First of the errors that Each returns; nil for none.
func First(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	return errs[0]
}
