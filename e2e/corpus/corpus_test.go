//go:build corpus

package corpus

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kubemove/kubemove/e2e/lab"
)

// TestCorpus takes every file of testdata through a real API server. It compiles that once,
// which takes minutes, so it is run by make corpus alone.
func TestCorpus(t *testing.T) {
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
	for _, file := range files {
		t.Run(file.Name, func(t *testing.T) {
			results, err := runner.Run(t.Context(), file)
			require.NoError(t, err)
			require.NotEmpty(t, results)
			for i := range results {
				results[i].Write(os.Stdout, false)
				require.Empty(t, results[i].Failures)
				require.Empty(t, results[i].Notes, "the corpus holds only what the API server takes")
			}
			all = append(all, results...)
		})
	}
	Summary(os.Stdout, all, time.Since(start))
}
