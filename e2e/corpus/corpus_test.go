//go:build corpus

package corpus

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kubemove/kubemove/e2e/lab"
)

var update = flag.Bool("update", false, "write testdata/outcomes.txt anew")

// foreseen are objects that the plan of a file has to name in a warning or a blocker: what waits for
// them waits in vain at the target.
var foreseen = map[string][]string{
	"awaited-job.yaml":         {"Job.batch/portal-migrations-7", "Job.batch/portal-search-index"},
	"node-port-discovery.yaml": {"Service/broker-0-external", "Service/broker-1-external"},
}

// TestCorpus takes every file of testdata through a real API server. It compiles that once,
// which takes minutes, so it is run by make corpus alone.
func TestCorpus(t *testing.T) {
	const outcomes = "testdata/outcomes.txt"
	files, err := Load("testdata")
	require.NoError(t, err)
	api, err := lab.StartAPIServer(t.Context(), "", os.Stderr)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, api.Stop()) })
	config, err := api.Config()
	require.NoError(t, err)
	runner, err := NewRunner(config)
	require.NoError(t, err)
	start := time.Now()
	var all []Result
	var got strings.Builder
	for _, file := range files {
		t.Run(file.Name, func(t *testing.T) {
			results, err := runner.Run(t.Context(), file)
			require.NoError(t, err)
			all = append(all, results...)
			for i := range results {
				results[i].Write(os.Stdout, false)
				got.WriteString(results[i].Outcome() + "\n")
			}
			for _, r := range results {
				require.Empty(t, r.Failures)
				require.Empty(t, r.Notes, "the corpus holds only what the API server takes")
				for _, object := range foreseen[file.Name] {
					require.True(t, mentions(strings.Join(append(r.Warnings, r.Blockers...), "\n"), object),
						"%s is in no warning or blocker: %q", object, r.Warnings)
				}
			}
		})
	}
	Summary(os.Stdout, all, time.Since(start))
	if *update {
		require.NoError(t, os.WriteFile(outcomes, []byte(got.String()), 0o644))
	}
	want, err := os.ReadFile(outcomes)
	require.NoError(t, err)
	require.Equal(t, string(want), got.String(), "what moves, stays and is refused; go test -tags corpus -update writes it anew")
}
