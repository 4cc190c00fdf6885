package view

import (
	"fmt"
	"strings"

	"github.com/kubemove/kubemove/internal/cli/check"
	"github.com/kubemove/kubemove/internal/text"
)

var outcomeTones = map[check.Outcome]Tone{check.OK: Good, check.Warning: Warn, check.Failed: Bad, check.Skipped: Dim}

// Checks in their groups, a line each, with what is wrong and how to fix it below.
func Checks(r check.Report, o Options) string {
	signs := map[check.Outcome]string{check.OK: "+", check.Warning: "!", check.Failed: "x", check.Skipped: "."}
	if o.Style.Unicode {
		signs = map[check.Outcome]string{check.OK: "✓", check.Warning: "‼", check.Failed: "✗", check.Skipped: "·"}
	}
	var b strings.Builder
	width := 0
	for _, x := range r.Results {
		width = max(width, len(x.ID))
	}
	group := ""
	for _, x := range r.Results {
		if x.Group != group {
			if group != "" {
				b.WriteString("\n")
			}
			group = x.Group
			b.WriteString(o.Style.paint(Bold, group) + "\n")
		}
		message := text.Plain(x.Message)
		if x.Result == check.Skipped {
			message = "skipped: " + message
		}
		fmt.Fprintf(&b, "  %s %s  %s\n", o.Style.paint(outcomeTones[x.Result], signs[x.Result]), pad(x.ID, width), message)
		if x.Result == check.OK || x.Result == check.Skipped {
			continue
		}
		for _, d := range x.Details {
			fmt.Fprintf(&b, "      %s\n", text.Plain(d))
		}
		fmt.Fprintf(&b, "      hint: %s\n      see:  %s\n", text.Plain(x.Hint), x.Link)
	}
	fmt.Fprintf(&b, "\n%s\n", CheckSummary(r))
	return b.String()
}

// CheckSummary counts the results.
func CheckSummary(r check.Report) string {
	parts := []string{fmt.Sprintf("%d ok", r.Count(check.OK))}
	for _, x := range []struct {
		outcome check.Outcome
		what    string
	}{{check.Warning, "warning"}, {check.Failed, "failure"}} {
		if n := r.Count(x.outcome); n > 0 {
			parts = append(parts, text.Count(n, x.what))
		}
	}
	if n := r.Count(check.Skipped); n > 0 {
		parts = append(parts, fmt.Sprintf("%d skipped", n))
	}
	return strings.Join(parts, ", ")
}

// CheckTable has a line for each check. wide adds what is wrong with which object, and how to fix it.
func CheckTable(r check.Report, wide bool, o Options) string {
	head := []string{"CHECK", "RESULT", "MESSAGE"}
	if wide {
		head = append(head, "DETAILS", "HINT", "LINK")
	}
	rows := [][]string{head}
	for _, x := range r.Results {
		row := []string{x.ID, string(x.Result), x.Message}
		if wide {
			row = append(row, strings.Join(x.Details, "; "), x.Hint, x.Link)
		}
		rows = append(rows, row)
	}
	return Columns(rows, o, func(row, column int) Tone {
		if row > 0 && column == 1 {
			return outcomeTones[r.Results[row-1].Result]
		}
		return Plain
	})
}
