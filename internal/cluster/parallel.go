package cluster

import (
	"context"
	"sync"
	"sync/atomic"
)

// InFlight is how many requests a task has under way at one API server. It is what sets the
// pace: as many as keep a server busy over a distance, and far fewer than it serves at once. A
// server that is slow is asked less, and its own fairness holds the task back where others wait.
const InFlight = 16

// Each calls do for every number below n, in order, InFlight of them at once. After a failure it
// begins no more and waits for those under way. The errors come back in the order of the
// numbers: the first is the same, whoever was faster. A ctx that has ended is a failure too.
func Each(ctx context.Context, n int, do func(i int) error) []error {
	errs := make([]error, n)
	var next atomic.Int64
	var failed atomic.Bool
	var workers sync.WaitGroup
	for range min(n, InFlight) {
		workers.Go(func() {
			for !failed.Load() {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if errs[i] = ctx.Err(); errs[i] == nil {
					errs[i] = do(i)
				}
				if errs[i] != nil {
					failed.Store(true)
				}
			}
		})
	}
	workers.Wait()
	var out []error
	for _, err := range errs {
		if err != nil {
			out = append(out, err)
		}
	}
	return out
}

// First of the errors that Each returns; nil for none.
func First(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	return errs[0]
}
