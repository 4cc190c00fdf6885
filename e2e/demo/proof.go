package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Fact is one thing that the demo has looked at after the move.
type Fact struct {
	// What was looked at, and what was seen where the journey began, the source, and where it led to.
	What, Source, Target string
	// Wrong says what is not as it must be; nil when nothing is.
	Wrong error
	// Look is a command that shows more.
	Look string
}

// prove looks at both clusters and prints what it finds.
func (d *Demo) prove(ctx context.Context, before string, j *journey) ([]Fact, error) {
	d.tell.step("Is everything there? The same query in %s, by the client there, through the Service's name:", j.to)
	var facts []Fact
	for _, look := range []func(context.Context, *journey) ([]Fact, error){
		func(ctx context.Context, j *journey) ([]Fact, error) { return d.accounts(ctx, j, before) },
		d.writes,
		d.workloads,
		d.run,
		d.gap,
	} {
		found, err := look(ctx, j)
		if err != nil {
			return facts, err
		}
		facts = append(facts, found...)
	}
	d.tell.say("%s", table(j.from, j.to, facts))
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
func (d *Demo) accounts(ctx context.Context, j *journey, before string) ([]Fact, error) {
	ask := sql(j.to, summary)
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
func (d *Demo) writes(ctx context.Context, j *journey) ([]Fact, error) {
	source, err := j.log.all(ctx)
	if err != nil {
		return nil, err
	}
	// The log before the table: what is in the one must be in the other.
	said, err := d.Shell(ctx, on(j.to)+" logs deployment/client")
	if err != nil {
		return nil, err
	}
	target, err := writesIn(strings.NewReader(said))
	if err != nil {
		return nil, err
	}
	ask := sql(j.to, "select number || ' ' || writer from writes order by number")
	out, err := d.Shell(ctx, ask)
	if err != nil {
		return nil, err
	}
	rows, err := rowsIn(out)
	if err != nil {
		return nil, err
	}
	fact := Fact{What: "acknowledged writes", Source: fmt.Sprint(len(source)), Target: fmt.Sprint(len(target)) + " more", Look: ask}
	all := slices.Concat(j.earlier, source, target)
	there := Fact{What: "all, in the table once each", Target: fmt.Sprint(len(all)), Look: ask}
	if len(source) == 0 || len(target) == 0 {
		fact.Wrong = fmt.Errorf("the client has written %d rows at the source and %d at the target, expected some at each",
			len(source), len(target))
	}
	if there.Wrong = compare(all, rows).wrong(); there.Wrong != nil {
		there.Target = "see below"
	}
	return []Fact{fact, there}, nil
}

// workloads looks at what runs: nothing at the source, everything at the target.
func (d *Demo) workloads(ctx context.Context, j *journey) ([]Fact, error) {
	fact := Fact{What: "Pods", Look: on(j.to) + " get pods"}
	// A Pod that ends is not seen by its readiness; it must be gone.
	counted, err := d.Shell(ctx, on(j.from)+" get pods --selector app.kubernetes.io/part-of=demo --output name")
	if err != nil {
		return nil, err
	}
	fact.Source = fmt.Sprint(len(strings.Fields(counted)))
	replicas, err := d.Shell(ctx, on(j.from)+" get statefulset/postgres deployment/client --output jsonpath={.items[*].spec.replicas}")
	if err != nil {
		return nil, err
	}
	ready, err := d.Shell(ctx, on(j.to)+" get statefulset/postgres deployment/client --output jsonpath={.items[*].status.readyReplicas}")
	if err != nil {
		return nil, err
	}
	fact.Target = fmt.Sprint(len(strings.Fields(ready)))
	if fact.Source != "0" || replicas != "0 0" || ready != "1 1" {
		fact.Wrong = fmt.Errorf("got %s Pods and the replicas %q in %s, and %q ready in %s, expected 0, \"0 0\" and \"1 1\"",
			fact.Source, replicas, j.from, ready, j.to)
	}
	return []Fact{fact}, nil
}

// run looks at what the switch says of itself.
func (d *Demo) run(ctx context.Context, j *journey) ([]Fact, error) {
	client, err := d.lab.Source().Client()
	if err != nil {
		return nil, err
	}
	var s switchStatus
	if err := status(ctx, client, "moveswitches", j.pair, &s); err != nil {
		return nil, err
	}
	look := on("src") + " get moveswitch " + j.pair + " --output yaml"
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
func (d *Demo) gap(ctx context.Context, j *journey) ([]Fact, error) {
	since := 0
	if len(j.earlier) > 0 {
		since = j.earlier[len(j.earlier)-1].number + 1 // The next one comes after the gap of the first journey.
	}
	query := fmt.Sprintf("select extract(epoch from max(gap))::int from (select at - lag(at) over (order by number) gap from writes "+
		"where number > %d) g", since)
	seconds, err := d.Shell(ctx, sql(j.to, query))
	if err != nil {
		return nil, err
	}
	return []Fact{{What: "longest gap between two writes", Target: seconds + " s", Look: sql(j.to, query)}}, nil
}

// table prints facts in columns.
func table(from, to string, facts []Fact) string {
	out := fmt.Sprintf("%-32s%-34s%-34s\n", "", from, to)
	for _, f := range facts {
		verdict := "ok"
		if f.Wrong != nil {
			verdict = "WRONG"
		}
		out += fmt.Sprintf("%-32s%-34s%-34s%s\n", f.What, f.Source, f.Target, verdict)
	}
	return out
}
