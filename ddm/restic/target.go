package restic

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/ddm/tree"
	"github.com/kubemove/kubemove/task"
)

// target serves the repository until the source has made its snapshot, restores that, and
// counts what is there then.
func (w *worker) target(ctx context.Context) error {
	repo := repository{location: filepath.Join(w.dirs.State, repositoryName), passwordFile: w.passwordFile()}
	if err := w.openRepository(ctx, repo); err != nil {
		return err
	}
	before, err := snapshots(repo)
	if err != nil {
		return err
	}
	server, err := serve(ctx, w.dirs.State, w.task.Peer.Listen)
	if err != nil {
		return err
	}
	defer server.stop()
	id, err := awaitSnapshot(ctx, repo, before, server)
	if err != nil {
		return err
	}
	w.status.stage(api.StageCopying)
	err = repo.run(ctx, "/", func(m message) {
		if m.Type != "status" {
			return
		}
		w.status.update(func(v *task.VolumeProgress) {
			v.BytesDone, v.BytesTotal = m.BytesRestored+m.BytesSkipped, m.TotalBytes
			v.FilesDone, v.FilesTotal = m.FilesRestored+m.FilesSkipped, m.TotalFiles
		})
	}, "restore", id+":"+filepath.Join(w.dirs.SourceVolumes, w.name), "--target", w.volume, "--delete", "--overwrite", "if-changed", "--sparse",
		"--exclude", "/"+lostAndFound)
	if err != nil {
		return w.restoreError(err)
	}
	return w.verifyTarget()
}

func (w *worker) restoreError(err error) error {
	var r *runError
	if errors.As(err, &r) {
		return fmt.Errorf("not everything was written to the target's volume: %w", err)
	}
	return err
}

func (w *worker) verifyTarget() error {
	w.status.stage(api.StageVerifying)
	s, err := tree.Walk(w.volume)
	if err != nil {
		return err
	}
	verification := s.Verification
	if !w.task.Run.Exact {
		// The source has no digest of a moment that is gone.
		verification.Digest = ""
	}
	w.status.update(func(v *task.VolumeProgress) {
		v.Verification = &verification
		v.Stage = api.StageSynced
		v.BytesDone, v.BytesTotal = verification.Bytes, verification.Bytes
		v.FilesDone, v.FilesTotal = verification.Files, verification.Files
	})
	return nil
}

// openRepository makes the repository, or frees it from what a killed run has left. This
// worker alone can reach it now: every lock in it is stale. A repository that the password
// does not open is of no use to anybody: it is made anew, and everything is sent again.
func (w *worker) openRepository(ctx context.Context, repo repository) error {
	if _, err := os.Stat(filepath.Join(repo.location, "config")); err == nil {
		err := repo.run(ctx, "/", nil, "unlock", "--remove-all")
		var r *runError
		if err == nil || !errors.As(err, &r) || r.Code != exitWrongPassword && r.Code != exitNoRepository {
			return err
		}
		w.status.warn("the repository could not be opened any more and is made anew: everything is sent again")
		slog.Warn("making the repository anew", "error", err.Error())
	}
	if err := os.RemoveAll(repo.location); err != nil {
		return fmt.Errorf("cannot clear the repository: %w", err)
	}
	return repo.run(ctx, "/", nil, "init")
}

// snapshots are the names of the repository's snapshots. A snapshot is written last, and a
// file appears whole.
func snapshots(repo repository) (map[string]time.Time, error) {
	entries, err := os.ReadDir(filepath.Join(repo.location, "snapshots"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("cannot read the repository: %w", err)
	}
	out := map[string]time.Time{}
	for _, e := range entries {
		if len(e.Name()) != 64 {
			continue // Not finished yet.
		}
		if info, err := e.Info(); err == nil {
			out[e.Name()] = info.ModTime()
		}
	}
	return out, nil
}

// awaitSnapshot waits for the snapshot of this run: the one that was not there before. The
// source ends its backup with it.
func awaitSnapshot(ctx context.Context, repo repository, before map[string]time.Time, server *server) (string, error) {
	for {
		now, err := snapshots(repo)
		if err != nil {
			return "", err
		}
		newest := ""
		for id, at := range now {
			if _, old := before[id]; !old && (newest == "" || at.After(now[newest])) {
				newest = id
			}
		}
		if newest != "" {
			return newest, nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case err := <-server.ended:
			return "", fmt.Errorf("rest-server has ended: %w", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// server is a running rest-server.
type server struct {
	cmd   *exec.Cmd
	ended chan error
	done  chan struct{}
}

// serve offers the folder on loopback, inside this Pod. Who may connect is the agent's to
// decide: it asks for the certificate of the peer.
func serve(ctx context.Context, dir, listen string) (*server, error) {
	cmd := exec.CommandContext(ctx, "rest-server", "--path", dir, "--listen", listen, "--no-auth")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start rest-server: %w", err)
	}
	s := &server{cmd: cmd, ended: make(chan error, 1), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		err := cmd.Wait()
		if err == nil {
			err = errors.New("it ended by itself")
		}
		s.ended <- err
	}()
	return s, nil
}

// stop ends the server and waits for it.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(5 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.done
	}
}
