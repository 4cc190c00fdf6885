package restic

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"time"

	"github.com/kubemove/kubemove/task"
)

// nextPause between two looks for the next pass: what is waited for may be the downtime of an application.
const nextPause = 50 * time.Millisecond

// runPasses carries out one pass after the other, as each is handed on, until one fails or the worker is told to stop.
func runPasses(ctx context.Context, d Dirs) int {
	var before memory
	for last := ""; ; {
		t, err := nextPass(ctx, d.NextTask, last)
		switch {
		case errors.Is(err, context.Canceled):
			return task.ExitDone // Between two passes there is nothing to lose.
		case err != nil:
			fmt.Fprintln(os.Stderr, err)
			return task.ExitPermanent
		}
		if code := run(ctx, d, t, &before); code != task.ExitDone {
			return code
		}
		last = t.Run.ID
		// The next pass may be far away.
		debug.FreeOSMemory()
	}
}

// nextPass waits for the task of another run than the last one.
func nextPass(ctx context.Context, file, last string) (*task.Task, error) {
	for {
		t, err := readTask(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err == nil && t.Run.ID != last {
			return t, nil
		}
		if err := sleep(ctx, nextPause); err != nil {
			return nil, err
		}
	}
}
