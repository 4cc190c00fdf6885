package e2e

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// faultRow is what became of a move in whose way a fault was put.
type faultRow struct{ Test, Fault, Result, Way, Downtime, After string }

// faultRows of all tests of this run.
var faultRows struct {
	sync.Mutex
	list []faultRow
}

// fault notes what is done to the move now. The report has what became of it.
func (s *scenario) fault(format string, args ...any) {
	s.t.Helper()
	row := faultRow{Test: s.t.Name(), Fault: fmt.Sprintf(format, args...)}
	s.t.Log(row.Fault)
	begun := time.Now()
	s.t.Cleanup(func() {
		row.Result = "nothing lost"
		if s.t.Failed() {
			row.Result = "FAILED"
		}
		// The test's own context has ended.
		get := func(kind, path string) string {
			out, err := s.src.Kubectl(context.Background(), "-n", s.namespace, "get", kind, "-o", "jsonpath="+path)
			if err != nil {
				return "?"
			}
			return strings.TrimSpace(out)
		}
		row.Way = get("movepairs", "{.items[0].status.transport}")
		row.Downtime = get("moveswitches", "{.items[0].status.downtimeSeconds}") + " s"
		if at, err := time.Parse(time.RFC3339,
			get("moveengines", `{.items[0].status.conditions[?(@.type=="Switched")].lastTransitionTime}`)); err == nil {
			row.After = fmt.Sprintf("%.0f s", max(0, at.Sub(begun).Seconds()))
		}
		faultRows.Lock()
		defer faultRows.Unlock()
		faultRows.list = append(faultRows.list, row)
	})
}

// reportFaults writes what all faults of the run have come to.
func reportFaults(w io.Writer) {
	faultRows.Lock()
	defer faultRows.Unlock()
	if len(faultRows.list) == 0 {
		return
	}
	slices.SortFunc(faultRows.list, func(a, b faultRow) int { return cmp.Compare(a.Test, b.Test) })
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "test\tfault\tresult\tway of the data\tdowntime\tfault to switched")
	for _, r := range faultRows.list {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", strings.TrimPrefix(r.Test, "TestFault"), r.Fault, r.Result, r.Way, r.Downtime, r.After)
	}
	_ = table.Flush()
}
