package view

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/text"
)

// Stage of a route: what comes before its switch, and then the steps of that.
type Stage struct {
	Name    string
	Mark    Mark
	Message string
	// took so far; 0: it is not told.
	took time.Duration
}

// Took so far, in words; empty: it is not told.
func (s Stage) Took() string {
	if s.took > 0 || s.Mark == MarkRuns && s.Name != "Plan" && s.Name != "Channel" {
		return text.Took(s.took)
	}
	return ""
}

// Stages of a route, in their order.
func Stages(m snapshot.Move, r *snapshot.Route, now time.Time) []Stage {
	out := []Stage{planStage(m, r), channelStage(r)}
	if copied, ok := copyStage(m, r, now); ok {
		out = append(out, copied)
	}
	if r.Switch == nil {
		return out
	}
	out = append(out, approvalStage(r.Switch))
	for _, s := range r.Switch.Steps {
		out = append(out, Stage{Name: s.Name, Mark: markOf(s.State), took: s.Took(now), Message: s.Message})
	}
	return out
}

func markOf(state string) Mark {
	switch state {
	case snapshot.StepDone:
		return MarkDone
	case snapshot.StepFailed:
		return MarkFailed
	}
	return MarkRuns
}

func planStage(m snapshot.Move, r *snapshot.Route) Stage {
	s := Stage{Name: "Plan"}
	switch {
	case r.Plan == nil || r.Plan.Hash == "":
		if m.Phase == snapshot.Planning {
			s.Mark, s.Message = MarkRuns, "is being made"
		}
		return s
	case len(r.Plan.Blockers) > 0:
		s.Mark, s.Message = MarkFailed, PlanLine(r.Plan)+"; "+text.Count(len(r.Plan.Blockers), "blocker")
		return s
	}
	s.Mark, s.Message = MarkDone, PlanLine(r.Plan)
	return s
}

func channelStage(r *snapshot.Route) Stage {
	s := Stage{Name: "Channel", Message: string(r.Channel)}
	if r.Transport != "" {
		s.Message += ", by " + r.Transport
	}
	switch r.Channel {
	case api.ChannelActive, api.ChannelComplete:
		s.Mark = MarkDone
	case api.ChannelUnknown:
		s.Mark = MarkFailed
	case api.ChannelInProgress:
		s.Mark = MarkRuns
	}
	return s
}

// copyStage is the first copy of a live move; false: there is none.
func copyStage(m snapshot.Move, r *snapshot.Route, now time.Time) (Stage, bool) {
	s := Stage{Name: "First copy"}
	switch {
	case m.Mode != api.ModeLive || len(r.Volumes) == 0 && r.Channel == api.ChannelActive:
		return s, false
	case !r.LastSuccess.IsZero():
		s.Mark = MarkDone
		if n := len(r.Runs); n > 0 && r.Runs[n-1].Trigger == api.TriggerInitial && r.Runs[n-1].Outcome == snapshot.Succeeded {
			s.took = time.Duration(r.Runs[n-1].Seconds) * time.Second
		}
	case r.Run != nil:
		s.Mark, s.took = MarkRuns, max(0, now.Sub(r.Run.Started))
	}
	return s, true
}

func approvalStage(s *snapshot.Switch) Stage {
	out := Stage{Name: "Approval"}
	switch {
	case s.Approved && s.Approval == api.ApprovalAutomatic:
		out.Mark, out.Message = MarkDone, "Automatic"
	case s.Approved:
		out.Mark, out.Message = MarkDone, "plan "+s.ApprovedPlan
	case s.ApprovedPlan != "" && s.PlanHash != "" && s.ApprovedPlan != s.PlanHash:
		out.Mark, out.Message = MarkFailed, "plan "+s.ApprovedPlan+" was approved, and the plan is now "+s.PlanHash
	}
	return out
}

