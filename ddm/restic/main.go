package restic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/ddm/filecopy"
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
		Task: task.TaskFile, NextTask: task.NextTaskFile, Status: task.StatusFile, Volumes: task.VolumesDir, SourceVolumes: task.VolumesDir,
		State: task.StateDir, Credentials: task.CredentialsDir, Host: host,
	})
}

// Dirs are the places of the contract; tests have their own.
type Dirs struct {
	Task, NextTask, Status, Volumes, State, Credentials string
	// SourceVolumes is Volumes as the source sees it, by which a snapshot knows its files.
	SourceVolumes string
	// Host is the name of this one, by which restic's locks are known.
	Host string
}

// side of one volume: the worker of the source, or that of the target.
type side struct {
	task   *task.Task
	dirs   Dirs
	status *status
	// settings from the parameters.
	settings settings
	walk     filecopy.Options
	name     string         // of the volume
	volume   string         // its folder
	tree     *filecopy.Tree // what is in it; the verb open has none
	place    place
	// credentials for a place of the user's own.
	credentials credentials
	// made is the snapshot of this run, and counted what it holds of the volume.
	made    event
	counted task.Verification
	// newest times of the volume before it was read, and sum of all that was seen then; source only.
	newest filecopy.Newest
	sum    string
	// before is the pass before this one, of the same process; nil: it makes only one.
	before *memory
	// verified: the target's worker may take what looks the same for the same.
	verified bool
}

// Run carries out the task of Dirs.Task, or the passes that it announces, and returns the exit code.
func Run(ctx context.Context, d Dirs) int {
	t, err := readTask(d.Task)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return task.ExitPermanent
	}
	if t.Passes && t.Verb == task.VerbSync {
		return runPasses(ctx, d)
	}
	return run(ctx, d, t, nil)
}

func readTask(file string) (*task.Task, error) {
	t, err := task.Read(file)
	if err == nil && (len(t.Volumes) != 1 || t.Peer == nil && t.Verb != task.VerbOpen) {
		err = fmt.Errorf("the task has %d volumes and peer %v: expected exactly one volume, and a peer", len(t.Volumes), t.Peer)
	}
	return t, err
}

// run carries out a task, after the pass that the memory is of.
func run(ctx context.Context, d Dirs, t *task.Task, before *memory) int {
	var err error
	s := &side{task: t, dirs: d, status: newStatus(d.Status, t), name: t.Volumes[0].Name, before: before}
	s.volume = filepath.Join(d.Volumes, s.name)
	if s.settings, err = parseSettings(t.Parameters); err != nil {
		return s.end(&permanent{err})
	}
	if s.walk.Checksum, err = t.Run.Checksum(); err != nil {
		return s.end(&permanent{err})
	}
	if s.place, err = newPlace(s.settings.repository, t.Channel, s.name); err != nil {
		return s.end(&repositoryError{error: err, reason: api.ReasonInvalidSpec})
	}
	if s.credentials, err = readCredentials(d.Credentials); err != nil {
		return s.end(&repositoryError{error: err, reason: api.ReasonInvalidCredentials})
	}
	if t.Verb == task.VerbOpen {
		return s.end(s.open(ctx))
	}
	err = s.work(ctx)
	s.keep(err)
	return s.end(err)
}

func (s *side) work(ctx context.Context) error {
	s.status.stage(api.StagePreparing)
	var err error
	if s.tree, err = filecopy.Open(s.volume); err != nil {
		return err
	}
	defer s.tree.Close()
	switch s.task.Role {
	case task.RoleSource:
		return s.source(ctx)
	case task.RoleTarget:
		return s.target(ctx)
	}
	return &permanent{fmt.Errorf("the task has the role %q, expected source or target", s.task.Role)}
}

// permanent wraps an error that trying again does not fix.
type permanent struct{ error }

// Unwrap returns the error that is wrapped.
func (p *permanent) Unwrap() error { return p.error }

// mismatch wraps an error that says how the copy differs from its source.
type mismatch struct{ error }

// Unwrap returns the error that is wrapped.
func (m *mismatch) Unwrap() error { return m.error }

// end writes the result and chooses the exit code. Killed, it writes none: the run is tried
// again.
func (s *side) end(err error) int {
	if errors.Is(err, context.Canceled) {
		slog.Warn("told to stop")
		return task.ExitFailed
	}
	r := task.Succeeded("")
	if err != nil {
		slog.Error("failed", "verb", string(s.task.Verb), "volume", s.name, "error", err.Error())
		r = verdict(err)
	}
	if err := s.status.finish(r); err != nil {
		slog.Error("cannot report", "error", err.Error())
		return task.ExitFailed
	}
	return r.ExitCode()
}

// verdict on a failure.
func verdict(err error) task.Result {
	r := task.Failed(api.ReasonSyncFailed, err.Error(), task.RetrySoon)
	if f := (*peerFailure)(nil); errors.As(err, &f) {
		r.Reason = cmp.Or(f.reason, r.Reason)
		if f.retry != "" && f.retry != task.RetrySoon {
			r.Retry = task.RetryLater
		}
	}
	if p := (*permanent)(nil); errors.As(err, &p) {
		r.Retry = task.RetryLater
	}
	if e := (*repositoryError)(nil); errors.As(err, &e) {
		r.Reason = e.reason
		if !e.passes {
			r.Retry = task.RetryLater
		}
	}
	if m := (*mismatch)(nil); errors.As(err, &m) {
		r.Reason = api.ReasonMismatch
	}
	return r
}
