package lab

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestIsNewer asks programs that answer as the releases do: 1.5.20 and 4.17.2 name their flags and end with 2 or 0.
func TestIsNewer(t *testing.T) {
	for name, tc := range map[string]struct {
		script string
		want   bool
	}{
		"older": {"echo '  -debug-addr string' >&2; exit 2", false},
		"newer": {"echo '  -health-probe-bind-address string'", true},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "metacontroller")
			require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+tc.script+"\n"), 0o755))
			got, err := isNewer(t.Context(), path)
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
	_, err := isNewer(t.Context(), filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
