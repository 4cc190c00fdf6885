package e2e

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
)

// fiveCommands move an application from an empty namespace. Nothing is edited in between.
var fiveCommands = []string{
	"kubectl apply --filename examples/first-move/app.yaml",
	"kubectl move target add dst --context dst",
	"kubectl move init --output moveengine.yaml",
	"kubectl move start --filename moveengine.yaml",
	"kubectl move switch --wait",
}

// TestFiveCommands moves an application as a new user does: at a terminal, where questions are asked, and without one, where
// flags answer them. The README shows the second.
func TestFiveCommands(t *testing.T) {
	t.Parallel()
	t.Run("terminal", func(t *testing.T) {
		t.Parallel()
		said := moveBy(t, atTerminal)
		require.Equal(t, 2, strings.Count(said, "[y/N] y"), "questions: the account, and the plan")
		require.Contains(t, said, "\x1b[", "steps and bars are drawn in place")
	})
	t.Run("pipe", func(t *testing.T) {
		t.Parallel()
		said := moveBy(t, piped)
		require.NotContains(t, said, "\x1b")
		sameAsWritten(t, "README.md", "TestFiveCommands/pipe", shortened(said))
	})
}

// detail of what a command says: the single rights of an account.
var detail = regexp.MustCompile(`^ {4}`)

// timed is a line that says how the switch goes on; of these the steps that are done come in every run, and once.
var timed = regexp.MustCompile(`^\d\d:\d\d:\d\d .* (target dst: step \w+ done in .*)$|^\d\d:\d\d:\d\d `)

// shortened is a transcript without details, and without what depends on the moment at which it was seen.
func shortened(said string) string {
	var out strings.Builder
	for line := range strings.Lines(said) {
		if detail.MatchString(line) {
			continue
		}
		if m := timed.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			if m[1] == "" {
				continue
			}
			line = m[1] + "\n"
		}
		out.WriteString(line)
	}
	return out.String()
}

// moveBy runs the commands in a namespace of its own, and returns what is on the screen in the end.
func moveBy(t *testing.T, run func(*testing.T, *exec.Cmd, string) string) string {
	s := emptyScenario(t)
	config := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, clusters.WriteContexts(config, s.namespace))
	dir := t.TempDir()
	require.NoError(t, os.Symlink(filepath.Join(clusters.Root, "examples"), filepath.Join(dir, "examples")))
	var said strings.Builder
	for _, command := range fiveCommands {
		cmd := exec.CommandContext(t.Context(), "bash", "-c")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "KUBECONFIG="+config, "PATH="+clusters.Path(), "LANG=C.UTF-8", "TERM=xterm")
		out := run(t, cmd, command)
		t.Logf("$ %s\n%s", command, out)
		said.WriteString(out)
		if strings.Contains(command, " apply ") {
			// A user who reads on gives it this time.
			s.kubectl(s.src, "rollout", "status", "deployment/journal", timeout)
		}
	}
	s.kubectl(s.dst, "rollout", "status", "deployment/journal", timeout)
	require.Equal(t, "0", s.kubectl(s.src, "get", "deployment", "journal", "-o", "jsonpath={.spec.replicas}"))
	return strings.ReplaceAll(said.String(), s.namespace, "journal")
}

// piped runs a command without a terminal, and returns its line with all that it says.
func piped(t *testing.T, cmd *exec.Cmd, command string) string {
	if strings.Contains(command, " add ") || strings.Contains(command, " switch ") {
		command += " --yes"
	}
	cmd.Args = append(cmd.Args, command)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", command, out)
	return "$ " + command + "\n" + string(out)
}

// question that a person is asked.
var question = regexp.MustCompile(`\[y/N\] $`)

// atTerminal runs a command at a terminal, and says yes when it is asked.
func atTerminal(t *testing.T, cmd *exec.Cmd, command string) string {
	cmd.Args = append(cmd.Args, command)
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 120})
	require.NoError(t, err)
	defer terminal.Close()
	var out bytes.Buffer
	for part := make([]byte, 4096); ; {
		n, err := terminal.Read(part)
		out.Write(part[:n])
		// The kernel says EIO when the other side is closed.
		if errors.Is(err, io.EOF) || errors.Is(err, syscall.EIO) {
			break
		}
		require.NoError(t, err)
		if question.Match(out.Bytes()) {
			_, err := terminal.WriteString("y\n")
			require.NoError(t, err)
		}
	}
	require.NoError(t, cmd.Wait(), "%s\n%s", command, out.String())
	return out.String()
}
