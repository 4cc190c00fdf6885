package view

import (
	"slices"
	"strings"
	"time"

	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/text"
)

// Happening of a move: a plan, a run, a step of a switch.
type Happening struct {
	At time.Time `json:"at"`
	// Target that it is about.
	Target string `json:"target"`
	// What it is, such as "run Schedule" or "step Quiesce".
	What string `json:"what"`
	// Outcome: Succeeded, Failed, Done and so on; Running while it goes on.
	Outcome string `json:"outcome"`
	// Seconds that it took; until now, while it runs.
	Seconds int64 `json:"seconds"`
	// Message says more.
	Message string `json:"message,omitempty"`
}

// NewHistory of a move, the oldest first: the runs and steps that its status still has.
func NewHistory(m snapshot.Move, now time.Time) []Happening {
	out := []Happening{}
	for i := range m.Routes {
		out = append(out, historyOf(&m.Routes[i], now)...)
	}
	slices.SortStableFunc(out, func(a, b Happening) int { return a.At.Compare(b.At) })
	return out
}

func historyOf(r *snapshot.Route, now time.Time) []Happening {
	var out []Happening
	if r.Plan != nil && !r.Plan.MadeAt.IsZero() {
		outcome := "Planned"
		if len(r.Plan.Blockers) > 0 {
			outcome = "Blocked"
		}
		out = append(out, Happening{At: r.Plan.MadeAt, Target: r.Target, What: "plan", Outcome: outcome, Message: PlanLine(r.Plan)})
	}
	for i := range r.Runs {
		out = append(out, runHappening(r, &r.Runs[i], now))
	}
	if r.Run != nil {
		out = append(out, runHappening(r, r.Run, now))
	}
	if r.Switch == nil {
		return out
	}
	for _, s := range r.Switch.Steps {
		if !s.Started.IsZero() {
			out = append(out, Happening{At: s.Started, Target: r.Target, What: "step " + s.Name, Outcome: s.State,
				Seconds: int64(s.Took(now) / time.Second), Message: s.Message})
		}
	}
	if at := r.Switch.Committed; !at.IsZero() {
		out = append(out, Happening{At: at, Target: r.Target, What: "commit", Outcome: "Done", Message: "the point of no return"})
	}
	return out
}

func runHappening(r *snapshot.Route, run *snapshot.Run, now time.Time) Happening {
	h := Happening{At: run.Started, Target: r.Target, What: "run " + string(run.Trigger), Outcome: run.Outcome, Seconds: run.Seconds,
		Message: run.Message}
	if run.Outcome == "" {
		h.Outcome, h.Seconds = "Running", int64(max(0, now.Sub(run.Started))/time.Second)
	}
	if h.Message == "" && run.Bytes > 0 {
		h.Message = text.Size(run.Bytes) + " in " + text.Count(int(run.Files), "file")
	}
	if len(run.Warnings) > 0 {
		h.Message = strings.TrimPrefix(h.Message+"; ", "; ") + text.Count(len(run.Warnings), "warning") + ": " + run.Warnings[0]
	}
	return h
}

// History with a line for each.
func History(list []Happening, targets bool, o Options) string {
	rows := [][]string{{"TIME", "WHAT", "OUTCOME", "TOOK", "MESSAGE"}}
	if targets {
		rows[0] = append([]string{"TIME", "TARGET"}, rows[0][1:]...)
	}
	for _, h := range list {
		took := ""
		if h.What != "plan" && h.What != "commit" {
			took = text.Took(time.Duration(h.Seconds) * time.Second)
		}
		row := []string{h.At.UTC().Format("2006-01-02 15:04:05Z")}
		if targets {
			row = append(row, h.Target)
		}
		rows = append(rows, append(row, h.What, h.Outcome, took, h.Message))
	}
	return Columns(rows, o, nil)
}
