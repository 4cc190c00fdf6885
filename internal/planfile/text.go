package planfile

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"
)

// page is a text that is written section by section; the first error stays.
type page struct {
	w   io.Writer
	err error
}

func (p *page) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// title of a section, with a blank line before it.
func (p *page) title(format string, args ...any) { p.line("\n"+format, args...) }

// table with columns as wide as their widest cell. Cells are made plain; empty ones are shown as "-".
func (p *page) table(rows [][]string) {
	if p.err != nil {
		return
	}
	t := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			if cells[i] = plain(cell); cells[i] == "" {
				cells[i] = "-"
			}
		}
		if _, p.err = fmt.Fprintln(t, "  "+strings.Join(cells, "\t")); p.err != nil {
			return
		}
	}
	p.err = t.Flush()
}

// lines and cells that a text would end.
var lines = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", " ")

// plain is a text of a cluster without what a terminal would carry out, in one line.
func plain(s string) string {
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

// count is "1 volume" or "2 volumes".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// size of bytes, with a power of 1024 as its unit.
func size(n int64) string {
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

// duration of an estimate, which is rounded already: 40 s, 5 min, 1 h 15 min.
func duration(seconds int64) string {
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