// steps of a route, a line each.
func (p *page) steps(m snapshot.Move, r *snapshot.Route) {
	for _, s := range Stages(m, r, p.Now) {
		head := pad(text.Cut(text.Plain(s.Name), 11), 11) + left(s.Took(), 9) + "  "
		room := p.width() - 4 - len([]rune(head))
		lines := []string{""}
		if s.Mark == MarkFailed {
			if found := wrap(text.Plain(s.Message), room); len(found) > 0 {
				lines = found
			}
		} else {
			lines[0] = text.Cut(text.Plain(s.Message), room)
		}
		p.line("  " + p.Style.mark(s.Mark) + " " + head + lines[0])
		for _, l := range lines[1:] {
			p.line(strings.Repeat(" ", p.width()-room) + l)
		}
	}
}

// volumes of a route, with a bar each, and their sum.
func (p *page) volumes(r *snapshot.Route) {
	if len(r.Volumes) == 0 {
		return
	}
	title := "Data"
	if r.Run != nil {
		title = "Data, run " + text.Plain(string(r.Run.Trigger))
	}
	p.line("")
	p.line("  " + title)
	p.bars(Bars(r))
}

// Bars of the volumes of a route, and of their sum where that says more.
func Bars(r *snapshot.Route) []Bar {
	out := make([]Bar, 0, len(r.Volumes)+1)
	for _, v := range r.Volumes {
		out = append(out, Bar{v.Claim, v.Progress, string(v.Stage), v.Error})
	}
	if len(r.Volumes) > 1 || len(r.Volumes) > 0 && r.Run != nil {
		out = append(out, Bar{"all", r.Sum, pace(r.Run), ""})
	}
	return out
}

// pace of a run: its rate and the time that is left; empty: not known.
func pace(r *snapshot.Run) string {
	if r == nil || r.BytesPerSecond <= 0 {
		return ""
	}
	out := text.Size(r.BytesPerSecond) + "/s"
	if r.ETASeconds > 0 {
		out += ", " + text.Took(time.Duration(r.ETASeconds)*time.Second) + " left"
	}
	return out
}

// Bar is a line of a name, a bar, a percentage, bytes and a word; below it may be an error.
type Bar struct {
	Name     string
	Progress snapshot.Progress
	Word     string
	Err      string
}

// Bytes of it in words.
func (b Bar) Bytes() string {
	if b.Progress.Percent == 100 || b.Progress.Total == 0 {
		return text.Size(b.Progress.Done)
	}
	return text.Size(b.Progress.Done) + " of " + text.Size(b.Progress.Total)
}

// bars below each other. Where they do not fit the bytes are left out, and then the words are cut.
func (p *page) bars(rows []Bar) {
	const indent, least, most, percent = 4, 8, 40, 6
	name, bytes, word := 0, 0, 0
	for _, b := range rows {
		name, bytes = max(name, columns(b.Name)), max(bytes, columns(b.Bytes()))
		word = max(word, columns(b.Word))
	}
	name = min(name, max(8, p.width()/4))
	room := p.width() - indent - name - 1 - 1 - percent
	if room-2-bytes-2-word < least {
		bytes = -2
	}
	word = max(0, min(word, room-2-bytes-2-least))
	wide := min(most, max(least, room-2-bytes-2-word))
	for _, b := range rows {
		line := strings.Repeat(" ", indent) + pad(text.Cut(text.Plain(b.Name), name), name) + " " +
			p.Style.bar(b.Progress.Percent, wide) + " " + left(fmt.Sprintf("%d %%", b.Progress.Percent), percent)
		if bytes > 0 {
			line += "  " + pad(b.Bytes(), bytes)
		}
		p.line(line + "  " + text.Cut(text.Plain(b.Word), word))
		if b.Err != "" {
			p.row("", b.Err, Bad)
		}
	}
}

// columns that a text of a cluster takes.
func columns(s string) int { return utf8.RuneCountInString(text.Plain(s)) }
