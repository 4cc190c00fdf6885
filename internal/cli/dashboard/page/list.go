package page

import (
	"fmt"

	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/view"
	"github.com/kubemove/kubemove/internal/text"
)

// most moves of a list; more are not read by a person, and a browser would take long.
const most = 500

// List of all moves.
type List struct {
	// Counts of the moves by their phases, in the order in which they are listed.
	Counts []Count
	Rows   []Row
	// More says how many are not listed; empty: all are.
	More string
	// Empty says that there are none, and Command what to run then.
	Empty, Command string
	// Namespaces: the moves are of several of them.
	Namespaces bool
}

// Count of moves in a phase.
type Count struct {
	Phase, Tone string
	Count       int
}

// Row of a list.
type Row struct {
	view.Row
	Namespace, Path, Tone, Step, Stalled string
	// Bar of the run that goes on; nil: none does.
	Bar *Bar
}

// NewList of the moves of a snapshot.
func NewList(s snapshot.Snapshot, o Options) *Page {
	l := &List{Namespaces: o.Namespace == ""}
	index := map[snapshot.Phase]int{}
	for i := range s.Moves {
		m := s.Moves[i]
		at, ok := index[m.Phase]
		if !ok {
			at = len(l.Counts)
			index[m.Phase] = at
			l.Counts = append(l.Counts, Count{Phase: string(m.Phase), Tone: view.ToneOf(m.Phase).String()})
		}
		l.Counts[at].Count++
		if i < most {
			l.Rows = append(l.Rows, row(s, m))
		}
	}
	if n := len(s.Moves) - most; n > 0 {
		l.More = text.Count(n, "more move") + fmt.Sprintf(" not listed: the first %d are. With --namespace there are fewer.", most)
	}
	if len(s.Moves) == 0 {
		l.Empty = "There are no moves in " + scope(o.Namespace) + "."
		l.Command = o.command(snapshot.Move{Namespace: o.Current}, "kubectl", "move", "init", "--output", "moveengine.yaml")
	}
	return &Page{Title: "Moves of " + scope(o.Namespace), At: stamp(s.At), List: l}
}

func row(s snapshot.Snapshot, m snapshot.Move) Row {
	r := Row{Row: view.RowOf(m, s.At), Namespace: m.Namespace, Path: Path("moves", m), Tone: view.ToneOf(m.Phase).String()}
	if step := view.PhaseLine(m); step != r.Phase {
		r.Step = m.Step
	}
	if m.Stalled != nil {
		r.Stalled = m.Stalled.Reason
	}
	if route := m.Route(""); r.Data != "" && route != nil {
		bars := view.Bars(route)
		r.Bar = bar(bars[len(bars)-1])
	}
	return r
}
