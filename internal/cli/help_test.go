package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/golden"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/sample"
)

// run is what a run of the program has written.
type run struct {
	out, err strings.Builder
	code     int
}

// newKit of a run in an empty environment, without a terminal.
func newKit(r *run, in string) *kit.Kit {
	flags := genericclioptions.NewConfigFlags(true)
	none := filepath.Join(os.TempDir(), "kubemove-no-kubeconfig")
	flags.KubeConfig = &none
	return &kit.Kit{
		In: strings.NewReader(in), Out: &r.out, ErrOut: &r.err, Flags: flags, Base: "kubectl move",
		Env: func(string) string { return "" }, Now: func() time.Time { return sample.Now },
		Terminal: func(any) (int, int, bool) { return 0, 0, false }, Interval: time.Millisecond,
	}
}

func runs(args ...string) *run {
	r := &run{}
	r.code = Run(context.Background(), newKit(r, ""), args)
	return r
}

// TestHelp keeps the texts of all commands in one file, so that they are read when they change.
func TestHelp(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, args := range append([][]string{{"--help"}}, helps(NewRoot(newKit(&run{}, "")))...) {
		r := runs(args...)
		if r.code != 0 || r.err.Len() > 0 {
			t.Errorf("%v has the exit code %d and says %q", args, r.code, r.err.String())
		}
		fmt.Fprintf(&b, "$ kubectl move %s\n%s\n", strings.Join(args, " "), r.out.String())
	}
	golden.Compare(t, "help.txt", b.String())
}

// helps are the arguments that ask for the help of each command.
func helps(root *cobra.Command) [][]string {
	var out [][]string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			out = append(out, []string{c.Name(), "--help"})
		}
	}
	return out
}

// TestCommands: each command can be found in the help, says what it does, and completes what it takes.
func TestCommands(t *testing.T) {
	t.Parallel()
	for _, c := range NewRoot(newKit(&run{}, "")).Commands() {
		if !c.IsAvailableCommand() {
			continue
		}
		if c.GroupID == "" || c.Short == "" || c.Long == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: want a group, a short text without a full stop and a long one", c.Name())
		}
		if strings.Contains(c.Use, "[NAME]") && c.ValidArgsFunction == nil {
			t.Errorf("%s takes a NAME and does not complete it", c.Name())
		}
		for line := range strings.Lines(c.Long + "\n" + c.Example) {
			if len(line) > 140 {
				t.Errorf("%s has a line of %d characters in its help: %s", c.Name(), len(line), line)
			}
		}
	}
}

// TestHelpIsFast: without a cluster and without a kubeconfig. The best of some runs counts, as other programs run at the same time.
func TestHelpIsFast(t *testing.T) {
	best := time.Hour
	for range 20 {
		start := time.Now()
		runs("--help")
		best = min(best, time.Since(start))
	}
	if best > 50*time.Millisecond {
		t.Errorf("the help takes %s, want at most 50ms", best)
	}
}

// TestUsage: a wrong command line has the exit code 2, and says what was expected.
func TestUsage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason string
		args   []string
		want   string
	}{
		"Command": {"a slip is corrected", []string{"statsu"},
			"error: there is no command \"statsu\"\nreason: the most similar is status\ntry: kubectl move --help\n"},
		"Flag": {"a flag that is not there", []string{"status", "--al"}, "error: unknown flag: --al\ntry: kubectl move status --help\n"},
		"Value": {"a duration without a unit", []string{"sync", "--timeout", "5"},
			"error: invalid argument \"5\" for \"--timeout\" flag: time: missing unit in duration \"5\"\ntry: kubectl move sync --help\n"},
		"Arguments": {"one move at a time", []string{"status", "a", "b"}, "error: 1 argument too many: b; expected at most one NAME of a move\n"},
		"Output": {"a form that is not there", []string{"status", "-o", "xml"},
			"error: --output is \"xml\", expected one of table, wide, json, yaml, name\n"},
		"Both": {"a name is of a namespace", []string{"status", "-A", "shop"},
			"error: a NAME and --all-namespaces are both given: leave one of them out\n"},
		"Watch": {"a table is redrawn", []string{"status", "-w", "-o", "json"}, "error: --watch shows a table: leave --output json out\n"},
		"File":  {"what is to be started", []string{"start"}, "error: no file is given: expected -f FILE with a MoveEngine\n"},
		"NoFile": {"a file that is not there", []string{"start", "-f", "testdata/none"},
			"error: cannot read testdata/none: open testdata/none: no such file or directory\n"},
		"Shell": {"a shell that is not known", []string{"completion", "tcsh"},
			"error: there is no completion for \"tcsh\", expected bash, zsh, fish, powershell or kubectl\n"},
		"Explain": {"of what?", []string{"explain"}, "error: got 0 arguments, expected OBJECT, or NAME and OBJECT\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := runs(c.args...)
			if diff := cmp.Diff(c.want, r.err.String()); diff != "" || r.code != fault.Usage || r.out.Len() > 0 {
				t.Errorf("%s: the exit code is %d, want %d; -want +got:\n%s", c.reason, r.code, fault.Usage, diff)
			}
		})
	}
}

func TestBaseOf(t *testing.T) {
	t.Parallel()
	for program, want := range map[string]string{
		"kubectl-move": "kubectl move", "/usr/local/bin/kubectl-move": "kubectl move", "kubectl-kubemove": "kubectl kubemove",
		"/home/jane/.krew/bin/kubectl-kubemove.exe": "kubectl kubemove", "kubectl-move.exe": "kubectl move",
	} {
		if got := baseOf(program); got != want {
			t.Errorf("%s is called %q, want %q", program, got, want)
		}
	}
}

// TestLine: the next command reaches the same cluster as this one, and no secret is said.
func TestLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason string
		args   []string
		words  []string
		want   string
	}{
		"Plain": {"nothing is added", nil, []string{"kubectl", "move", "plan", "shop"}, "kubectl move plan shop"},
		"Context": {"the cluster is said", []string{"--context", "src", "-n", "a b"}, []string{"kubectl", "move", "plan"},
			"kubectl move --context src --namespace 'a b' plan"},
		"Kubectl": {"of kubectl's commands, too", []string{"--context", "src"}, []string{"kubectl", "get", "pods"},
			"kubectl --context src get pods"},
		"Explicit": {"a namespace is said once", []string{"-n", "x"}, []string{"kubectl", "--namespace", "y", "get", "pods"},
			"kubectl --namespace y get pods"},
		"Token": {"a token is not shown", []string{"--token", "hush"}, []string{"kubectl", "move", "plan"}, "kubectl move plan"},
		"Other": {"another program stays", []string{"--context", "src"}, []string{"make", "up"}, "make up"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &run{}
			k := newKit(r, "")
			Run(context.Background(), k, append([]string{"version", "--client"}, c.args...))
			if got := k.Line(c.words...); got != c.want {
				t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
			}
		})
	}
}

// TestExitCodesAreDocumented: the page of the commands has each code.
func TestExitCodesAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range []int{fault.Done, fault.Failed, fault.Usage, fault.Warned, fault.TimedOut, fault.Blocked, fault.Interrupted} {
		if !strings.Contains(string(page), fmt.Sprintf("\n| %d | ", code)) {
			t.Errorf("docs/cli.md has no row for the exit code %d", code)
		}
	}
	for _, c := range NewRoot(newKit(&run{}, "")).Commands() {
		if c.IsAvailableCommand() && c.Name() != "help" && !strings.Contains(string(page), "`"+c.Name()) {
			t.Errorf("docs/cli.md says nothing of %s", c.Name())
		}
	}
}
