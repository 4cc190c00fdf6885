// Package cli is kubectl-move: its commands, one file each, and how the program begins and ends.
package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
)

// Main runs the program and returns its exit code. The first Ctrl-C ends it in good order, the second one at once.
func Main(args []string, in io.Reader, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	k := &kit.Kit{
		In: in, Out: out, ErrOut: errOut, Flags: genericclioptions.NewConfigFlags(true), Base: baseOf(args[0]),
		Env: os.Getenv, Now: time.Now, Terminal: kit.Terminal, Interval: time.Second,
	}
	return Run(ctx, k, args[1:])
}

// Run a command of the program with its arguments, and return the exit code.
func Run(ctx context.Context, k *kit.Kit, args []string) int {
	root := NewRoot(k)
	root.SetArgs(args)
	began := k.Now()
	err := root.ExecuteContext(ctx)
	if err != nil {
		fault.Print(k.ErrOut, err, k.Line)
	}
	if n := k.Requests(); k.Verbose && n > 0 {
		k.Narrate("%d requests in %s", n, k.Now().Sub(began).Round(time.Millisecond))
	}
	return fault.Code(err)
}

// baseOf the name of the program: as a plugin of kubectl it is called by its own name.
func baseOf(program string) string {
	name := strings.TrimSuffix(filepath.Base(filepath.ToSlash(program)), ".exe")
	if strings.HasSuffix(name, "kubemove") {
		return "kubectl kubemove"
	}
	return "kubectl move"
}

// Groups of the commands in the help.
const (
	groupBegin = "begin"
	groupSee   = "see"
	groupSteer = "steer"
	groupAfter = "after"
	groupAdmin = "administer"
	groupOther = "other"
)

// NewRoot makes the command with all others below it.
func NewRoot(k *kit.Kit) *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl-move",
		Short: "Move an application, its objects and its data, to another cluster or namespace",
		Long: "Move an application, its objects and its data, to another cluster or namespace.\n\n" +
			"A move is a MoveEngine; the way back after it is a MoveReverse. NAME is that of one of them, and may be left out where\n" +
			"the namespace has exactly one MoveEngine.",
		Example: examples(k, "target add dst --kubeconfig dst.kubeconfig", "init -o moveengine.yaml", "start -f moveengine.yaml",
			"plan shop", "approve shop", "status shop --watch"),
		Annotations:       map[string]string{cobra.CommandDisplayNameAnnotation: k.Base},
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args:              noCommand,
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	k.AddFlags(root)
	_ = root.RegisterFlagCompletionFunc("context", completeContexts(k))
	root.SetIn(k.In)
	root.SetOut(k.Out)
	root.SetErr(k.ErrOut)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fault.Badly("%s", err).Trying("kubectl", "move", strings.TrimPrefix(c.CommandPath(), k.Base+" "), "--help")
	})
	root.AddGroup(
		&cobra.Group{ID: groupBegin, Title: "Begin:"}, &cobra.Group{ID: groupSee, Title: "See:"}, &cobra.Group{ID: groupSteer, Title: "Steer:"},
		&cobra.Group{ID: groupAfter, Title: "After the switch:"}, &cobra.Group{ID: groupAdmin, Title: "Administer:"},
		&cobra.Group{ID: groupOther, Title: "Other:"})
	root.SetHelpCommandGroupID(groupOther)
	add(root, groupBegin, newTargetCommand(k), newInitCommand(k))
	add(root, groupSee, newStatusCommand(k), newTreeCommand(k), newPlanCommand(k), newExplainCommand(k), newLogsCommand(k),
		newEventsCommand(k), newHistoryCommand(k), newDashboardCommand(k))
	add(root, groupSteer, newStartCommand(k), newSyncCommand(k), newApproveCommand(k), newSwitchCommand(k), newRollbackCommand(k),
		newRetryCommand(k), newSuspendCommand(k), newResumeCommand(k), newCancelCommand(k))
	add(root, groupAfter, newReportCommand(k), newReverseCommand(k), newDeleteCommand(k))
	add(root, groupAdmin, newCheckCommand(k), newInstallCommand(k), newUninstallCommand(k), newRenderCommand(k),
		newBundleCommand(k))
	add(root, groupOther, newVersionCommand(k), newCompletionCommand(k), newOptionsCommand(k))
	setUsage(root)
	root.PersistentPostRun = func(c *cobra.Command, _ []string) {
		if c.GroupID == groupSteer || c.GroupID == groupAfter {
			warnOfVersion(c.Context(), k, clientVersion())
		}
	}
	return root
}

// add commands to a group of the help.
func add(root *cobra.Command, group string, commands ...*cobra.Command) {
	for _, c := range commands {
		c.GroupID = group
		root.AddCommand(c)
	}
}

// noCommand is what an argument of the root is.
func noCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	e := fault.Badly("there is no command %q", args[0]).Trying("kubectl", "move", "--help")
	if like := c.SuggestionsFor(args[0]); len(like) > 0 {
		e.Reason = "the most similar is " + strings.Join(like, ", ")
	}
	return e
}

// examples are command lines of this program, one a line.
func examples(k *kit.Kit, lines ...string) string {
	var b strings.Builder
	for i, line := range lines {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString("  " + k.Base + " " + line)
	}
	return b.String()
}
