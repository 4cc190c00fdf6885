package page

import (
	"strings"
	"time"

	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
	"github.com/kubemove/kubemove/internal/cli/view"
	"github.com/kubemove/kubemove/internal/text"
)

// Move in detail.
type Move struct {
	Kind, Name, Namespace, Mode string
	Phase, Tone                 string
	Message, Application        string
	Stalled                     string
	// Ways back, and their paths.
	Ways    []Link
	Targets []Target
	History []Event
	// Next is the likely next command; empty: there is none.
	Next string
	// RollBack of its switch; nil: it cannot be rolled back.
	RollBack *Action
}

// Link to another page.
type Link struct{ Text, Path string }

// Target of a move.
type Target struct {
	Name, Endpoint string
	// Switches: the move switches there, and not to another one of its targets.
	Switches bool
	Stages   []Stage
	// Data is what the bars are of.
	Data                        string
	Bars                        []Bar
	LastCopy, Downtime, Stalled string
	Blockers                    []Blocker
	Warnings                    []string
	// PlanPath and ReportPath lead to the whole plan and to the report; empty: there is none.
	PlanPath, ReportPath string
	// Approve its plan; nil: there is none that waits for it.
	Approve *Action
}

// Stage of a target.
type Stage struct{ Name, Mark, Took, Message string }

// Bar of a volume or of their sum.
type Bar struct {
	Name, Bytes, Word, Err string
	Percent                int
}

// Blocker of a plan.
type Blocker struct{ Reason, Object, Message string }

// Event of the past.
type Event struct{ At, Target, What, Outcome, Tone, Took, Message string }

// Action that the page offers: what is asked, and what is sent.
type Action struct {
	// Label of the button, Question before it is done, and Details of what is decided.
	Label, Question string
	Details         []string
	// Path to post to, with the target, the hash of the plan that is shown, and the UID of the MoveSwitch that it is of.
	Path, Target, Plan, UID string
	// Command that does the same.
	Command string
	// Writes: the button is there; otherwise the command alone. Main: it is what the page is there for.
	Writes, Main bool
}

// NewMove is the page of a move that was read at a time.
func NewMove(m snapshot.Move, at time.Time, o Options) *Page {
	p := &Move{
		Kind: m.Kind, Name: m.Name, Namespace: m.Namespace, Mode: string(m.Mode), Phase: view.PhaseLine(m),
		Tone: view.ToneOf(m.Phase).String(), Application: view.Application(m, at), RollBack: rollBack(m, o),
	}
	if m.Message != "" && m.Stalled == nil {
		p.Message = m.Said()
	}
	if m.Stalled != nil {
		p.Stalled = m.Stalled.Reason + ": " + m.Stalled.Message
	}
	for _, name := range m.Ways {
		p.Ways = append(p.Ways, Link{name, Path("moves", snapshot.Move{Kind: snapshot.KindReverse, Namespace: m.Namespace, Name: name})})
	}
	for i := range m.Routes {
		p.Targets = append(p.Targets, target(m, &m.Routes[i], at, o))
	}
	p.History = history(m, at)
	if next := steer.Next(m, "status", o.Current); len(next) > 0 {
		p.Next = o.line(next)
	}
	return &Page{Title: m.Name + ": " + string(m.Phase), At: stamp(at), Move: p}
}

func target(m snapshot.Move, r *snapshot.Route, at time.Time, o Options) Target {
	t := Target{
		Name: r.Target, Endpoint: r.Endpoint, Switches: len(m.Routes) > 1 && r.Target == m.Target, LastCopy: view.LastCopy(r, at),
		Downtime: view.Downtime(r), ReportPath: Path("report", m, r.Target),
	}
	for _, s := range view.Stages(m, r, at) {
		t.Stages = append(t.Stages, Stage{s.Name, s.Mark.String(), s.Took(), s.Message})
	}
	for _, b := range view.Bars(r) {
		t.Bars = append(t.Bars, *bar(b))
	}
	if t.Data = "Data"; r.Run != nil {
		t.Data += ", run " + string(r.Run.Trigger)
	}
	if r.Stalled != nil && m.Stalled == nil {
		t.Stalled = r.Stalled.Reason + ": " + r.Stalled.Message
	}
	if r.Plan == nil {
		return t
	}
	t.PlanPath, t.Warnings = Path("plan", m, r.Target), r.Plan.Warnings
	for _, b := range r.Plan.Blockers {
		t.Blockers = append(t.Blockers, Blocker{b.Reason, b.Object, b.Message})
	}
	t.Approve = approve(m, r, r.Plan.Hash, o)
	return t
}

func bar(b view.Bar) *Bar {
	return &Bar{Name: b.Name, Bytes: b.Bytes(), Word: b.Word, Err: b.Err, Percent: b.Progress.Percent}
}

// approve the plan with the hash that is shown; nil: it is not the newest one, or waits for no approval.
func approve(m snapshot.Move, r *snapshot.Route, hash string, o Options) *Action {
	if _, err := steer.Approve(m, r, hash); err != nil || r.Switch.ApprovedPlan == hash {
		return nil
	}
	return &Action{
		Label: "Approve plan " + hash, Details: view.Summary(r),
		Question: "Approve plan " + hash + " of " + m.Key() + "? The switch to target " + r.Target +
			" begins as soon as all else that it waits for is there.",
		Path: Path("moves", m, "approve"), Target: r.Target, Plan: hash, UID: uid(r), Writes: o.Writes, Main: true,
		Command: o.command(m, "kubectl", "move", "approve", m.Key(), "--target", r.Target, "--plan", hash),
	}
}

// rollBack the switch of a move; nil: none can be, or it is asked for already.
func rollBack(m snapshot.Move, o Options) *Action {
	if _, err := steer.RollBack(m); err != nil || m.Phase == snapshot.RollingBack || m.Phase == snapshot.RolledBack {
		return nil
	}
	r := m.Switch()
	details := "The target is stopped, and the source starts again as it was."
	if !r.Switch.Begun() {
		details = "It has not begun, and does not begin: the application runs on at the source."
	}
	return &Action{
		Label: "Roll back", Details: []string{details},
		Question: "Roll back the switch of " + m.Key() + " to target " + r.Target + "?",
		Path:     Path("moves", m, "rollback"), Target: r.Target, UID: uid(r), Writes: o.Writes,
		Command: o.command(m, "kubectl", "move", "rollback", m.Key()),
	}
}

// uid of the MoveSwitch of a route.
func uid(r *snapshot.Route) string {
	if r.MoveSwitch == nil {
		return ""
	}
	return string(r.MoveSwitch.UID)
}

// history of a move, the newest first.
func history(m snapshot.Move, at time.Time) []Event {
	list := view.NewHistory(m, at)
	var out []Event
	for i := len(list) - 1; i >= 0; i-- {
		h := list[i]
		e := Event{At: stamp(h.At), What: h.What, Outcome: h.Outcome, Message: h.Message, Tone: view.Plain.String()}
		if len(m.Routes) > 1 {
			e.Target = h.Target
		}
		if h.Seconds > 0 {
			e.Took = text.Took(time.Duration(h.Seconds) * time.Second)
		}
		if strings.HasPrefix(h.Outcome, snapshot.StepFailed) || h.Outcome == "Blocked" {
			e.Tone = view.Bad.String()
		}
		out = append(out, e)
	}
	return out
}
