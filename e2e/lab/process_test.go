package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseStartTime(t *testing.T) {
	for name, stat := range map[string]string{
		"plain":              "7 (sh) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 192135 2 3",
		"brackets and blank": "7 (a) b (c) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 192135 2 3",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseStartTime(stat)
			require.NoError(t, err)
			require.EqualValues(t, 192135, got)
		})
	}
	_, err := parseStartTime("nothing of the kind")
	require.Error(t, err)
}

func TestKillEndsTheRecordedProcessOnly(t *testing.T) {
	d, err := startDaemon("sleeper", filepath.Join(t.TempDir(), "log"), "LAB_TEST=kill", []string{"sleep", "1000"})
	require.NoError(t, err)
	require.True(t, d.alive())
	// The mark is there once the program itself runs.
	require.NoError(t, Await(t.Context(), 5*time.Second, "the mark", func(context.Context) error {
		if !marked(d.PID, "LAB_TEST=kill") {
			return errors.New("not marked")
		}
		return nil
	}))
	require.False(t, marked(os.Getpid(), "LAB_TEST=kill"))

	other := d.process
	other.Start++ // what a record of an earlier process with this pid looks like
	require.NoError(t, other.kill(t.Context()))
	require.True(t, d.alive(), "a process with another start time is not ours")

	require.NoError(t, d.kill(t.Context()))
	require.False(t, d.alive())
}

func TestFailedStartShowsTheLog(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	d, err := startDaemon("program", log, "LAB_TEST=fail", []string{"sh", "-c", "seq 1 50; echo the reason >&2; sleep 0.2; exit 3"})
	require.NoError(t, err)
	start := time.Now()
	err = d.await(t.Context(), time.Minute, func(context.Context) error { return errors.New("no answer") })
	require.ErrorContains(t, err, "the process has ended")
	require.ErrorContains(t, err, "the reason")
	require.ErrorContains(t, err, log)
	require.Less(t, time.Since(start), 10*time.Second, "it is not waited for any longer")
	require.False(t, strings.Contains(err.Error(), "\n  20\n"), "only the last lines")
}

func TestAwaitTellsWhatItSawLast(t *testing.T) {
	err := Await(t.Context(), 300*time.Millisecond, "the moon", func(context.Context) error { return errors.New("it is cloudy") })
	require.ErrorContains(t, err, "waited 300ms for the moon")
	require.ErrorContains(t, err, "it is cloudy")
}

func TestLockIsExclusive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dir", "lock")
	unlock, err := lockFile(t.Context(), path, func() { t.Error("no process holds it") })
	require.NoError(t, err)

	told := make(chan struct{})
	got := make(chan error, 1)
	go func() {
		second, err := lockFile(t.Context(), path, func() { close(told) })
		if err == nil {
			second()
		}
		got <- err
	}()
	<-told
	// The holder takes the whole folder away, as "make down" does.
	require.NoError(t, os.RemoveAll(filepath.Dir(path)))
	unlock()
	require.NoError(t, <-got)
}
