package restic

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/kubemove/kubemove/ddm/filecopy"
	"github.com/kubemove/kubemove/task"
)

// What the verb open finds at a managed repository is not read: it runs ahead of a run, to save its
// time. So a warning of it is kept beside the repository, and the run repeats it.

func (s *side) noteFile() string { return filepath.Join(s.state(), "note") }

// note warns, now or in the run that comes.
func (s *side) note(text string) {
	s.status.warn("%s", text)
	if s.task.Verb != task.VerbOpen {
		return
	}
	if err := os.WriteFile(s.noteFile(), []byte(text), 0o600); err != nil {
		slog.Warn("cannot keep a warning for the run", "warning", text, "error", err.Error())
	}
}

// repeatNote repeats the warning that was kept.
func (s *side) repeatNote() {
	if s.task.Verb == task.VerbOpen {
		return
	}
	text, err := os.ReadFile(s.noteFile())
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		s.status.warn("%s", clipped(string(text), filecopy.MaxMessage))
		err = os.Remove(s.noteFile())
	}
	if err != nil {
		slog.Warn("cannot read the warning that was kept for the run", "error", err.Error())
	}
}
