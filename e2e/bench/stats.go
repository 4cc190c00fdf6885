package bench

import (
	"slices"
	"time"
)

// figure is one measured duration in all pairs of a run.
type figure []time.Duration

// median of the durations; of an even number the mean of the two in the middle. 0: none.
func (f figure) median() time.Duration {
	if len(f) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(f))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// spread is the smallest and the largest duration.
func (f figure) spread() (least, most time.Duration) {
	if len(f) == 0 {
		return 0, 0
	}
	return slices.Min(f), slices.Max(f)
}

// of collects one duration of each sample.
func of[T any](samples []T, pick func(T) time.Duration) figure {
	var f figure
	for _, s := range samples {
		f = append(f, pick(s))
	}
	return f
}

// ratio of two durations; 0: there is nothing to divide by.
func ratio(a, b time.Duration) float64 {
	if b <= 0 {
		return 0
	}
	return float64(a) / float64(b)
}
