package agent

import (
	"context"
	"sync/atomic"

	"golang.org/x/time/rate"
)

// limit of what the connections of the mobilizer carry, in both directions together. The zero value is none.
type limit struct{ limiter atomic.Pointer[rate.Limiter] }

// smallestBurst in bytes: what may pass at once though the rate is small.
const smallestBurst = 16 << 10

// set the bytes per second; 0: as many as there are.
func (l *limit) set(bytesPerSecond int64) {
	if bytesPerSecond <= 0 {
		l.limiter.Store(nil)
		return
	}
	burst := max(int(bytesPerSecond/10), smallestBurst)
	if there := l.limiter.Load(); there != nil {
		there.SetLimit(rate.Limit(bytesPerSecond))
		there.SetBurst(burst)
		return
	}
	l.limiter.Store(rate.NewLimiter(rate.Limit(bytesPerSecond), burst))
}

// wait until so many bytes may have passed. A connection that waits reads and writes no further, which the other end
// notices by its windows.
func (l *limit) wait(n int) {
	for n > 0 {
		limiter := l.limiter.Load()
		if limiter == nil {
			return
		}
		part := min(n, limiter.Burst())
		if limiter.WaitN(context.Background(), part) != nil {
			continue // The burst has become smaller meanwhile.
		}
		n -= part
	}
}
