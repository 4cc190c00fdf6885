package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/kubemove/kubemove/task"
)

// watcher follows the mobilizer's status file.
type watcher struct {
	file string
	poll time.Duration
	log  *slog.Logger

	mu sync.Mutex
	// runID whose statuses count, former those of the passes before.
	runID   string
	former  map[string]bool
	seen    stamp
	status  *task.Status
	final   bool
	changed chan struct{}
	// complained of the file as it is: said once.
	complained string
}

// stamp tells one version of a file from another.
type stamp struct {
	inode uint64
	size  int64
	time  time.Time
}

func newWatcher(file, runID string, poll time.Duration, log *slog.Logger) *watcher {
	return &watcher{file: file, runID: runID, former: map[string]bool{}, poll: poll, log: log, changed: make(chan struct{})}
}

// run whose statuses count.
func (w *watcher) run() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.runID
}

// expect the statuses of the next pass.
func (w *watcher) expect(runID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.former[w.runID] = true
	w.runID, w.status, w.seen = runID, nil, stamp{}
}

// follow looks at the file until the context ends.
func (w *watcher) follow(ctx context.Context) {
	ticker := time.NewTicker(w.poll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.look(false)
		}
	}
}

// newest returns the newest status, whether it is the last, and a channel that is closed when
// there is a newer one.
func (w *watcher) newest() (*task.Status, bool, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status, w.final, w.changed
}

// finish looks once more and marks the status as the last.
func (w *watcher) finish() *task.Status {
	w.look(true)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}

// look reads the file if it has changed.
func (w *watcher) look(final bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	news := final && !w.final
	if status := w.read(); status != nil {
		w.status, news = status, true
	}
	w.final = w.final || final
	if news {
		close(w.changed)
		w.changed = make(chan struct{})
	}
}

// read returns the status if the file holds a new one of this run.
func (w *watcher) read() *task.Status {
	status, seen, err := readStatus(w.file, w.seen, w.runID)
	var other *otherRun
	if errors.As(err, &other) && w.former[other.is] {
		return nil // The next pass has said nothing yet.
	}
	if err != nil {
		if text := err.Error(); text != w.complained {
			w.complained = text
			w.log.Warn("the status of the mobilizer is not usable", "error", err)
		}
		return nil
	}
	w.seen = seen
	return status
}

// readStatus reads the file unless it is the one already seen. It follows no link: the file
// is made by a foreign program.
func readStatus(file string, seen stamp, runID string) (*task.Status, stamp, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, seen, nil
	}
	if err != nil {
		return nil, seen, fmt.Errorf("cannot open the status: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, seen, fmt.Errorf("cannot stat the status: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, seen, errors.New("the status is not a regular file")
	}
	now := stamp{size: info.Size(), time: info.ModTime()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		now.inode = sys.Ino
	}
	if now == seen {
		return nil, seen, nil
	}
	data, err := io.ReadAll(io.LimitReader(f, task.MaxSize+1))
	if err != nil {
		return nil, seen, fmt.Errorf("cannot read the status: %w", err)
	}
	status, err := task.DecodeStatus(data)
	if err != nil {
		return nil, seen, err
	}
	if status.RunID != runID {
		return nil, seen, &otherRun{is: status.RunID, want: runID}
	}
	return status, now, nil
}

// otherRun says that a status is not of the run that counts.
type otherRun struct{ is, want string }

// Error says which.
func (e *otherRun) Error() string {
	return fmt.Sprintf("the status is of run %q, expected %q", e.is, e.want)
}

// TerminationLimit is what a cluster keeps of a termination message, in bytes.
const TerminationLimit = 4096

// writeTermination leaves what counts of the last status for the cluster.
func writeTermination(file string, status *task.Status) error {
	if file == "" || status == nil {
		return nil
	}
	var data []byte
	// Escapes make JSON longer than the text: shorten until it fits.
	for limit := TerminationLimit / 4; ; limit /= 2 {
		var err error
		if data, err = json.Marshal(compact(status, limit)); err != nil {
			return fmt.Errorf("cannot encode the status: %w", err)
		}
		if len(data) <= TerminationLimit || limit == 0 {
			break
		}
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		return fmt.Errorf("cannot write %s: %w", file, err)
	}
	return nil
}

// compact returns the status without what is not needed to judge the run, short enough for a
// termination message; its texts have at most limit bytes.
func compact(s *task.Status, limit int) *task.Status {
	out := &task.Status{APIVersion: s.APIVersion, RunID: s.RunID, Sequence: s.Sequence, Result: s.Result}
	out.Volumes = append(out.Volumes, s.Volumes[:min(1, len(s.Volumes))]...)
	for i := range out.Volumes {
		out.Volumes[i].Error = task.Cut(out.Volumes[i].Error, limit/2)
		out.Volumes[i].Name = task.Cut(out.Volumes[i].Name, 253)
	}
	if s.Result != nil {
		result := *s.Result
		result.Reason = task.Cut(result.Reason, 128)
		result.Message = task.Cut(result.Message, limit)
		out.Result = &result
	}
	return out
}
