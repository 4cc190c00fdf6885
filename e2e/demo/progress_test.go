package demo

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTellSteps(t *testing.T) {
	at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	first := switchStatus{Steps: []switchStep{
		{Name: "Workers", State: "Done", StartedAt: at, FinishedAt: at.Add(2 * time.Second)},
		{Name: "Pin", State: "Running", StartedAt: at}}}
	second := switchStatus{Steps: []switchStep{first.Steps[0],
		{Name: "Pin", State: "Done", StartedAt: at, FinishedAt: at}, {Name: "Activate", State: "Done"},
		{Name: "Quiesce", State: "Failed", Message: "a Pod does not end"}}}
	for name, tc := range map[string]struct {
		live bool
		want string
	}{
		"in a file": {false, "" +
			"       Workers      2s  the Pods that copy are placed and wait\n" +
			"       Pin          0s  planned once more: it is still the plan that was approved\n" +
			"       Quiesce          failed: a Pod does not end\n"},
		"on a terminal": {true, "" +
			"       Workers      2s  the Pods that copy are placed and wait\n" +
			"\r\x1b[K       Pin  42% of 1 GiB" +
			"\r\x1b[K       Pin          0s  planned once more: it is still the plan that was approved\n" +
			"       Quiesce          failed: a Pod does not end\n" +
			"\r\x1b[K       Quiesce a Pod does not end"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			d := &Demo{tell: &teller{out: &out, live: tc.live}}
			told, j := map[string]bool{}, &journey{from: "src", to: "dst"}
			d.tellSteps(j, first, dataStatus{Progress: "42% of 1 GiB"}, told)
			d.tellSteps(j, first, dataStatus{Progress: "42% of 1 GiB"}, told)
			d.tellSteps(j, second, dataStatus{}, told)
			require.Equal(t, tc.want, out.String())
		})
	}
}

func TestEnded(t *testing.T) {
	for name, tc := range map[string]struct {
		conditions []condition
		done       bool
		want       string
	}{
		"not yet":  {conditions: []condition{{Type: "Switched", Status: "False"}, {Type: "Stalled", Status: "False"}}},
		"switched": {conditions: []condition{{Type: "Switched", Status: "True"}}, done: true},
		"rolled back": {conditions: []condition{{"RolledBack", "True", "RolledBack", "it was rolled back"}}, done: true,
			want: "it was rolled back"},
		"stalled": {conditions: []condition{{"Stalled", "True", "QuiesceTimeout", "a Pod does not end"}}, done: true, want: "QuiesceTimeout"},
	} {
		t.Run(name, func(t *testing.T) {
			done, err := switchStatus{Conditions: tc.conditions}.ended()
			require.Equal(t, tc.done, done)
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.want)
		})
	}
}
