package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMedianAndSpread(t *testing.T) {
	for name, tc := range map[string]struct {
		figure              figure
		median, least, most time.Duration
	}{
		"none":              {},
		"one":               {figure{7}, 7, 7, 7},
		"odd, not in order": {figure{9, 1, 5}, 5, 1, 9},
		"even: the mean of the two in the middle": {figure{10, 2, 4, 100}, 7, 2, 100},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.median, tc.figure.median())
			least, most := tc.figure.spread()
			require.Equal(t, []time.Duration{tc.least, tc.most}, []time.Duration{least, most})
		})
	}
}

func TestMedianKeepsTheOrder(t *testing.T) {
	f := figure{3, 1, 2}
	f.median()
	require.Equal(t, figure{3, 1, 2}, f, "the pairs belong together")
}

func TestRatio(t *testing.T) {
	require.Equal(t, 1.5, ratio(3*time.Second, 2*time.Second))
	require.Zero(t, ratio(time.Second, 0))
}
