package demo

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// by makes writes of one writer.
func by(writer string, numbers ...int) []write {
	var out []write
	for _, n := range numbers {
		out = append(out, write{n, writer})
	}
	return out
}

func TestWritesIn(t *testing.T) {
	got, err := writesIn(strings.NewReader("psql: error: acknowledged 7 by x\nacknowledged 1 by a\n\nacknowledged 2 by a\n"))
	require.NoError(t, err)
	require.Equal(t, by("a", 1, 2), got)
}

func TestRowsIn(t *testing.T) {
	got, err := rowsIn("1 a\n2 b")
	require.NoError(t, err)
	require.Equal(t, append(by("a", 1), by("b", 2)...), got)
	_, err = rowsIn("ERROR: no table")
	require.ErrorContains(t, err, "expected NUMBER WRITER")
}

func TestCompare(t *testing.T) {
	for name, tc := range map[string]struct {
		reason             string
		acknowledged, rows []write
		want               string
	}{
		"all there": {
			acknowledged: append(by("a", 1, 2), by("b", 3)...), rows: append(by("a", 1, 2), by("b", 3)...)},
		"one not heard of": {
			reason:       "the client was stopped between the write and its log",
			acknowledged: append(by("a", 1), by("b", 3)...), rows: append(by("a", 1, 2), by("b", 3)...)},
		"written since": {
			reason:       "the log was read before the table",
			acknowledged: by("b", 1), rows: by("b", 1, 2, 3, 4)},
		"lost": {
			acknowledged: by("a", 1, 2, 3), rows: by("a", 1, 2), want: "acknowledged and not in the table: 1, the first is 3"},
		"lost and written again": {
			reason:       "the next client goes on behind the last row, and would hide the loss",
			acknowledged: append(by("a", 1, 2), by("b", 2)...), rows: append(by("a", 1), by("b", 2)...),
			want: "not in the table: 1, the first is 2"},
		"twice": {
			acknowledged: by("a", 1, 2), rows: by("a", 1, 2, 2), want: "more than once: 1, the first is 2"},
		"a gap": {
			acknowledged: by("a", 1, 3), rows: by("a", 1, 3), want: "missing between others: 1, the first is 2"},
		"a log that was not read to its end": {
			acknowledged: append(by("a", 1), by("b", 4)...), rows: append(by("a", 1, 2, 3), by("b", 4)...),
			want: "2 writes of a are in the table and not in its log"},
	} {
		t.Run(name, func(t *testing.T) {
			err := compare(tc.acknowledged, tc.rows).wrong()
			if tc.want == "" {
				require.NoError(t, err, tc.reason)
				return
			}
			require.ErrorContains(t, err, tc.want, tc.reason)
		})
	}
}
