package demo

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// teller writes what the demo does, for a person to read.
type teller struct {
	out   io.Writer
	start time.Time
	// live: out is a terminal, on which a line can be written over.
	live bool
	// over is what stands on the line that is to be written over; empty when there is none.
	over string
}

// indent of what belongs to a step; as wide as the time before a step.
const indent = "       "

// step begins a part of the demo, with the time since its start.
func (t *teller) step(format string, args ...any) {
	if t.live {
		t.line("")
	}
	t.line("%5s  %s", fmt.Sprintf("%.0fs", time.Since(t.start).Seconds()), fmt.Sprintf(format, args...))
}

// say tells more about a step.
func (t *teller) say(format string, args ...any) {
	for line := range strings.Lines(fmt.Sprintf(format, args...)) {
		t.line("%s%s", indent, strings.TrimRight(line, "\n"))
	}
}

// command shows a command as a user would type it.
func (t *teller) command(text string) { t.say("$ %s", text) }

// progress shows what goes on just now. Where a line cannot be written over nothing is shown:
// what stays is said when it is done.
func (t *teller) progress(format string, args ...any) {
	if !t.live {
		return
	}
	text := fmt.Sprintf(format, args...)
	const width = 72 // Longer lines wrap on a narrow terminal, and cannot be written over.
	if len(text) > width {
		text = text[:width-3] + "..."
	}
	if text != t.over {
		fmt.Fprintf(t.out, "\r\x1b[K%s%s", indent, text)
		t.over = text
	}
}

// line prints one line that stays.
func (t *teller) line(format string, args ...any) {
	if t.over != "" {
		fmt.Fprint(t.out, "\r\x1b[K")
		t.over = ""
	}
	fmt.Fprintln(t.out, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}
