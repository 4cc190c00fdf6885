package scale

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReport(t *testing.T) {
	for name, c := range map[string]struct {
		reason      string
		plan, apply time.Duration
		missed      int
	}{
		"Kept":      {"Both bounds are kept.", 59 * time.Second, 5 * time.Second, 0},
		"SlowPlan":  {"The plan takes a minute.", 60 * time.Second, 5 * time.Second, 1},
		"SlowApply": {"Less than 200 objects are applied in a second.", time.Second, 5001 * time.Millisecond, 1},
		"Both":      {"Neither is kept.", 2 * time.Minute, time.Minute, 2},
	} {
		t.Run(name, func(t *testing.T) {
			r := Report{Objects: 1000, Rounds: []Round{
				{Plan: Phase{Took: c.plan}, Apply: Phase{Took: c.apply}, Plain: Phase{Took: time.Second}},
				{Plan: Phase{Took: time.Hour}, Apply: Phase{Took: time.Hour}, Plain: Phase{Took: time.Hour}},
				{Plan: Phase{Took: time.Millisecond}, Apply: Phase{Took: time.Millisecond}, Plain: Phase{Took: time.Millisecond}},
			}}
			var out strings.Builder
			require.Len(t, r.Write(&out), c.missed, c.reason)
			require.Equal(t, c.missed, strings.Count(out.String(), "MISSED"), c.reason)
		})
	}
}

func TestParseBusy(t *testing.T) {
	got, err := parseBusy("cpu  100 50 30 9999 9999 10 5 5 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n")
	require.NoError(t, err)
	require.Equal(t, 2*time.Second, got, "everything but idle and waiting")
	for _, broken := range []string{"", "cpu 1 2 3", "cpu a 2 3 4 5 6 7 8"} {
		_, err := parseBusy(broken)
		require.Error(t, err, broken)
	}
}

func TestParseStat(t *testing.T) {
	got, err := parseStat("42 (a) b) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 9 0 100 1 1")
	require.NoError(t, err)
	require.Equal(t, 2*time.Second, got, "user and system time, in hundredths of a second")
	for _, broken := range []string{"", "42 (a) S 1", "42 (a) S 1 42 42 0 -1 4194560 100 0 0 0 x y"} {
		_, err := parseStat(broken)
		require.Error(t, err, broken)
	}
}
