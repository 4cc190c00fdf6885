package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kubemove/kubemove/task"
)

// A mobilizer that serves several passes finds the task of each in a file, which outlives a restart of the agent. The
// first is there before the mobilizer starts.

// begin lets the mobilizer start, or begin the next of its passes.
func (a *Agent) begin(next *task.Task) error {
	if a.NextTaskFile != "" {
		if next == nil {
			return errors.New("the coordinator named no task, and the mobilizer serves several passes: use programs of one version")
		}
		if err := a.handOn(*next); err != nil {
			return err
		}
	}
	return a.started.open()
}

// handOn a task, unless the mobilizer has it already. From here on only the statuses of its run count.
func (a *Agent) handOn(next task.Task) error {
	if next.Run.ID == a.watch.run() {
		return nil
	}
	data, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("cannot encode the task of a pass: %w", err)
	}
	fresh := filepath.Join(filepath.Dir(a.NextTaskFile), ".task.json.tmp")
	if err := os.WriteFile(fresh, data, 0o644); err != nil {
		return fmt.Errorf("cannot write the task of a pass: %w", err)
	}
	if err := os.Rename(fresh, a.NextTaskFile); err != nil {
		return fmt.Errorf("cannot write the task of a pass: %w", err)
	}
	a.watch.expect(next.Run.ID)
	return nil
}

// firstRun whose statuses count: of a mobilizer that serves several passes that which an agent before this one has handed
// on; empty: there was none.
func (a *Agent) firstRun() string {
	if a.NextTaskFile == "" {
		return a.RunID
	}
	t, err := task.Read(a.NextTaskFile)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			a.Log.Error("cannot go on with the present pass", "error", err)
		}
		return ""
	}
	return t.Run.ID
}
