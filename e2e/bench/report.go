package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// What is asked for, and what is wanted.
const (
	ratioMust, ratioGoal = 1.25, 1.15
	podsMust, podsGoal   = 12 * time.Second, 8 * time.Second
)

// series is what was measured with one set, in pairs.
type series struct {
	Set Set
	A   []moved
	B   []bareRun
	// R is A through the API servers.
	R []moved
}

// Report is what a run has measured.
type Report struct {
	Machine string
	// Series of all sets; the first is that of the empty volume.
	Series []series
	// Idle passes, of each set.
	Idle []idleRun
}

func (s series) run() figure     { return of(s.A, func(m moved) time.Duration { return m.Run }) }
func (s series) relayed() figure { return of(s.R, func(m moved) time.Duration { return m.Run }) }
func (s series) alone() figure   { return of(s.B, bareRun.total) }

// row of the table.
type row struct{ What, Median, Spread, Verdict string }

func timeRow(what string, f figure) row {
	least, most := f.spread()
	return row{What: what, Median: seconds(f.median()), Spread: fmt.Sprintf("%.1f - %.1f", least.Seconds(), most.Seconds())}
}

// ratioRow is a ratio of medians; its spread is that of the single pairs.
func ratioRow(what string, a, b figure) (row, float64) {
	var least, most float64
	for i := range min(len(a), len(b)) {
		r := ratio(a[i], b[i])
		if i == 0 || r < least {
			least = r
		}
		most = max(most, r)
	}
	all := ratio(a.median(), b.median())
	return row{What: what, Median: fmt.Sprintf("%.2f", all), Spread: fmt.Sprintf("%.2f - %.2f", least, most)}, all
}

// less takes a fixed cost from each duration.
func (f figure) less(cost time.Duration) figure {
	return of(f, func(d time.Duration) time.Duration { return d - cost })
}

// verdict beside a figure that must not be larger.
func verdict(got, must, goal float64, unit string) (text string, ok bool) {
	text = fmt.Sprintf("must be <= %v%s, goal %v%s: ", must, unit, goal, unit)
	switch {
	case got > must:
		return text + "MISSED", false
	case got > goal:
		return text + "kept, the goal not", true
	}
	return text + "reached", true
}

// Empty says whether nothing was measured.
func (r *Report) Empty() bool {
	return r == nil || len(r.Idle) == 0 && (len(r.Series) == 0 || len(r.Series[0].A) == 0)
}

// Write writes the report. It returns what was missed.
func (r *Report) Write(w io.Writer) (missed []string) {
	if len(r.Idle) > 0 {
		return r.writeIdle(w)
	}
	fmt.Fprintf(w, "\n%s\n%s\n\n", r.Machine, strings.TrimSpace(explanation))
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	put := func(rows ...row) {
		for _, x := range rows {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", x.What, x.Median, x.Spread, x.Verdict)
		}
	}
	put(row{"", "median", "min - max", ""})
	nothing := r.Series[0]
	for _, s := range r.Series[1:] {
		if len(s.A) == 0 {
			continue
		}
		rows, what := s.rows(nothing)
		put(rows...)
		missed = append(missed, what...)
	}
	rows, what := nothing.podRows()
	put(rows...)
	put(row{"Where the time of A goes", "", "", ""})
	for _, s := range r.Series {
		put(s.phaseRows()...)
	}
	put(nothing.stepRows()...)
	_ = table.Flush()
	return append(missed, what...)
}

// rows of a set with data.
func (s series) rows(nothing series) (rows []row, missed []string) {
	a, b, fixed := s.run(), s.alone(), nothing.run().median()
	own := fixed - nothing.alone().median()
	plain, _ := ratioRow("  A / B", a, b)
	fair, all := ratioRow("  (A - empty A) / B", a.less(fixed), b)
	strict, _ := ratioRow("  (A - (empty A - empty B)) / B", a.less(own), b)
	text, ok := verdict(all, ratioMust, ratioGoal, "")
	fair.Verdict = text
	plain.Verdict = fmt.Sprintf("with the cost of the Pods (%v is the goal without it)", ratioGoal)
	strict.Verdict = "without what the Pods cost beyond restic's own start"
	if !ok {
		missed = append(missed, fmt.Sprintf("%s: (A - empty A) / B is %.2f, expected at most %v", s.Set.Name, all, ratioMust))
	}
	part := func(what string, pick func(bareRun) time.Duration) row { return timeRow("       "+what, of(s.B, pick)) }
	return append([]row{
		{What: fmt.Sprintf("%s; %d pairs", s.Set, len(s.A))},
		timeRow("  A: KubeMove, from go for the workers until verified", a),
		timeRow("  B: restic alone", b),
		part("init", func(r bareRun) time.Duration { return r.Init }),
		part("backup", func(r bareRun) time.Duration { return r.Backup }),
		part("restore", func(r bareRun) time.Duration { return r.Restore }),
		part("syncfs", func(r bareRun) time.Duration { return r.Sync }),
		fair, plain, strict,
	}, s.relayRows(nothing)...), missed
}

