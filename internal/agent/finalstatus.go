package agent

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/kubemove/kubemove/task"
)

// FinalStatus waits for SIGTERM, which comes when the mobilizer beside it has ended, and leaves the
// mobilizer's last status for the cluster: that is all that a mobilizer without a peer needs of an
// agent. It returns the exit code.
func FinalStatus() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	<-ctx.Done()
	if err := writeFinalStatus(task.TaskFile, task.StatusFile, TerminationLog); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return task.ExitFailed
	}
	return task.ExitDone
}

// writeFinalStatus copies what counts of the status of the task's run.
func writeFinalStatus(taskFile, statusFile, to string) error {
	t, err := task.Read(taskFile)
	if err != nil {
		return err
	}
	return writeTermination(to, newWatcher(statusFile, t.Run.ID, 0, slog.Default()).finish())
}
