package demo

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTranscript(t *testing.T) {
	page := filepath.Join(t.TempDir(), "README.md")
	begin := transcriptBegin("TestX")
	require.NoError(t, os.WriteFile(page, []byte("above\n"+begin+"\n"+transcriptEnd+"\nbelow\n"), 0o600))
	for _, text := range []string{"first\n", "second\n$ third\n"} {
		require.NoError(t, WriteTranscript(page, "TestX", text))
		got, err := Transcript(page, "TestX")
		require.NoError(t, err)
		require.Equal(t, text, got)
	}
	data, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, "above\n"+begin+"\n```text\nsecond\n$ third\n```\n"+transcriptEnd+"\nbelow\n", string(data))

	require.NoError(t, os.WriteFile(page, []byte("above\n"), 0o600))
	require.ErrorContains(t, WriteTranscript(page, "TestX", "x"), "no place")
	_, err = Transcript(page, "TestX")
	require.ErrorContains(t, err, "no place")
}

func TestMasked(t *testing.T) {
	for name, tc := range map[string]struct {
		a, b string
		same bool
	}{
		"times":    {"   12s  The move: ten lines", "  101s  The move: ten lines", true},
		"hashes":   {"plan 3f6b1c2a9d8e7f60: 6 objects", "plan aaaa1c2a9d8e7f61: 7 objects", true},
		"clusters": {"of cluster b2b8f442-53dd-4793-b76b-883e936f0abe", "of cluster 1e0e4fc2-0000-4f2b-9ac1-0bffee14ecc6", true},
		"accounts": {"role/kubemove-dst-ee710660 applied", "role/kubemove-dst-20a4a12f applied", true},
		"minutes":  {"it takes about 50 s", "it takes about 1 min 10 s", true},
		"sizes":    {"1 volume with 990 B", "1 volume with 1.2 KiB", true},
		"Pods":     {"client-7d4b9c6f5-x2x9z wrote", "client-6b88fd76c-abcde wrote", true},
		"columns":  {"rows  1    2  ok", "rows  10   20 ok", true},
		"versions": {"PostgreSQL 15.18-0+deb12u1, from", "PostgreSQL 16.4-0ubuntu0.24.04.2, from", true},
		"copies": {"  2026-12-01 12:19:45Z  run Schedule  Succeeded  6 s   69.1 MiB in 980 files\nend",
			"  2026-12-01 12:19:45Z  run Schedule  Succeeded  -  -\n" +
				"  2026-12-01 12:20:15Z  run Schedule  Succeeded  1 s  1 KiB in 1 file\nend", true},
		"a failed copy": {"  2026-12-01 12:19:45Z  run Schedule  Succeeded  6 s\n", "  2026-12-01 12:19:45Z  run Schedule  Failed  6 s\n", false},
		"a verdict":     {"rows 1 2 ok", "rows 1 2 WRONG", false},
		"a step":        {"Quiesce 2s the", "RollBack 2s the", false},
		"a line more":   {"one\n", "one\ntwo\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.same {
				require.Equal(t, Masked(tc.a), Masked(tc.b))
				return
			}
			require.NotEqual(t, Masked(tc.a), Masked(tc.b))
		})
	}
}