// relayRows are those of the way that always works. Nothing is asked of it.
func (s series) relayRows(nothing series) []row {
	if len(s.R) == 0 || len(nothing.R) == 0 {
		return nil
	}
	r := s.relayed()
	ratio, _ := ratioRow("  (R - empty R) / B", r.less(nothing.relayed().median()), s.alone()[:len(r)])
	return []row{timeRow(fmt.Sprintf("  R: A through both API servers; %d pairs", len(r)), r), ratio}
}

// podRows are those of the empty volume.
func (s series) podRows() (rows []row, missed []string) {
	run, whole := s.run(), of(s.A, func(m moved) time.Duration { return m.Whole })
	pods := timeRow("  A: the cost of the Pods: from go for the workers until verified", run)
	text, ok := verdict(run.median().Seconds(), podsMust.Seconds(), podsGoal.Seconds(), " s")
	pods.Verdict = text
	if !ok {
		missed = append(missed, fmt.Sprintf("the cost of the Pods is %s, expected at most %s", seconds(run.median()), seconds(podsMust)))
	}
	return []row{
		{What: fmt.Sprintf("empty: an empty volume; %d pairs", len(s.A))},
		pods,
		timeRow("  B: restic alone: it derives a key three times", s.alone()),
		timeRow("  A: the whole move, from the cutover's Job until Switched", whole),
		timeRow("       of it the application's own stop", of(s.A, func(m moved) time.Duration { return m.Stop })),
		timeRow("       of it the application's own start", of(s.A, func(m moved) time.Duration { return m.Start })),
		timeRow("       the rest", of(s.A, moved.rest)),
	}, missed
}

// phaseRows are the medians of the parts of A.
func (s series) phaseRows() []row {
	return append([]row{{What: "  " + s.Set.Name}}, partRows(s.A, func(m moved) []phase { return m.Phases })...)
}

// stepRows are the medians of the steps of a whole move.
func (s series) stepRows() []row {
	title := row{What: "The steps of the whole move of an empty volume, in whole seconds"}
	return append([]row{title}, partRows(s.A, func(m moved) []phase { return m.Steps })...)
}

// partRows are the medians of parts, by the names of the first sample.
func partRows(samples []moved, parts func(moved) []phase) (rows []row) {
	if len(samples) == 0 {
		return nil
	}
	for _, p := range parts(samples[0]) {
		rows = append(rows, timeRow("    "+p.Name, of(samples, func(m moved) time.Duration {
			for _, q := range parts(m) {
				if q.Name == p.Name {
					return q.Took
				}
			}
			return 0
		})))
	}
	return rows
}

// String says what the set is.
func (s Set) String() string {
	size := fmt.Sprintf("%d bytes each", s.Least)
	switch {
	case s.Most > s.Least:
		size = fmt.Sprintf("%d to %d KiB each, %d MiB in all", s.Least>>10, s.Most>>10, int64(s.Files)*(s.Least+s.Most)/2>>20)
	case s.Least >= 1<<20:
		size = fmt.Sprintf("%d MiB each, %d MiB in all", s.Least>>20, int64(s.Files)*s.Least>>20)
	}
	return fmt.Sprintf("%s: %d files of random data, %s", s.Name, s.Files, size)
}

// explanation of how it was measured.
const explanation = `
A is the data run of a move between the two clusters of the lab, from worker to worker by a
NodePort (R, in some pairs: through the API servers of both clusters), B the same restic with the same
flags and without Kubernetes: init, backup through rest-server over loopback, restore into an
empty folder on the same file system, syncfs. They take turns (ABAB). Each begins with new files
of the same seed, a new volume and a new repository. The page cache is warm: the files were
written directly before, and synced. After each of them files and bytes are counted and compared.
Repeat it: make bench-restic, as root, on a machine that does nothing else.`
