package bench

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWrite(t *testing.T) {
	s := Set{Name: "some", Files: 150, Least: 10, Most: 30}
	a, b, c := t.TempDir(), t.TempDir(), t.TempDir()
	first, err := s.write(t.Context(), a, 1)
	require.NoError(t, err)
	second, err := s.write(t.Context(), b, 1)
	require.NoError(t, err)
	_, err = s.write(t.Context(), c, 2)
	require.NoError(t, err)
	require.Equal(t, int64(150), first.Files)
	require.Equal(t, first, second)
	require.Equal(t, read(t, a), read(t, b), "the same seed gives the same files")
	require.NotEqual(t, read(t, a), read(t, c), "another seed gives others")
	require.Len(t, read(t, a), 150)
	for path, content := range read(t, a) {
		require.True(t, len(content) >= 10 && len(content) <= 30, "%s has %d bytes", path, len(content))
	}
	require.NoError(t, same(first, b))

	require.NoError(t, os.Truncate(filepath.Join(b, "0000", "000000"), 1))
	require.ErrorContains(t, same(first, b), "expected 150 files")
	require.NoError(t, os.Remove(filepath.Join(a, "0001", "000100")))
	require.ErrorContains(t, same(first, a), "holds 149 files")
}

func TestWriteIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Set{Files: 1, Most: 1}.write(ctx, t.TempDir(), 1)
	require.ErrorIs(t, err, context.Canceled)
}

// read returns the files of a folder.
func read(t *testing.T, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	files, err := filepath.Glob(filepath.Join(root, "*", "*"))
	require.NoError(t, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		rel, err := filepath.Rel(root, file)
		require.NoError(t, err)
		out[rel] = string(data)
	}
	return out
}
