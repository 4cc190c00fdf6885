package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Fact is one thing that the demo has looked at after the move.
type Fact struct {
	// What was looked at, and what was seen at the source and at the target.
	What, Source, Target string
	// Wrong says what is not as it must be; nil when nothing is.
	Wrong error
	// Look is a command that shows more.
	Look string
}

// prove looks at both clusters and prints what it finds.
func (d *Demo) prove(ctx context.Context, before string, log *clientLog) ([]Fact, error) {
	d.tell.step("Is everything there? The same query in dst, by the client there, through the Service's name:")
	var facts []Fact
	for _, look := range []func(context.Context) ([]Fact, error){
		func(ctx context.Context) ([]Fact, error) { return d.accounts(ctx, before) },
		func(ctx context.Context) ([]Fact, error) { return d.writes(ctx, log) },
		d.workloads,
		d.run,
		d.gap,
	} {
		found, err := look(ctx)
		if err != nil {
			return facts, err
		}
		facts = append(facts, found...)
	}
	d.tell.say("%s", table(facts))
	var wrong []error
	for _, f := range facts {
		if f.Wrong != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w\n  look at: %s", f.What, f.Wrong, f.Look))
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return facts, fmt.Errorf("the move is not what it should be:\n%w", err)
	}
	return facts, nil
}

// accounts compares the table that does not change.
func (d *Demo) accounts(ctx context.Context, before string) ([]Fact, error) {
	ask := sql("dst", summary)
	after, err := d.shown(ctx, ask)
	if err != nil {
		return nil, err
	}
	d.tell.say("%s", after)
	return sameAccounts(before, after, ask), nil
}

// sameAccounts compares two summaries, each ROWS|CHECKSUM.
func sameAccounts(before, after, look string) []Fact {
	rows, sum, _ := strings.Cut(before, "|")
	rowsNow, sumNow, _ := strings.Cut(after, "|")
	facts := []Fact{
		{What: "rows in accounts", Source: rows, Target: rowsNow, Look: look},
		{What: "their checksum", Source: sum, Target: sumNow, Look: look},
	}
	if rows != fmt.Sprint(accountRows) {
		facts[0].Wrong = fmt.Errorf("got %q rows at the source, expected %d", rows, accountRows)
	} else if rowsNow != rows {
		facts[0].Wrong = fmt.Errorf("got %q rows at the target, expected %s", rowsNow, rows)
	}
	if sum == "" || sumNow != sum {
		facts[1].Wrong = fmt.Errorf("got %q at the target, expected %q", sumNow, sum)
	}
	return facts
}

// writes compares what was acknowledged to the client with what is in the table.
func (d *Demo) writes(ctx context.Context, log *clientLog) ([]Fact, error) {
	source, err := log.all(ctx)
	if err != nil {
		return nil, err
	}
	// The log before the table: what is in the one must be in the other.
	said, err := d.Shell(ctx, on("dst")+" logs deployment/client")
	if err != nil {
		return nil, err
	}
	target, err := writesIn(strings.NewReader(said))
	if err != nil {
		return nil, err
	}
	ask := sql("dst", "select number || ' ' || writer from writes order by number")
	out, err := d.Shell(ctx, ask)
	if err != nil {
		return nil, err
	}
	rows, err := rowsIn(out)
	if err != nil {
		return nil, err
	}
	fact := Fact{What: "acknowledged writes", Source: fmt.Sprint(len(source)), Target: fmt.Sprint(len(target)) + " more", Look: ask}
	there := Fact{What: "both, in the table once each", Target: fmt.Sprint(len(source) + len(target)), Look: ask}
	if len(source) == 0 || len(target) == 0 {
		fact.Wrong = fmt.Errorf("the client has written %d rows at the source and %d at the target, expected some at each",
			len(source), len(target))
	}
	if there.Wrong = compare(append(source, target...), rows).wrong(); there.Wrong != nil {
		there.Target = "see below"
	}
	return []Fact{fact, there}, nil
}

// workloads looks at what runs: nothing at the source, everything at the target.
func (d *Demo) workloads(ctx context.Context) ([]Fact, error) {
	fact := Fact{What: "Pods", Look: on("dst") + " get pods"}
	// A Pod that ends is not seen by its readiness; it must be gone.
	counted, err := d.Shell(ctx, on("src")+" get pods --selector app.kubernetes.io/part-of=demo --output name")
	if err != nil {
		return nil, err
	}
	fact.Source = fmt.Sprint(len(strings.Fields(counted)))
	replicas, err := d.Shell(ctx, on("src")+" get statefulset/postgres deployment/client --output jsonpath={.items[*].spec.replicas}")
	if err != nil {
		return nil, err
	}
	ready, err := d.Shell(ctx, on("dst")+" get statefulset/postgres deployment/client --output jsonpath={.items[*].status.readyReplicas}")
	if err != nil {
		return nil, err
	}
	fact.Target = fmt.Sprint(len(strings.Fields(ready)))
	if fact.Source != "0" || replicas != "0 0" || ready != "1 1" {
		fact.Wrong = fmt.Errorf("got %s Pods and the replicas %q in src, and %q ready in dst, expected 0, \"0 0\" and \"1 1\"",
			fact.Source, replicas, ready)
	}
	return []Fact{fact}, nil
}

// run looks at what the switch says of itself.
func (d *Demo) run(ctx context.Context) ([]Fact, error) {
	client, err := d.lab.Source().Client()
	if err != nil {
		return nil, err
	}
	var s switchStatus
	if err := status(ctx, client, "moveswitches", pair, &s); err != nil {
		return nil, err
	}
	look := on("src") + " get moveswitch " + pair + " --output yaml"
	copied := Fact{What: "copied and compared", Look: look,
		Source: fmt.Sprintf("%d MiB in %d files", s.FinalRun.Bytes>>20, s.FinalRun.Files)}
	if s.FinalRun.Bytes == 0 {
		copied.Wrong = errors.New("got a final run of 0 bytes, expected those of the database")
	}
	down := Fact{What: "downtime, says the MoveSwitch", Target: fmt.Sprintf("%d s", s.DowntimeSeconds), Look: look}
	if s.DowntimeSeconds == 0 {
		down.Wrong = errors.New("got a downtime of 0 seconds, expected more")
	}
	return []Fact{copied, down}, nil
}

// gap is the longest time that no row was written, which is what users see of a move.
func (d *Demo) gap(ctx context.Context) ([]Fact, error) {
	const query = "select extract(epoch from max(gap))::int from (select at - lag(at) over (order by number) gap from writes) g"
	seconds, err := d.Shell(ctx, sql("dst", query))
	if err != nil {
		return nil, err
	}
	return []Fact{{What: "longest gap between two writes", Target: seconds + " s", Look: sql("dst", query)}}, nil
}

// table prints facts in columns.
func table(facts []Fact) string {
	out := fmt.Sprintf("%-32s%-34s%-34s\n", "", "src", "dst")
	for _, f := range facts {
		verdict := "ok"
		if f.Wrong != nil {
			verdict = "WRONG"
		}
		out += fmt.Sprintf("%-32s%-34s%-34s%s\n", f.What, f.Source, f.Target, verdict)
	}
	return out
}
