package lab

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func testLab(t *testing.T) *Lab {
	t.Helper()
	return &Lab{Dir: t.TempDir(), RunDir: t.TempDir(), log: newStepLog(testWriter{t})}
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", p)
	return len(p), nil
}

func TestStateIsReadBack(t *testing.T) {
	l := testLab(t)
	s, err := l.loadState()
	require.NoError(t, err)
	p := process{Name: "etcd", PID: 4711, Start: 12}
	require.NoError(t, s.update(func() {
		s.Clusters["src"].Processes = append(s.Clusters["src"].Processes, p)
		s.Clusters["dst"].Images["a:b"] = "digest"
	}))

	// "git clean" takes the folder in the checkout away; what runs is still known.
	require.NoError(t, os.RemoveAll(l.Dir))
	again, err := l.loadState()
	require.NoError(t, err)
	require.Equal(t, []process{p}, again.Clusters["src"].Processes)
	require.Equal(t, "digest", again.imageDigest("dst", "a:b"))
}

func TestStateOfAnEarlierBootHoldsNoProcesses(t *testing.T) {
	l := testLab(t)
	s, err := l.loadState()
	require.NoError(t, err)
	require.NoError(t, s.update(func() {
		s.BootID = "another"
		s.Clusters["src"].Processes = []process{{Name: "etcd", PID: os.Getpid(), Start: 1}}
	}))
	again, err := l.loadState()
	require.NoError(t, err)
	require.Empty(t, again.Clusters["src"].Processes)
}

func TestBrokenStateNamesTheFile(t *testing.T) {
	l := testLab(t)
	require.NoError(t, os.WriteFile(filepath.Join(l.Dir, "state.json"), []byte("{"), 0o600))
	_, err := l.loadState()
	require.ErrorContains(t, err, filepath.Join(l.Dir, "state.json"))
}
