// Package text writes values for people: texts of clusters without what a terminal would carry out, numbers with their
// units, and words quoted for a shell. It is pure.
package text

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// lines and cells that a text would end.
var lines = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", " ")

// Plain is a text of a cluster without what a terminal would carry out, in one line.
func Plain(s string) string {
	s = strings.TrimSpace(lines.Replace(s))
	if strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError:
			_, size := utf8.DecodeRuneInString(s[i:])
			b.WriteString(strings.Trim(strconv.QuoteToASCII(s[i:i+size]), `"`))
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return b.String()
}

// Lines is Plain of each line of a text, such as that of a log.
func Lines(s string) string {
	parts := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, p := range parts {
		parts[i] = indentOf(p) + Plain(p)
	}
	return strings.Join(parts, "\n")
}

// indentOf a line: its blanks stay, as they may mean something.
func indentOf(line string) string {
	return line[:len(line)-len(strings.TrimLeft(line, " "))]
}

// Count is "1 volume" or "2 volumes".
func Count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Size of bytes, with a power of 1024 as its unit.
func Size(n int64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/1024, 0
	for value >= 1023.95 && unit < len(units)-1 {
		value, unit = value/1024, unit+1
	}
	return fmt.Sprintf("%.1f %ciB", value, units[unit])
}

// Estimate of seconds, which is rounded already: 40 s, 5 min, 1 h 15 min.
func Estimate(seconds int64) string {
	d := time.Duration(seconds) * time.Second
	hours, minutes := int64(d.Hours()), int64(d.Minutes())%60
	switch {
	case seconds < 60 || seconds < 3600 && seconds%60 != 0:
		return fmt.Sprintf("%d s", seconds)
	case hours == 0:
		return fmt.Sprintf("%d min", minutes)
	case minutes == 0:
		return fmt.Sprintf("%d h", hours)
	}
	return fmt.Sprintf("%d h %d min", hours, minutes)
}

// Took is a duration that was measured, in two units at most: 40 s, 5 min 3 s, 1 h 15 min, 3 d 2 h. A negative one, of
// clocks that differ, is none.
func Took(d time.Duration) string {
	s := int64(max(d, 0) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return two(s/60, "min", s%60, "s")
	case s < 24*3600:
		return two(s/3600, "h", s%3600/60, "min")
	}
	return two(s/86400, "d", s%86400/3600, "h")
}

func two(large int64, unit string, small int64, smallUnit string) string {
	if small == 0 {
		return fmt.Sprintf("%d %s", large, unit)
	}
	return fmt.Sprintf("%d %s %d %s", large, unit, small, smallUnit)
}

// Cut shortens a text to so many runes; an ellipsis is the last of them.
func Cut(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	if width <= 3 {
		return string([]rune(s)[:max(width, 0)])
	}
	return strings.TrimRight(string([]rune(s)[:width-3]), " ") + "..."
}
