package scale

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"
)

// What is asked for.
const (
	planMost   = time.Minute
	applyLeast = 200.0
)

// Round is one measurement.
type Round struct {
	// Plan of the namespace, and its application to another one.
	Plan, Apply Phase
	// Plain is a client that creates the same objects and nothing else.
	Plain Phase
}

// Report is what a run has measured.
type Report struct {
	Objects int
	// Bytes of all objects as JSON.
	Bytes  int
	Rounds []Round
}

// median of the rounds by the time that the phase took.
func (r *Report) median(pick func(Round) Phase) Phase {
	var all []Phase
	for _, round := range r.Rounds {
		all = append(all, pick(round))
	}
	slices.SortFunc(all, func(a, b Phase) int { return int(a.Took - b.Took) })
	return all[(len(all)-1)/2]
}

func (r *Report) rate(p Phase) float64 { return float64(r.Objects) / p.Took.Seconds() }

// Write writes the report. It returns what was missed.
func (r *Report) Write(w io.Writer) (missed []string) {
	plan := r.median(func(r Round) Phase { return r.Plan })
	apply := r.median(func(r Round) Phase { return r.Apply })
	plain := r.median(func(r Round) Phase { return r.Plain })
	fmt.Fprintf(w, "\n%d objects, %.1f MiB of JSON; medians of %d rounds; CPU in seconds, of %d cores\n\n",
		r.Objects, float64(r.Bytes)/(1<<20), len(r.Rounds), runtime.NumCPU())
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tseconds\tobjects/s\trequests\tCPU: API server\tetcd\town\tshare of API server and etcd\tothers\t")
	row := func(what string, p Phase) {
		all := p.Server + p.Etcd + p.Own
		fmt.Fprintf(table, "%s\t%.1f\t%.0f\t%d\t%.1f\t%.1f\t%.1f\t%.0f %%\t%.1f\t\n", what, p.Took.Seconds(), r.rate(p), p.Requests,
			p.Server.Seconds(), p.Etcd.Seconds(), p.Own.Seconds(), 100*float64(p.Server+p.Etcd)/float64(max(all, 1)), p.Others.Seconds())
	}
	row("plan", plan)
	row("apply", apply)
	row("plain creation", plain)
	_ = table.Flush()
	fmt.Fprintf(w, "\napply / plain creation: %.2f of the rate\n", r.rate(apply)/r.rate(plain))
	verdict := func(kept bool, what string) {
		word := "kept"
		if !kept {
			word = "MISSED"
			missed = append(missed, what)
		}
		fmt.Fprintf(w, "%s: %s\n", what, word)
	}
	verdict(plan.Took < planMost, fmt.Sprintf("planned in %.1f s, must be below %.0f s", plan.Took.Seconds(), planMost.Seconds()))
	verdict(r.rate(apply) >= applyLeast, fmt.Sprintf("applied %.0f objects a second, must be at least %.0f", r.rate(apply), applyLeast))
	if plan.disturbed() || apply.disturbed() || plain.disturbed() {
		fmt.Fprintln(w, "Others had a fifth of the machine or more: measure again on a quiet one.")
	}
	return missed
}
