package cli

import (
	"fmt"
	"strings"

	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/view"
)

// live is a view that changes: drawn in place on a terminal, otherwise a line at a change. It writes to the error output, as it is
// no result; for status --watch it is the result.
type live struct {
	kit *kit.Kit
	// key of the move that is shown; empty: the table of all.
	key  string
	wide bool
	// namespaces in the table.
	namespaces bool
	out        any
	former     snapshot.Snapshot
	// drawn lines of the last frame, and the lines that were said.
	drawn int
	said  map[string]bool
	write func(string)
}

func newLive(k *kit.Kit, key string) *live {
	return &live{kit: k, key: key, out: k.ErrOut, said: map[string]bool{}, write: func(s string) { fmt.Fprint(k.ErrOut, s) }}
}

// onOut writes to the output instead.
func (l *live) onOut() *live {
	l.out, l.write = l.kit.Out, func(s string) { fmt.Fprint(l.kit.Out, s) }
	return l
}

// show a reading.
func (l *live) show(s snapshot.Snapshot) {
	s = s.After(l.former)
	l.former = s
	o := view.Options{Width: l.kit.Width(l.out), Now: s.At, Style: l.kit.Style(l.out), Line: l.kit.Line, Current: l.kit.Current()}
	if !l.kit.Redraws(l.out) {
		for _, line := range view.Lines(s, l.key) {
			if !l.said[line] {
				l.said[line] = true
				l.write(s.At.Format("15:04:05") + " " + line + "\n")
			}
		}
		return
	}
	l.draw(l.frame(s, o))
}

func (l *live) frame(s snapshot.Snapshot, o view.Options) string {
	if l.key == "" {
		return view.Table(s, l.wide, l.namespaces, o)
	}
	for _, m := range s.Moves {
		if m.Key() == l.key {
			return view.Render(m, o)
		}
	}
	return l.key + " is gone\n"
}

// draw a frame over the one before it: up, each line anew, and what is left below is cleared.
func (l *live) draw(frame string) {
	var b strings.Builder
	if l.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", l.drawn)
	}
	lines := strings.Split(strings.TrimSuffix(frame, "\n"), "\n")
	if most := l.kit.Height(l.out) - 1; most > 1 && len(lines) > most {
		// What has left the screen cannot be drawn over.
		lines = append(lines[:most-1:most-1], fmt.Sprintf("... %d lines more", len(lines)-most+1))
	}
	for _, line := range lines {
		b.WriteString("\r" + line + "\x1b[K\n")
	}
	b.WriteString("\x1b[J")
	l.drawn = len(lines)
	l.write(b.String())
}

// end of the view: what follows is written below it.
func (l *live) end() { l.drawn = 0 }
