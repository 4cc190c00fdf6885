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

// stage of a route: what comes before its switch, and then the steps of that.
type stage struct {
	name    string
	mark    mark
	took    time.Duration
	message string
}

// stagesOf a route, in their order.
func stagesOf(m snapshot.Move, r *snapshot.Route, now time.Time) []stage {
	out := []stage{planStage(m, r), channelStage(r)}
	if copied, ok := copyStage(m, r, now); ok {
		out = append(out, copied)
	}
	if r.Switch == nil {
		return out
	}
	out = append(out, approvalStage(r.Switch))
	for _, s := range r.Switch.Steps {
		out = append(out, stage{name: s.Name, mark: markOf(s.State), took: s.Took(now), message: s.Message})
	}
	return out
}

func markOf(state string) mark {
	switch state {
	case snapshot.StepDone:
		return markDone
	case snapshot.StepFailed:
		return markFailed
	}
	return markRuns
}

func planStage(m snapshot.Move, r *snapshot.Route) stage {
	s := stage{name: "Plan"}
	switch {
	case r.Plan == nil || r.Plan.Hash == "":
		if m.Phase == snapshot.Planning {
			s.mark, s.message = markRuns, "is being made"
		}
		return s
	case len(r.Plan.Blockers) > 0:
		s.mark, s.message = markFailed, PlanLine(r.Plan)+"; "+text.Count(len(r.Plan.Blockers), "blocker")
		return s
	}
	s.mark, s.message = markDone, PlanLine(r.Plan)
	return s
}

func channelStage(r *snapshot.Route) stage {
	s := stage{name: "Channel", message: string(r.Channel)}
	if r.Transport != "" {
		s.message += ", by " + r.Transport
	}
	switch r.Channel {
	case api.ChannelActive, api.ChannelComplete:
		s.mark = markDone
	case api.ChannelUnknown:
		s.mark = markFailed
	case api.ChannelInProgress:
		s.mark = markRuns
	}
	return s
}

// copyStage is the first copy of a live move; false: there is none.
func copyStage(m snapshot.Move, r *snapshot.Route, now time.Time) (stage, bool) {
	s := stage{name: "First copy"}
	switch {
	case m.Mode != api.ModeLive || len(r.Volumes) == 0 && r.Channel == api.ChannelActive:
		return s, false
	case !r.LastSuccess.IsZero():
		s.mark = markDone
		if n := len(r.Runs); n > 0 && r.Runs[n-1].Trigger == api.TriggerInitial && r.Runs[n-1].Outcome == snapshot.Succeeded {
			s.took = time.Duration(r.Runs[n-1].Seconds) * time.Second
		}
	case r.Run != nil:
		s.mark, s.took = markRuns, max(0, now.Sub(r.Run.Started))
	}
	return s, true
}

func approvalStage(s *snapshot.Switch) stage {
	out := stage{name: "Approval"}
	switch {
	case s.Approved && s.Approval == api.ApprovalAutomatic:
		out.mark, out.message = markDone, "Automatic"
	case s.Approved:
		out.mark, out.message = markDone, "plan "+s.ApprovedPlan
	case s.ApprovedPlan != "" && s.PlanHash != "" && s.ApprovedPlan != s.PlanHash:
		out.mark, out.message = markFailed, "plan "+s.ApprovedPlan+" was approved, and the plan is now "+s.PlanHash
	}
	return out
}

// steps of a route, a line each.
func (p *page) steps(m snapshot.Move, r *snapshot.Route) {
	for _, s := range stagesOf(m, r, p.Now) {
		took := ""
		if s.took > 0 || s.mark == markRuns && s.name != "Plan" && s.name != "Channel" {
			took = text.Took(s.took)
		}
		head := pad(text.Cut(text.Plain(s.name), 11), 11) + left(took, 9) + "  "
		room := p.width() - 4 - len([]rune(head))
		lines := []string{""}
		if s.mark == markFailed {
			if found := wrap(text.Plain(s.message), room); len(found) > 0 {
				lines = found
			}
		} else {
			lines[0] = text.Cut(text.Plain(s.message), room)
		}
		p.line("  " + p.Style.mark(s.mark) + " " + head + lines[0])
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
	rows := make([]bar, 0, len(r.Volumes)+1)
	for _, v := range r.Volumes {
		rows = append(rows, bar{v.Claim, v.Progress, string(v.Stage), v.Error})
	}
	if len(r.Volumes) > 1 || r.Run != nil {
		rows = append(rows, bar{"all", r.Sum, pace(r.Run), ""})
	}
	p.bars(rows)
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

// bar is a line of a name, a bar, a percentage, bytes and a word; below it may be an error.
type bar struct {
	name     string
	progress snapshot.Progress
	word     string
	err      string
}

func (b bar) bytes() string {
	if b.progress.Percent == 100 || b.progress.Total == 0 {
		return text.Size(b.progress.Done)
	}
	return text.Size(b.progress.Done) + " of " + text.Size(b.progress.Total)
}

// bars below each other. Where they do not fit the bytes are left out, and then the words are cut.
func (p *page) bars(rows []bar) {
	const indent, least, most, percent = 4, 8, 40, 6
	name, bytes, word := 0, 0, 0
	for _, b := range rows {
		name, bytes = max(name, columns(b.name)), max(bytes, columns(b.bytes()))
		word = max(word, columns(b.word))
	}
	name = min(name, max(8, p.width()/4))
	room := p.width() - indent - name - 1 - 1 - percent
	if room-2-bytes-2-word < least {
		bytes = -2
	}
	word = max(0, min(word, room-2-bytes-2-least))
	wide := min(most, max(least, room-2-bytes-2-word))
	for _, b := range rows {
		line := strings.Repeat(" ", indent) + pad(text.Cut(text.Plain(b.name), name), name) + " " +
			p.Style.bar(b.progress.Percent, wide) + " " + left(fmt.Sprintf("%d %%", b.progress.Percent), percent)
		if bytes > 0 {
			line += "  " + pad(b.bytes(), bytes)
		}
		p.line(line + "  " + text.Cut(text.Plain(b.word), word))
		if b.err != "" {
			p.row("", b.err, bad)
		}
	}
}

// columns that a text of a cluster takes.
func columns(s string) int { return utf8.RuneCountInString(text.Plain(s)) }
