package view

import (
	"fmt"
	"strings"

	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/text"
)

// Lines of the moves for a reader that is no terminal, one for each thing that is as it is now: each is said once, when it has
// become so. key chooses a move; empty: all of them. Progress is said in steps of ten percent.
func Lines(s snapshot.Snapshot, key string) []string {
	var out []string
	for _, m := range s.Moves {
		if key != "" && m.Key() != key {
			continue
		}
		name := m.Key()
		if key == "" {
			name = m.Namespace + "/" + m.Name
		}
		say := func(format string, args ...any) {
			out = append(out, text.Plain(name+" "+fmt.Sprintf(format, args...)))
		}
		say("%s", PhaseLine(m))
		for i := range m.Routes {
			routeLines(&m.Routes[i], say)
		}
		if m.Stalled != nil {
			say("Stalled %s: %s", m.Stalled.Reason, m.Stalled.Message)
		}
	}
	return out
}

func routeLines(r *snapshot.Route, say func(string, ...any)) {
	if r.Plan != nil && r.Plan.Hash != "" {
		say("target %s: plan %s", r.Target, PlanLine(r.Plan))
	}
	if run := r.Run; run != nil {
		say("target %s: run %s %s at %d %%", r.Target, run.Trigger, run.ID, r.Sum.Percent/10*10)
	}
	if r.Switch == nil {
		return
	}
	for _, s := range r.Switch.Steps {
		switch s.State {
		case snapshot.StepRunning:
			say("target %s: step %s runs", r.Target, s.Name)
		case snapshot.StepDone:
			say("target %s: step %s done in %s", r.Target, s.Name, text.Took(s.Took(s.Finished)))
		default:
			say("target %s: step %s %s: %s", r.Target, s.Name, strings.ToLower(s.State), s.Message)
		}
	}
}

// Summary of the plan of a route in a few lines, as it is shown before an approval.
func Summary(r *snapshot.Route) []string {
	if r.Plan == nil {
		return nil
	}
	out := []string{"plan " + PlanLine(r.Plan), "to " + r.Endpoint}
	if d := Downtime(r); d != "" {
		out = append(out, "downtime "+d)
	} else if s := r.Plan.EstimatedDowntimeSeconds; s > 0 {
		out = append(out, "downtime about "+text.Estimate(s))
	}
	if !r.LastSuccess.IsZero() {
		out = append(out, "everything was copied at "+r.LastSuccess.UTC().Format("2006-01-02 15:04:05Z"))
	}
	for _, w := range r.Plan.Warnings {
		out = append(out, "warning: "+w)
	}
	return out
}
