package bench

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kubemove/kubemove/e2e/lab"
)

var at = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// after is a moment of a run that began at at.
func after(seconds float64) time.Time { return at.Add(time.Duration(seconds * float64(time.Second))) }

// workers are the processes of both workers of a run.
func workers() []process {
	return []process{
		{"kubemove-ddm", []string{"restic", "sync"}, "source", after(0.5), after(9)},
		{"kubemove-ddm", []string{"restic", "sync"}, "target", after(1), after(9.5)},
		{"restic", []string{"init"}, "target", after(1.1), after(2)},
		{"restic", []string{"backup", "/kubemove/volumes/bench-1"}, "source", after(2.5), after(5)},
		{"restic", []string{"restore", "s:/kubemove/volumes/bench-1"}, "target", after(5.1), after(8)},
	}
}

func TestPhases(t *testing.T) {
	got, err := phases(at, after(10), workers())
	require.NoError(t, err)
	var took []float64
	sum := time.Duration(0)
	for _, p := range got {
		took = append(took, p.Took.Seconds())
		sum += p.Took
	}
	require.InDeltaSlice(t, []float64{1, 0.1, 0.9, 0.5, 2.5, 0.1, 2.9, 1.5, 0.5}, took, 1e-6)
	require.Equal(t, 10*time.Second, sum, "the parts follow each other")

	_, err = phases(at, after(10), workers()[:4])
	require.ErrorContains(t, err, "restic restore")
	_, err = phases(at, after(10), append(workers(), workers()[0]))
	require.ErrorContains(t, err, "3 worker processes")
}

func TestOfContainers(t *testing.T) {
	var all []*process
	for _, p := range append(workers(), process{Program: "restic", Args: []string{"init"}, Container: "of another"}) {
		all = append(all, &p)
	}
	require.Equal(t, workers(), ofContainers(all, "bench-1"))
	require.Empty(t, ofContainers(all, "bench-2"))
}

// TestWatchProcesses sees a process that calls itself restic, from its begin to its end.
func TestWatchProcesses(t *testing.T) {
	shell, err := exec.LookPath("sleep")
	require.NoError(t, err)
	program := filepath.Join(t.TempDir(), "restic")
	require.NoError(t, os.Symlink(shell, program))
	w := watchProcesses(t.Context())
	word := "0.40" + "0000000001"
	require.NoError(t, exec.CommandContext(t.Context(), program, word).Run())
	var got []process
	// The end is seen a moment later.
	require.NoError(t, lab.Await(t.Context(), 5*time.Second, "a look", func(ctx context.Context) error {
		return sleep(ctx, 4*lookEvery)
	}))
	// Others on this machine may run a restic, too.
	got = slices.DeleteFunc(w.stop(word), func(p process) bool { return !slices.Equal(p.Args, []string{word}) })
	require.Len(t, got, 1)
	require.InDelta(t, 0.4, got[0].End.Sub(got[0].Begin).Seconds(), 0.3)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
