package restic

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/ddm/tree"
	"github.com/kubemove/kubemove/task"
)

// Main carries out one verb of the contract: sync, or open. It returns the exit code.
func Main(args []string) int {
	if len(args) != 1 || args[0] != string(task.VerbSync) && args[0] != string(task.VerbOpen) {
		fmt.Fprintf(os.Stderr, "got the arguments %q, expected: kubemove-ddm restic sync, or open\n", args)
		return task.ExitPermanent
	}
	host, err := os.Hostname()
	if err != nil {
		fmt.Fprintf(os.Stderr, "cannot tell the name of this host: %v\n", err)
		return task.ExitFailed
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	return Run(ctx, Dirs{
		Task: task.TaskFile, Status: task.StatusFile, Volumes: task.VolumesDir, SourceVolumes: task.VolumesDir,
		State: task.StateDir, Credentials: task.CredentialsDir, Host: host,
	})
}

// Dirs are the places of the contract; tests have their own.
type Dirs struct {
	Task, Status, Volumes, State, Credentials string
	// SourceVolumes is Volumes as the source sees it, by which a snapshot knows its files.
	SourceVolumes string
	// Host is the name of this one, by which restic's locks are known.
	Host string
}

// worker is one side of one volume.
type worker struct {
	task   *task.Task
	dirs   Dirs
	status *status
	// settings from the parameters.
	settings settings
	walk     tree.Options
	name     string // of the volume
	volume   string // its folder
	place    place
	// credentials for a place of the user's own.
	credentials credentials
	// made is the snapshot of this run; target only.
	made event
	// newest times of the volume before it was read; source only.
	newest tree.Newest
	// believing: the target's worker may take what looks the same for the same.
	believing bool
}

// Run carries out the task of Dirs.Task and returns the exit code.
func Run(ctx context.Context, d Dirs) int {
	data, err := os.ReadFile(d.Task)
	if err != nil {
		fmt.Fprintf(os.Stderr, "cannot read the task: %v\n", err)
		return task.ExitPermanent
	}
	t, err := task.Decode(data)
	if err == nil && (len(t.Volumes) != 1 || t.Peer == nil && t.Verb != task.VerbOpen) {
		err = fmt.Errorf("the task has %d volumes and peer %v: expected exactly one volume, and a peer", len(t.Volumes), t.Peer)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return task.ExitPermanent
	}
	w := &worker{task: t, dirs: d, status: newStatus(d.Status, t), name: t.Volumes[0].Name}
	w.volume = filepath.Join(d.Volumes, w.name)
	if w.settings, err = parseSettings(t.Parameters); err != nil {
		return w.end(&permanent{err})
	}
	if w.walk.Checksum, err = t.Run.Checksum(); err != nil {
		return w.end(&permanent{err})
	}
	if w.place, err = newPlace(w.settings.repository, t.Channel, w.name); err != nil {
		return w.end(&troubled{error: err, reason: api.ReasonInvalidSpec})
	}
	if w.credentials, err = readCredentials(d.Credentials); err != nil {
		return w.end(&troubled{error: err, reason: api.ReasonInvalidCredentials})
	}
	if t.Verb == task.VerbOpen {
		return w.end(w.open(ctx))
	}
	return w.end(w.work(ctx))
}

func (w *worker) work(ctx context.Context) error {
	w.status.stage(api.StagePreparing)
	switch w.task.Role {
	case task.RoleSource:
		return w.source(ctx)
	case task.RoleTarget:
		return w.target(ctx)
	}
	return &permanent{fmt.Errorf("the task has the role %q, expected source or target", w.task.Role)}
}

// permanent wraps an error that trying again does not mend.
type permanent struct{ error }

// Unwrap returns the error that is wrapped.
func (p *permanent) Unwrap() error { return p.error }

// mismatch wraps an error that says how the copy differs from its source.
type mismatch struct{ error }

// Unwrap returns the error that is wrapped.
func (m *mismatch) Unwrap() error { return m.error }

// end writes the result and chooses the exit code. Killed, it writes none: the run is tried
// again.
func (w *worker) end(err error) int {
	if errors.Is(err, context.Canceled) {
		slog.Warn("told to stop")
		return task.ExitFailed
	}
	r, code := task.Result{Outcome: task.OutcomeSucceeded, Reason: api.ReasonSucceeded}, task.ExitDone
	if err != nil {
		slog.Error("failed", "verb", string(w.task.Verb), "volume", w.name, "error", err.Error())
		r = task.Result{Outcome: task.OutcomeFailed, Retry: task.RetrySoon, Reason: api.ReasonSyncFailed, Message: err.Error()}
		code = task.ExitFailed
		var p *permanent
		if errors.As(err, &p) {
			r.Retry, code = task.RetryLater, task.ExitPermanent
		}
		var t *troubled
		if errors.As(err, &t) {
			r.Reason = t.reason
			if !t.passes {
				r.Retry, code = task.RetryLater, task.ExitPermanent
			}
		}
		var m *mismatch
		if errors.As(err, &m) {
			r.Reason = api.ReasonMismatch
		}
	}
	if err := w.status.finish(r); err != nil {
		slog.Error("cannot report", "error", err.Error())
		return task.ExitFailed
	}
	return code
}
