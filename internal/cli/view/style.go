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

// tone of a word.
type tone int

const (
	plain tone = iota
	good
	warn
	bad
	dim
	bold
)

// codes of the tones for a terminal.
var codes = map[tone]string{good: "32", warn: "33", bad: "31", dim: "2", bold: "1"}

// paint a word that is plain already.
func (s Style) paint(t tone, word string) string {
	if !s.Colour || codes[t] == "" || word == "" {
		return word
	}
	return "\x1b[" + codes[t] + "m" + word + "\x1b[0m"
}

// Marks of a step.
type mark int

const (
	markWaits mark = iota
	markRuns
	markDone
	markFailed
)

// mark of a step, with its tone.
func (s Style) mark(m mark) string {
	signs := [...]string{".", ">", "+", "x"}
	if s.Unicode {
		signs = [...]string{"·", "▸", "✓", "✗"}
	}
	return s.paint([...]tone{dim, warn, good, bad}[m], signs[m])
}

// bar of a percentage, in so many columns.
func (s Style) bar(percent, columns int) string {
	full, empty, open, end := "=", " ", "[", "]"
	if s.Unicode {
		full, empty, open, end = "█", "░", "", ""
	}
	columns = max(1, columns-len(open)-len(end))
	done := min(columns, max(0, percent)*columns/100)
	return open + s.paint(good, strings.Repeat(full, done)) + s.paint(dim, strings.Repeat(empty, columns-done)) + end
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
