package e2e

import (
	"bytes"
	"context"
	"flag"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/kubemove/kubemove/e2e/demo"
)

var update = flag.Bool("update", false, "write the transcripts of pages anew")

// TestPostgresLive runs the demo and then the page of the same example: both have its namespace.
func TestPostgresLive(t *testing.T) {
	t.Parallel()
	t.Run("demo", demoShowsWhatThePageShows)
	t.Run("page", postgresLivePage)
}

// demoShowsWhatThePageShows runs what "make demo" runs, in the clusters that are up.
func demoShowsWhatThePageShows(t *testing.T) {
	// What an earlier run has left is none of the transcript.
	require.NoError(t, demo.New(clusters, t.Output(), false).Remove(t.Context()))
	var out bytes.Buffer
	out.WriteString("$ make demo\n")
	show := demo.New(clusters, &out, false)
	t.Cleanup(func() { require.NoError(t, demo.New(clusters, t.Output(), false).Remove(context.Background())) })
	facts, err := show.Run(t.Context())
	t.Log("\n" + out.String())
	require.NoError(t, err)
	require.Len(t, facts, 16, "eight on each side")
	for _, journey := range [][]demo.Fact{facts[:8], facts[8:]} {
		at := map[string]string{}
		for _, f := range journey {
			require.NoError(t, f.Wrong, f.What)
			at[f.What] = f.Source + "/" + f.Target
		}
		require.Len(t, at, 8)
		require.Equal(t, "200000/200000", at["rows in accounts"])
		require.Equal(t, "0/2", at["Pods"])
	}
	for _, n := range demo.Next() {
		said, err := show.Shell(t.Context(), n[0])
		require.NoError(t, err)
		require.NotEmpty(t, said, n[0])
	}

	transcript := out.String()
	lines := strings.Split(strings.TrimSpace(transcript), "\n")
	require.LessOrEqual(t, len(lines), 120, "a reader has little time")
	for _, line := range lines {
		require.LessOrEqual(t, utf8.RuneCountInString(line), 120, line)
	}
	sameAsWritten(t, "examples/postgres-live/README.md", "TestPostgresLive/demo", transcript)
}

// sameAsWritten compares a transcript with the one that a page has of a test, but for times and the like; with -update it writes it.
func sameAsWritten(t *testing.T, page, test, transcript string) {
	t.Helper()
	page = filepath.Join(clusters.Root, page)
	if *update {
		require.NoError(t, demo.WriteTranscript(page, test, transcript))
	}
	written, err := demo.Transcript(page, test)
	require.NoError(t, err)
	require.Equal(t, demo.Masked(written), demo.Masked(transcript),
		"the page shows something else; write it anew: cd e2e && go test -run %s . -update", test)
}
