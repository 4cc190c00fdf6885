package bench

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFlagsAreTheMobilizers: every flag of the benchmark is one that stands in the mobilizer.
func TestFlagsAreTheMobilizers(t *testing.T) {
	files, err := filepath.Glob("../../ddm/restic/*.go")
	require.NoError(t, err)
	code := ""
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		code += string(data)
	}
	for _, arg := range slices.Concat(initCall(), backupCall("t", "/d"), restoreCall("s", "/d", "/t")) {
		if strings.HasPrefix(arg, "-") {
			require.True(t, strings.Contains(code, arg), "%s does not stand in ddm/restic", arg)
		}
	}
}

func TestSameCalls(t *testing.T) {
	seen := func() [][]string {
		return [][]string{initCall(), backupCall("run-7", "/kubemove/volumes/data"),
			restoreCall("0a1b", "/kubemove/volumes/data", "/kubemove/volumes/data")}
	}
	require.NoError(t, sameCalls(seen()))

	missing := seen()[:2]
	require.ErrorContains(t, sameCalls(missing), "no call of restic restore")
	more := seen()
	more[1] = append(more[1], "--exclude", "/x")
	require.ErrorContains(t, sameCalls(more), "--exclude")
	other := seen()
	other[1][slices.Index(other[1], "--pack-size")+1] = "64"
	require.ErrorContains(t, sameCalls(other), "--pack-size 64")
}
