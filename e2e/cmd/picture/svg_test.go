package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kubemove/kubemove/internal/cli/sample"
	"github.com/kubemove/kubemove/internal/cli/view"
)

// The picture has all that a terminal shows, in the same columns, and is valid.
func TestSVG(t *testing.T) {
	for _, name := range sample.Names() {
		plain := view.Render(sample.Move(name), view.Options{Width: 100, Now: sample.Now, Style: view.Style{Unicode: true}})
		drawn := view.Render(sample.Move(name), view.Options{Width: 100, Now: sample.Now, Style: view.Style{Unicode: true, Colour: true}})
		var lines strings.Builder
		for line := range strings.Lines(drawn) {
			for _, s := range spans(line) {
				lines.WriteString(s.text)
			}
		}
		require.Equal(t, plain, lines.String(), name)
		picture := svg("kubectl move status "+name, drawn)
		decoder := xml.NewDecoder(strings.NewReader(picture))
		for {
			_, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, name)
		}
		require.NotContains(t, picture, "\x1b")
		require.NotContains(t, picture, "  ", "blanks that a reader makes one")
	}
}
