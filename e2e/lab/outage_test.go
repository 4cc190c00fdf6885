package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// stateOf a process, the letter of /proc/PID/stat.
func stateOf(t *testing.T, pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(t, err)
	return strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))[0]
}

func TestFrozenUntilTheEnd(t *testing.T) {
	sleeper := exec.Command("sleep", "1000")
	require.NoError(t, sleeper.Start())
	defer func() { _ = sleeper.Process.Kill(); _ = sleeper.Wait() }()
	comes := func(want string) {
		require.NoError(t, Await(t.Context(), 10*time.Second, "state "+want, func(context.Context) error {
			if got := stateOf(t, sleeper.Process.Pid); got != want {
				return fmt.Errorf("the state is %s", got)
			}
			return nil
		}))
	}
	end, err := holdFault("sh", "-c", frozenScript, "sh", strconv.Itoa(sleeper.Process.Pid))
	require.NoError(t, err)
	comes("T")
	require.NoError(t, end())
	comes("S")
}

func TestFaultThatDoesNotBegin(t *testing.T) {
	_, err := holdFault("sh", "-c", "echo no such rule >&2; exit 3")
	require.ErrorContains(t, err, "no such rule")
}
