package lab

import (
	"context"
	"fmt"
	"time"
)

// poll calls done every interval until it says true, fails, or ctx ends.
func poll(ctx context.Context, interval time.Duration, done func() (bool, error)) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		ok, err := done()
		if err != nil || ok {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Await calls check every tenth of a second until it returns nil. When the
// timeout has passed the error names what was awaited and the last complaint.
func Await(ctx context.Context, timeout time.Duration, what string, check func(context.Context) error) error {
	return AwaitEvery(ctx, 100*time.Millisecond, timeout, what, check)
}

// AwaitEvery is Await for a check that costs more, such as one that starts a
// program: tests that wait share the machine with what they wait for.
func AwaitEvery(ctx context.Context, every, timeout time.Duration, what string, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	last := error(nil)
	err := poll(ctx, every, func() (bool, error) {
		if err := check(ctx); err != nil {
			// The error of a check that the timeout cut off says less than the one before.
			if last == nil || ctx.Err() == nil {
				last = err
			}
			return false, nil
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("waited %s for %s: %w; last seen: %w", timeout, what, err, last)
	}
	return nil
}
