package demo

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSameAccounts(t *testing.T) {
	for name, tc := range map[string]struct {
		before, after string
		want          []bool // whether the rows, and the checksum, are wrong
	}{
		"the same":            {"200000|abc", "200000|abc", []bool{false, false}},
		"a row less":          {"200000|abc", "199999|def", []bool{true, true}},
		"another content":     {"200000|abc", "200000|def", []bool{false, true}},
		"nothing was loaded":  {"0|", "0|", []bool{true, true}},
		"nothing came across": {"200000|abc", "", []bool{true, true}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []bool
			for _, f := range sameAccounts(tc.before, tc.after, "look") {
				got = append(got, f.Wrong != nil)
			}
			require.Equal(t, tc.want, got)
		})
	}
}

func TestTable(t *testing.T) {
	out := table("src", "dst", []Fact{{What: "rows", Source: "1", Target: "2", Wrong: errors.New("x")}, {What: "Pods", Source: "0",
		Target: "2"}})
	lines := strings.Split(out, "\n")
	require.Regexp(t, `^rows +1 +2 +WRONG$`, lines[1])
	require.Regexp(t, `^Pods +0 +2 +ok$`, lines[2])
}
