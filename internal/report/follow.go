package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/kubemove/kubemove/task"
)

// Follow reports what a foreign program writes to its status file, until ctx ends: then it
// reads the file a last time and ends r. The file is looked at every tick.
func Follow(ctx context.Context, path, runID string, tick time.Duration, r *Reporter) error {
	var last []byte
	for ended := false; !ended; {
		ended = ctx.Err() != nil
		data, err := readStatus(path)
		switch {
		case err != nil:
			r.Warn(err.Error())
		case data != nil && !bytes.Equal(data, last):
			last = data
			take(data, runID, r)
		}
		select {
		case <-ctx.Done():
		case <-time.After(tick):
		}
	}
	if result := r.Status().Result; result != nil {
		return r.Finish(ctx, *result)
	}
	r.Stop(ctx)
	return nil
}

// readStatus reads the file; nil when there is none yet.
func readStatus(path string) ([]byte, error) {
	f, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot look at %s: %w", path, err)
	}
	if f.Size() > task.MaxSize {
		return nil, fmt.Errorf("%s is %d bytes long, at most %d are allowed", path, f.Size(), task.MaxSize)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", path, err)
	}
	return data, nil
}

// take copies what a foreign status says; its sequence, and everything that KubeMove itself
// computes, is left out.
func take(data []byte, runID string, r *Reporter) {
	s, err := task.DecodeStatus(data)
	if err != nil {
		r.Warn(fmt.Sprintf("%s is not a status: %v", task.StatusFile, err))
		return
	}
	if s.RunID != runID {
		r.Warn(fmt.Sprintf("%s is of the run %q, expected %q: write run.id of the task into runID",
			task.StatusFile, text(s.RunID, shortLength), runID))
		return
	}
	r.Update(func(to *task.Status) {
		to.Step, to.Message, to.Volumes, to.Warnings, to.Result = s.Step, s.Message, s.Volumes, s.Warnings, s.Result
	})
}
