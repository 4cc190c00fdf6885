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

// Table of all moves, a line each. wide adds columns, namespaces one for the namespace.
func Table(s snapshot.Snapshot, wide, namespaces bool, o Options) string {
	head := []string{"NAME", "MODE", "PHASE", "ACTIVE", "TARGET", "DATA", "LAST COPY", "DOWNTIME", "AGE"}
	if wide {
		head = append(head, "PLAN", "STEP", "STALLED")
	}
	if namespaces {
		head = append([]string{"NAMESPACE"}, head...)
	}
	rows := [][]string{head}
	for _, m := range s.Moves {
		row := moveRow(m, wide, o.Now)
		if namespaces {
			row = append([]string{m.Namespace}, row...)
		}
		rows = append(rows, row)
	}
	return Columns(rows, o, func(row, column int) Tone {
		if row > 0 && rows[0][column] == "PHASE" {
			return ToneOf(s.Moves[row-1].Phase)
		}
		return Plain
	})
}

// Row of a move in a table; a cell of which nothing is known is empty.
type Row struct{ Name, Mode, Phase, Active, Target, Data, LastCopy, Downtime, Age string }

// RowOf a move.
func RowOf(m snapshot.Move, now time.Time) Row {
	name := m.Name
	if m.Kind == snapshot.KindReverse {
		name = m.Key()
	}
	r := m.Route("")
	if r == nil {
		r = &snapshot.Route{}
	}
	last := ""
	if !r.LastSuccess.IsZero() {
		last = ago(r.LastSuccess, now)
	}
	return Row{Name: name, Mode: string(m.Mode), Phase: string(m.Phase), Active: side(m), Target: m.Target, Data: data(r), LastCopy: last,
		Downtime: downtime(r), Age: age(m.Created, now)}
}

func moveRow(m snapshot.Move, wide bool, now time.Time) []string {
	c := RowOf(m, now)
	row := []string{c.Name, c.Mode, c.Phase, c.Active, c.Target, c.Data, c.LastCopy, c.Downtime, c.Age}
	if !wide {
		return row
	}
	hash, stalled := "", ""
	if r := m.Route(""); r != nil && r.Plan != nil {
		hash = r.Plan.Hash
	}
	if m.Stalled != nil {
		stalled = m.Stalled.Reason
	}
	return append(row, hash, m.Step, stalled)
}

// side where the application runs: the target by its name.
func side(m snapshot.Move) string {
	if m.Active.Side == api.ActiveTarget && m.Active.Target != "" {
		return m.Active.Target
	}
	return string(m.Active.Side)
}

// data is how far the run that goes on is.
func data(r *snapshot.Route) string {
	if r.Run == nil || len(r.Volumes) == 0 {
		return ""
	}
	return fmt.Sprintf("%d%%", r.Sum.Percent)
}

// downtime that a switch took, or that is predicted, which a tilde says.
func downtime(r *snapshot.Route) string {
	if s := r.Switch; s != nil && s.Switched && s.DowntimeSeconds > 0 {
		return text.Took(time.Duration(s.DowntimeSeconds) * time.Second)
	}
	if r.PredictedDowntimeSeconds > 0 {
		return "~" + text.Took(time.Duration(r.PredictedDowntimeSeconds)*time.Second)
	}
	return ""
}

// Columns of cells, as wide as their widest cell, with two blanks between. Cells are made plain, and empty ones are "-". A tone
// paints a cell; nil: none is painted.
func Columns(rows [][]string, o Options, paint func(row, column int) Tone) string {
	var widths []int
	cells := make([][]string, len(rows))
	for i, row := range rows {
		for j, cell := range row {
			if cell = text.Plain(cell); cell == "" {
				cell = "-"
			}
			cells[i] = append(cells[i], cell)
			if j == len(widths) {
				widths = append(widths, 0)
			}
			widths[j] = max(widths[j], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for i, row := range cells {
		var line strings.Builder
		for j, cell := range row {
			gap := strings.Repeat(" ", widths[j]-utf8.RuneCountInString(cell)+2)
			if paint != nil {
				cell = o.Style.paint(paint(i, j), cell)
			}
			if j == len(row)-1 {
				gap = ""
			}
			line.WriteString(cell + gap)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
