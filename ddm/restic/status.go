package restic

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// writeEvery is the shortest time between two writes of the status.
const writeEvery = 500 * time.Millisecond

// status is what the worker reports of its one volume.
type status struct {
	path string

	mu     sync.Mutex
	status task.Status
	last   time.Time
}

func newStatus(path string, t *task.Task) *status {
	return &status{path: path, status: task.Status{APIVersion: task.APIVersion, RunID: t.Run.ID,
		Volumes: []task.VolumeProgress{{Name: t.Volumes[0].Name, Stage: api.StagePreparing}}}}
}

// update changes the progress of the volume. Progress may be written late, a new stage at
// once.
func (s *status) update(change func(*task.VolumeProgress)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := &s.status.Volumes[0]
	stage := v.Stage
	change(v)
	if v.Stage == stage && time.Since(s.last) < writeEvery {
		return
	}
	// A report that is lost does no harm; the last one is written by finish.
	_ = s.write()
}

// stage is update for the stage alone.
func (s *status) stage(stage api.VolumeStage) {
	s.update(func(v *task.VolumeProgress) { v.Stage = stage })
}

// warn keeps a warning, once.
func (s *status) warn(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	if len(s.status.Warnings) < 10 && !slices.Contains(s.status.Warnings, text) {
		s.status.Warnings = append(s.status.Warnings, text)
	}
}

// finish writes the result.
func (s *status) finish(r task.Result) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Result = &r
	if r.Outcome != task.OutcomeSucceeded {
		v := &s.status.Volumes[0]
		v.Stage, v.Error = api.StageFailed, r.Message
	}
	return s.write()
}

// write replaces the file in one step: a reader sees the old status or the new one.
func (s *status) write() error {
	s.last = time.Now()
	s.status.Sequence++
	data, err := json.Marshal(s.status)
	if err != nil {
		return fmt.Errorf("cannot encode the status: %w", err)
	}
	tmp := filepath.Join(filepath.Dir(s.path), ".status.json.tmp")
	if err := os.WriteFile(tmp, data, 0o644); err != nil {
		return fmt.Errorf("cannot write the status: %w", err)
	}
	if err := os.Rename(tmp, s.path); err != nil {
		return fmt.Errorf("cannot write the status: %w", err)
	}
	return nil
}
