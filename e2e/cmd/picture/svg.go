package main

import (
	"fmt"
	"html"
	"strings"
	"unicode/utf8"
)

// Measures of a letter in the picture, and of its frame.
const (
	letterWidth = 8.4
	lineHeight  = 20
	margin      = 20
	head        = 44
	blank       = "\u00a0"
)

// colours of the codes of a terminal.
var colours = map[string]string{"32": "#6fcf97", "33": "#e8b55a", "31": "#f28b82", "2": "#93a1b0"}

// svg is a picture of a terminal, with a title, that has drawn a text. It knows the codes that the view writes.
func svg(title, drawn string) string {
	lines := strings.Split(strings.TrimRight(drawn, "\n"), "\n")
	var body strings.Builder
	widest := utf8.RuneCountInString(title) + 8
	for i, line := range lines {
		y := head + margin + i*lineHeight
		columns := 0
		for _, s := range spans(line) {
			x := margin + float64(columns)*letterWidth
			n := utf8.RuneCountInString(s.text)
			if strings.TrimSpace(s.text) != "" {
				// The length, and blanks that are not made one, keep columns below each other, whatever the font of the reader.
				fmt.Fprintf(&body, `<text x="%.1f" y="%d" textLength="%.1f" lengthAdjust="spacingAndGlyphs"%s>%s</text>`+"\n",
					x, y, float64(n)*letterWidth, s.style(), html.EscapeString(strings.ReplaceAll(s.text, " ", blank)))
			}
			columns += n
		}
		widest = max(widest, columns)
	}
	width, height := 2*margin+float64(widest)*letterWidth, head+margin+len(lines)*lineHeight
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" role="img" aria-label="%s">
<rect width="100%%" height="100%%" rx="8" fill="#12171d"/>
<text x="%d" y="28" font-family="monospace" font-size="13" fill="#93a1b0">$ %s</text>
<g font-family="monospace" font-size="14" fill="#d9e0e8">
%s</g>
</svg>
`, width, height, html.EscapeString(title), margin, html.EscapeString(title), body.String())
}

// span of a line in one style.
type span struct{ text, code string }

func (s span) style() string {
	switch {
	case s.code == "1":
		return ` font-weight="bold"`
	case colours[s.code] != "":
		return ` fill="` + colours[s.code] + `"`
	}
	return ""
}

// spans of a line with codes of a terminal.
func spans(line string) []span {
	var out []span
	code := ""
	for line != "" {
		text, rest, found := strings.Cut(line, "\x1b[")
		if text != "" {
			out = append(out, span{text, code})
		}
		if !found {
			break
		}
		code, line, _ = strings.Cut(rest, "m")
	}
	return out
}
