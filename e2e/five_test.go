package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
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
		said := aNewUser(t).move(atTerminal)
		require.Equal(t, 2, strings.Count(said, "[y/N] y"), "questions: the account, and the plan")
		require.Contains(t, said, "\x1b[", "steps and bars are drawn in place")
	})
	t.Run("pipe", func(t *testing.T) {
		t.Parallel()
		u := aNewUser(t)
		said := u.move(piped)
		require.NotContains(t, said, "\x1b")
		sameAsWritten(t, "README.md", "TestFiveCommands/pipe", shortened(said))
		u.see()
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

// newUser has kubectl with a context for each cluster, and a folder to work in.
type newUser struct {
	*scenario
	config, dir string
}

func aNewUser(t *testing.T) *newUser {
	u := &newUser{scenario: emptyScenario(t), config: filepath.Join(t.TempDir(), "kubeconfig"), dir: t.TempDir()}
	require.NoError(t, clusters.WriteContexts(u.config, u.namespace))
	require.NoError(t, os.Symlink(filepath.Join(clusters.Root, "examples"), filepath.Join(u.dir, "examples")))
	return u
}

// shell that runs a command as the user types it.
func (u *newUser) shell(command string) *exec.Cmd {
	cmd := exec.CommandContext(u.t.Context(), "bash", "-c", command)
	cmd.Dir = u.dir
	cmd.Env = append(clusters.Env(u.config), "LANG=C.UTF-8", "TERM=xterm")
	return cmd
}

// move runs the five commands, and returns what is on the screen in the end.
func (u *newUser) move(run func(*testing.T, *exec.Cmd) string) string {
	var said strings.Builder
	for _, command := range fiveCommands {
		out := run(u.t, u.shell(command))
		u.t.Logf("$ %s\n%s", command, out)
		said.WriteString(out)
		if strings.Contains(command, " apply ") {
			// A user who reads on gives it this time.
			u.kubectl(u.src, "rollout", "status", "deployment/journal", timeout)
		}
	}
	u.kubectl(u.dst, "rollout", "status", "deployment/journal", timeout)
	require.Equal(u.t, "0", u.kubectl(u.src, "get", "deployment", "journal", "-o", "jsonpath={.spec.replicas}"))
	return strings.ReplaceAll(said.String(), u.namespace, "journal")
}

// see runs the commands that show a move and its installation, where there are real Pods.
func (u *newUser) see() {
	for command, want := range map[string]string{
		"logs":                          " | ",
		"events":                        "JOB",
		"tree":                          "Pod/",
		"history":                       "run Final",
		"report":                        "journal",
		"explain deployment/journal":    "Deployment.apps/journal is created at the target",
		"status":                        "Switched",
		"target check dst":              "rights",
		"version":                       "Kubernetes: v",
		"support-bundle --file b.tgz":   "b.tgz written",
		"report --output html > r.html": "",
	} {
		out, err := u.shell("kubectl move " + command).CombinedOutput()
		u.t.Logf("$ kubectl move %s\n%s", command, out)
		require.NoError(u.t, err, command)
		require.Contains(u.t, strings.ToLower(string(out)), strings.ToLower(want), command)
	}
	u.check()
	u.bundle("b.tgz")
}

// check looks at what no other test changes meanwhile.
func (u *newUser) check() {
	out, err := u.shell("kubectl move check --output json").Output()
	var report struct {
		Results []struct{ ID, Result, Message string }
	}
	require.NoError(u.t, json.Unmarshal(out, &report), "%v: %s", err, out)
	results := map[string]string{}
	for _, r := range report.Results {
		results[r.ID] = r.Result
	}
	for _, id := range []string{"kubernetes-version", "definitions-current", "versions-equal", "metacontroller-version", "controllers-present",
		"admission-bound", "rights-caller", "rights-roles", "targets-reached", "targets-credentials", "targets-rights"} {
		require.Equal(u.t, "ok", results[id], "%s in %s", id, out)
	}
}

// bundle has the logs of KubeMove's Pods, and no token.
func (u *newUser) bundle(file string) {
	out, err := u.shell("tar --extract --to-stdout --file " + file).Output()
	require.NoError(u.t, err)
	require.Contains(u.t, string(out), "kind: MoveSwitch")
	token := u.kubectl(u.src, "get", "secret", "dst", "-o", `go-template={{.data.kubeconfig | base64decode}}`)
	token = regexp.MustCompile(`token: (\S+)`).FindStringSubmatch(token)[1]
	require.NotContains(u.t, string(out), token)
	require.NotContains(u.t, string(out), base64.StdEncoding.EncodeToString([]byte(token)))
}

// piped runs a command without a terminal, and returns its line with all that it says.
func piped(t *testing.T, cmd *exec.Cmd) string {
	command := &cmd.Args[len(cmd.Args)-1]
	if strings.Contains(*command, " add ") || strings.Contains(*command, " switch ") {
		*command += " --yes"
	}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", *command, out)
	return "$ " + *command + "\n" + string(out)
}

// question that a person is asked.
var question = regexp.MustCompile(`\[y/N\] $`)

// atTerminal runs a command at a terminal, and says yes when it is asked.
func atTerminal(t *testing.T, cmd *exec.Cmd) string {
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
	require.NoError(t, cmd.Wait(), "%s\n%s", cmd.Args, out.String())
	return out.String()
}
