package view

import (
	"fmt"
	"strings"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
	"github.com/kubemove/kubemove/internal/text"
)

// page is a text of lines that fit.
type page struct {
	Options
	b strings.Builder
}

// row writes a line: a label of eleven columns, and a text that is wrapped beside it.
func (p *page) row(label, body string, t Tone) {
	const columns = 13
	for i, line := range wrap(text.Plain(body), p.width()-columns) {
		head := ""
		if i == 0 {
			head = label
		}
		p.b.WriteString(strings.TrimRight(pad(head, columns)+p.Style.paint(t, line), " ") + "\n")
	}
}

func (p *page) line(s string) { p.b.WriteString(strings.TrimRight(s, " ") + "\n") }

// command writes a row with a command, which is not wrapped: it has to be copied as a whole.
func (p *page) command(label string, words []string) {
	if len(words) > 0 {
		p.line(pad(label, 13) + text.Plain(p.Options.line(words...)))
	}
}

// Render one move in detail: where it is, its steps, its data and what is next.
func Render(m snapshot.Move, o Options) string {
	p := &page{Options: o}
	p.head(m)
	for i := range m.Routes {
		p.route(m, &m.Routes[i])
	}
	p.tail(m)
	return p.b.String()
}

// tones of the phases; the others are plain.
var tones = map[snapshot.Phase]Tone{
	snapshot.Refused: Bad, snapshot.Blocked: Bad, snapshot.Unreachable: Bad, snapshot.Held: Bad, snapshot.RolledBack: Bad,
	snapshot.RollingBack: Warn, snapshot.Declined: Warn, snapshot.NeedsApproval: Warn, snapshot.Suspended: Warn, snapshot.Waiting: Warn,
	snapshot.Switching: Warn, snapshot.Ready: Good, snapshot.Switched: Good, snapshot.Returned: Good,
}

// ToneOf a phase.
func ToneOf(p snapshot.Phase) Tone { return tones[p] }

func (p *page) head(m snapshot.Move) {
	p.row(m.Kind, m.Name+" in namespace "+m.Namespace+", "+string(m.Mode), Bold)
	p.row("Phase", PhaseLine(m), ToneOf(m.Phase))
	p.row("Application", Application(m, p.Now), Plain)
	if m.Message != "" && m.Stalled == nil && !m.Phase.IsOver() && m.Phase != snapshot.Blocked {
		p.row("", m.Said(), Dim)
	}
	if m.Stalled != nil {
		p.row("Stalled", m.Stalled.Reason+": "+m.Stalled.Message, Bad)
	}
	if len(m.Ways) > 0 {
		p.row("Way back", strings.Join(m.Ways, ", "), Plain)
	}
}

// PhaseLine is phase and step of a move; a step that says the phase, too, says it all.
func PhaseLine(m snapshot.Move) string {
	switch {
	case m.Step == "":
		return string(m.Phase)
	case strings.HasPrefix(strings.ToLower(m.Step), strings.ToLower(string(m.Phase))):
		return m.Step
	}
	return string(m.Phase) + ", " + m.Step
}

// Application says where the application is.
func Application(m snapshot.Move, now time.Time) string {
	from, to := "the source", "target "+m.Active.Target
	if m.Kind == snapshot.KindReverse {
		from, to = "the side that the switch "+m.Reverses+" had led to", "the side that it had come from"
	}
	out := ""
	switch m.Active.Side {
	case api.ActiveNone:
		return "is stopped on both sides"
	case api.ActiveTarget:
		out = "runs at " + to
	default:
		out = "runs at " + from
	}
	if since := m.Active.Since; !since.IsZero() {
		out += ", since " + text.Took(now.Sub(since))
	}
	return out
}

func (p *page) route(m snapshot.Move, r *snapshot.Route) {
	p.line("")
	title := "Target " + r.Target
	if r.Endpoint != "" {
		title += ": " + r.Endpoint
	}
	if r.Target == m.Target && len(m.Routes) > 1 {
		title += " (it switches there)"
	}
	p.line(p.Style.paint(Bold, text.Cut(text.Plain(title), p.width())))
	p.steps(m, r)
	p.plan(r)
	p.volumes(r)
	p.copies(r)
}

func (p *page) plan(r *snapshot.Route) {
	if r.Plan == nil {
		return
	}
	for _, b := range r.Plan.Blockers {
		p.row("  blocker", strings.TrimSpace(b.Reason+" "+b.Object)+": "+b.Message, Bad)
	}
	if n := len(r.Plan.Warnings); n > 0 {
		p.row("  warnings", fmt.Sprintf("%d, which the plan has", n), Warn)
	}
}

// PlanLine is a plan in a line.
func PlanLine(r *snapshot.Plan) string {
	out := r.Hash + ": " + text.Count(int(r.Objects), "object") + ", " + text.Count(r.Volumes, "volume")
	if r.Volumes > r.Unknown {
		out += " with " + text.Size(r.Bytes)
	}
	if r.Unknown > 0 {
		out += fmt.Sprintf(", %d not looked through yet", r.Unknown)
	}
	return out
}

// copies says how old the copy is, and how long a switch would take.
func (p *page) copies(r *snapshot.Route) {
	p.row("  last copy", LastCopy(r, p.Now), Plain)
	p.row("  downtime", Downtime(r), Plain)
	if r.Stalled != nil {
		p.row("  stalled", r.Stalled.Reason+": "+r.Stalled.Message, Bad)
	}
}

// LastCopy says how old the copy is, and when the next run is due; empty: not everything was copied yet.
func LastCopy(r *snapshot.Route, now time.Time) string {
	if r.LastSuccess.IsZero() {
		return ""
	}
	last := ago(r.LastSuccess, now)
	if !r.NextRun.IsZero() && r.Run == nil {
		last += ", the next run " + due(r.NextRun, now)
	}
	return last
}

func due(next, now time.Time) string {
	if next.Before(now) {
		return "is due"
	}
	return "in " + text.Took(next.Sub(now))
}

// Downtime of a route in words: what it was, or what is predicted; empty: not known.
func Downtime(r *snapshot.Route) string {
	if s := r.Switch; s != nil && s.DowntimeSeconds > 0 && s.Switched {
		return text.Took(time.Duration(s.DowntimeSeconds) * time.Second)
	}
	if r.PredictedDowntimeSeconds <= 0 {
		return ""
	}
	out := "predicted " + text.Took(time.Duration(r.PredictedDowntimeSeconds)*time.Second)
	if d := r.Predicted; d != nil {
		out += fmt.Sprintf(" (stop %d s, copy %d s, own work %d s, start %d s)", d.StopSeconds, d.CopySeconds, d.OwnSeconds, d.StartSeconds)
	}
	return out
}

func (p *page) tail(m snapshot.Move) {
	if next := steer.Next(m, "status", p.Current); len(next) > 0 && !p.Quiet {
		p.line("")
		p.command("Next", next)
	}
}
