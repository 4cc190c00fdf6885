package jobs

import (
	"hash/fnv"
	"time"
)

// renewal says when a success that ended at finished is made anew, and whether that is now. It is done at fixed times, one
// in each interval, which lie elsewhere for each parent: a thousand of them that were made in one moment, or that a
// restart has found all too old, would else be renewed in one moment, too.
func renewal(finished, now time.Time, every time.Duration, uid string) (at time.Time, due bool) {
	// What is fresh is not renewed, though its time comes.
	first := following(finished.Add(every/8), every, uid)
	if now.Before(first) {
		return first, false
	}
	current := following(now.Add(time.Nanosecond), every, uid).Add(-every)
	if now.Sub(current) < min(every, max(every/60, time.Minute)) {
		return current, true
	}
	// The time has passed without a look.
	return current.Add(every), false
}

// following is the first of the fixed times that is not before t.
func following(t time.Time, every time.Duration, uid string) time.Time {
	h := fnv.New64a()
	_, _ = h.Write([]byte(uid))
	offset := time.Duration(h.Sum64() % uint64(every)).Truncate(time.Second)
	since := time.Duration(t.UnixNano()) - offset
	n := since / every
	if since%every > 0 {
		n++
	}
	return time.Unix(0, int64(n*every+offset)).UTC()
}
