package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kubemove/kubemove/e2e/lab"
)

// here is a demo in this checkout, whose lab need not be up.
func here(t *testing.T) *Demo {
	t.Helper()
	l, err := lab.Open("")
	require.NoError(t, err)
	return New(l, t.Output(), false)
}

func TestShell(t *testing.T) {
	d := here(t)
	out, err := d.Shell(t.Context(), "echo warning >&2; ls go.mod; basename $KUBECONFIG")
	require.NoError(t, err)
	require.Equal(t, "go.mod\n"+kubeconfigName, out, "at the root of the checkout, without what is written for people")
	_, err = d.Shell(t.Context(), "(echo why >&2; exit 3) | cat")
	require.ErrorContains(t, err, "why", "a failure in front of a pipe is one")
}

func TestShellEndsWhatItHasStarted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := here(t).Shell(ctx, "sleep 600 & echo $! >"+file+".new; mv "+file+".new "+file+"; wait")
		ended <- err
	}()
	var process string
	require.NoError(t, lab.Await(t.Context(), 10*time.Second, "the process", func(context.Context) error {
		pid, err := os.ReadFile(file)
		process = "/proc/" + strings.TrimSpace(string(pid)) + "/cmdline"
		return err
	}))
	cancel()
	require.Error(t, <-ended)
	require.NoError(t, lab.Await(t.Context(), 10*time.Second, "the end of the process", func(context.Context) error {
		// One that has ended and was not waited for has no command line.
		if line, err := os.ReadFile(process); err == nil && len(line) > 0 {
			return fmt.Errorf("%s is there: %q", process, line)
		}
		return nil
	}))
}
