package bench

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// report of pairs that took the given seconds; an empty volume takes 5 s in A and 2 s in B.
func report(a, b []float64, pods float64) *Report {
	r := &Report{Machine: "a machine", Series: []series{{Set: empty}, {Set: Set{Name: "large", Files: 2, Least: 1 << 20, Most: 1 << 20}}}}
	for i := range a {
		r.Series[0].A = append(r.Series[0].A, moved{Run: dur(pods), Whole: dur(20), Stop: dur(1), Start: dur(3),
			Phases: []phase{{"restic init", dur(1)}}, Steps: []phase{{"Pin", dur(2)}}})
		r.Series[0].B = append(r.Series[0].B, bareRun{Init: dur(1), Backup: dur(1)})
		r.Series[1].A = append(r.Series[1].A, moved{Run: dur(a[i])})
		r.Series[1].B = append(r.Series[1].B, bareRun{Backup: dur(b[i])})
	}
	return r
}

func TestReportRelay(t *testing.T) {
	var out strings.Builder
	r := report([]float64{20, 20}, []float64{10, 20}, 5)
	r.Series[0].R = []moved{{Run: dur(6)}}
	r.Series[1].R = []moved{{Run: dur(26)}}
	require.Empty(t, r.Write(&out))
	require.Equal(t, "26.0 s 26.0 - 26.0", line(t, out.String(), "R: A through both API servers; 1 pairs"))
	// Only of the pairs that have it.
	require.Equal(t, "2.00 2.00 - 2.00", line(t, out.String(), "(R - empty R) / B"))
}

func dur(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

// line of a table that begins with the words.
func line(t *testing.T, text, begin string) string {
	t.Helper()
	for l := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(l), begin) {
			return strings.Join(strings.Fields(strings.TrimPrefix(strings.TrimSpace(l), begin)), " ")
		}
	}
	t.Fatalf("no line begins with %q in\n%s", begin, text)
	return ""
}

func TestReport(t *testing.T) {
	var out strings.Builder
	// In pairs: 1.5, 1.25 and 1 without the 5 s of the empty volume.
	missed := report([]float64{20, 17.5, 15}, []float64{10, 10, 10}, 5).Write(&out)
	require.Empty(t, missed)
	text := out.String()
	require.Equal(t, "17.5 s 15.0 - 20.0", line(t, text, "A: KubeMove, from go for the workers until verified"))
	require.Equal(t, "10.0 s 10.0 - 10.0", line(t, text, "B: restic alone "))
	require.Equal(t, "1.25 1.00 - 1.50 must be <= 1.25, goal 1.15: kept, the goal not", line(t, text, "(A - empty A) / B"))
	require.Contains(t, line(t, text, "A / B"), "1.75 1.50 - 2.00")
	require.Contains(t, line(t, text, "(A - (empty A - empty B)) / B"), "1.45 1.20 - 1.70")
	require.Equal(t, "5.0 s 5.0 - 5.0 must be <= 12 s, goal 8 s: reached",
		line(t, text, "A: the cost of the Pods: from go for the workers until verified"))
	require.Equal(t, "16.0 s 16.0 - 16.0", line(t, text, "the rest"))
	require.Equal(t, "1.0 s 1.0 - 1.0", line(t, text, "restic init"))
	require.Equal(t, "2.0 s 2.0 - 2.0", line(t, text, "Pin"))
	require.Contains(t, text, "a machine")
	require.Contains(t, text, "large: 2 files of random data, 1 MiB each, 2 MiB in all; 3 pairs")
}

func TestReportMisses(t *testing.T) {
	for name, tc := range map[string]struct {
		report *Report
		want   []string
	}{
		"the ratio":     {report([]float64{18}, []float64{10}, 5), []string{"large: (A - empty A) / B is 1.30, expected at most 1.25"}},
		"the Pods":      {report([]float64{20}, []float64{10}, 12.5), []string{"the cost of the Pods is 12.5 s, expected at most 12.0 s"}},
		"only the goal": {report([]float64{20}, []float64{10}, 9), nil},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, tc.report.Write(new(strings.Builder)))
		})
	}
}

func TestValidate(t *testing.T) {
	good := Options{Pairs: 1, Sets: []Set{{Name: "a", Files: 1, Most: 1}}}
	require.NoError(t, good.validate())
	for name, bad := range map[string]Options{
		"no pairs": {Sets: good.Sets},
		"no sets":  {Pairs: 1},
		"no files": {Pairs: 1, Sets: []Set{{Name: "a"}}},
		"sizes":    {Pairs: 1, Sets: []Set{{Name: "a", Files: 1, Least: 2, Most: 1}}},
	} {
		require.ErrorContains(t, bad.validate(), "expected", name)
	}
}

func TestReportOfAnInterruptedRun(t *testing.T) {
	r := report([]float64{17}, []float64{10}, 5)
	r.Series = append(r.Series, series{Set: Set{Name: "small", Files: 1}})
	var out strings.Builder
	require.Empty(t, r.Write(&out))
	require.NotContains(t, out.String(), "small: ", "of that there is no pair")
	require.False(t, r.Empty())
	r.Series[0].A = nil
	require.True(t, r.Empty())
	require.True(t, (*Report)(nil).Empty())
}
