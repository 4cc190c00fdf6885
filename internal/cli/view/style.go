// Package view shows snapshots to people: pure functions of what was read, the width of the terminal and the time.
package view

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kubemove/kubemove/internal/text"
)

// Style of a text. The zero value has neither colours nor signs beyond ASCII.
type Style struct {
	// Colour, which is never the only sign of anything.
	Colour bool
	// Unicode: signs beyond ASCII.
	Unicode bool
}

// Options of a view.
type Options struct {
	// Width in columns; at least 40 are used.
	Width int
	// Now is the time from which ages are counted.
	Now   time.Time
	Style Style
	// Line makes a command line of words; nil: they are quoted, and nothing is added.
	Line func(words ...string) string
	// Current namespace: a command for a move of another one names it.
	Current string
	// Quiet leaves the next command out, as it is said elsewhere.
	Quiet bool
}

func (o Options) width() int { return max(o.Width, 40) }

func (o Options) line(words ...string) string {
	if o.Line == nil {
		return text.Command(words...)
	}
	return o.Line(words...)
}

// Tone of a word.
type Tone int

// The tones.
const (
	Plain Tone = iota
	Good
	Warn
	Bad
	Dim
	Bold
)

// String is the name of a tone.
func (t Tone) String() string {
	return [...]string{Plain: "plain", Good: "good", Warn: "warn", Bad: "bad", Dim: "dim", Bold: "bold"}[t]
}

// codes of the tones for a terminal.
var codes = map[Tone]string{Good: "32", Warn: "33", Bad: "31", Dim: "2", Bold: "1"}

// paint a word that is plain already.
func (s Style) paint(t Tone, word string) string {
	if !s.Colour || codes[t] == "" || word == "" {
		return word
	}
	return "\x1b[" + codes[t] + "m" + word + "\x1b[0m"
}

// Mark of a step.
type Mark int

// The marks.
const (
	MarkWaits Mark = iota
	MarkRuns
	MarkDone
	MarkFailed
)

// String is the name of a mark.
func (m Mark) String() string {
	return [...]string{MarkWaits: "waits", MarkRuns: "runs", MarkDone: "done", MarkFailed: "failed"}[m]
}

// mark of a step, with its tone.
func (s Style) mark(m Mark) string {
	signs := [...]string{".", ">", "+", "x"}
	if s.Unicode {
		signs = [...]string{"·", "▸", "✓", "✗"}
	}
	return s.paint([...]Tone{Dim, Warn, Good, Bad}[m], signs[m])
}

// bar of a percentage, in so many columns.
func (s Style) bar(percent, columns int) string {
	full, empty, open, end := "=", " ", "[", "]"
	if s.Unicode {
		full, empty, open, end = "█", "░", "", ""
	}
	columns = max(1, columns-len(open)-len(end))
	done := min(columns, max(0, percent)*columns/100)
	return open + s.paint(Good, strings.Repeat(full, done)) + s.paint(Dim, strings.Repeat(empty, columns-done)) + end
}

// pad a text that is plain already to so many columns.
func pad(s string, columns int) string {
	return s + strings.Repeat(" ", max(0, columns-utf8.RuneCountInString(s)))
}

// left pads a number in front.
func left(s string, columns int) string {
	return strings.Repeat(" ", max(0, columns-utf8.RuneCountInString(s))) + s
}

// wrap a text to lines of so many columns; a longer word stays as it is, or is cut into pieces.
func wrap(s string, columns int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		for utf8.RuneCountInString(word) > columns {
			if line != "" {
				lines, line = append(lines, line), ""
			}
			r := []rune(word)
			lines, word = append(lines, string(r[:columns])), string(r[columns:])
		}
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > columns:
			lines, line = append(lines, line), word
		default:
			line += " " + word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// ago is the time since then, such as "2 min ago"; a time to come is "in 2 min".
func ago(then, now time.Time) string {
	if then.After(now) {
		return "in " + text.Took(then.Sub(now))
	}
	return text.Took(now.Sub(then)) + " ago"
}

// age of an object as a table has it; empty: not known.
func age(then, now time.Time) string {
	if then.IsZero() {
		return ""
	}
	return text.Took(now.Sub(then))
}
