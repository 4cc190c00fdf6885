package planfile

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/kubemove/kubemove/internal/text"
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
			if cells[i] = text.Plain(cell); cells[i] == "" {
				cells[i] = "-"
			}
		}
		if _, p.err = fmt.Fprintln(t, "  "+strings.Join(cells, "\t")); p.err != nil {
			return
		}
	}
	p.err = t.Flush()
}
