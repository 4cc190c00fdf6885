package restic

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/kubemove/kubemove/task"
)

// What the verb open finds at a managed repository is not read: it runs ahead of a run, to save its
// time. So a warning of it is kept beside the repository, and the run repeats it.

func (w *worker) noteFile() string { return filepath.Join(w.state(), "note") }

// note warns, now or in the run that comes.
func (w *worker) note(text string) {
	w.status.warn("%s", text)
	if w.task.Verb != task.VerbOpen {
		return
	}
	if err := os.WriteFile(w.noteFile(), []byte(text), 0o600); err != nil {
		slog.Warn("cannot keep a warning for the run", "warning", text, "error", err.Error())
	}
}

// repeatNote repeats the warning that was kept.
func (w *worker) repeatNote() {
	if w.task.Verb == task.VerbOpen {
		return
	}
	text, err := os.ReadFile(w.noteFile())
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		w.status.warn("%s", clipped(string(text), maxMismatch))
		err = os.Remove(w.noteFile())
	}
	if err != nil {
		slog.Warn("cannot read the warning that was kept for the run", "error", err.Error())
	}
}
