package restic

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/ddm/filecopy"
	"github.com/kubemove/kubemove/task"
)

// Names that both sides use.
const (
	// repositoryName is the folder of the repository in the state.
	repositoryName = "repo"
	// hostName in snapshots: the name of a Pod changes, and the parent of a snapshot is looked
	// up by it.
	hostName = "kubemove"
)

// peerPatience is how long a side waits for the repository of the other.
const peerPatience = 5 * time.Minute

// source backs the volume up into the repository, and tells the target.
func (s *side) source(ctx context.Context) error {
	x, err := s.connect(ctx)
	if err == nil {
		defer x.close()
		err = s.backup(ctx, x)
	}
	return s.failed(ctx, err)
}

func (s *side) backup(ctx context.Context, x *exchange) error {
	repo := x.repo
	root, err := s.tree.ReadRoot()
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "excludes")
	if err != nil {
		return fmt.Errorf("cannot make a folder for what is left out: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	excludes, err := s.excludes(folder)
	if err != nil {
		return err
	}
	if s.again() {
		return s.repeat(ctx, x)
	}
	searching, cancel := context.WithCancel(ctx)
	defer cancel()
	sparse, earlier := s.findSparse(searching), s.findEarlier(searching, repo)
	s.status.stage(api.StageCopying)
	var summary message
	err = s.withRoom(ctx, x, func(ctx context.Context) (err error) {
		summary, err = s.makeSnapshot(ctx, repo, excludes)
		return err
	})
	if err != nil {
		return err
	}
	unlocked, giveUp := s.beginUnlock(ctx, repo)
	defer giveUp()
	// From here on the target restores; the repository stays up until all is done.
	s.made = event{Kind: eventSnapshot, Snapshot: summary.SnapshotID, Root: root, Sparse: <-sparse}
	if err := s.tell(ctx, s.made); err != nil {
		return err
	}
	if err := s.verifySource(ctx, repo, summary, earlier); err != nil {
		return s.explain(repo, err)
	}
	// Done means that the target may stop serving the repository.
	<-unlocked
	return s.done(ctx, x)
}

// makeSnapshot backs the volume up. A repository of the user's own that is not there yet the
// target is about to make.
func (s *side) makeSnapshot(ctx context.Context, repo repository, excludes []string) (message, error) {
	var summary message
	var tags []string
	if !s.task.Run.Exact {
		since, err := s.syncfs(ctx)
		if err != nil {
			return summary, err
		}
		tags = append(tags, "--tag", fmt.Sprint(sincePrefix, since.Unix()))
	}
	for _, tag := range append(s.timesTags(), s.task.Run.ID) {
		tags = append(tags, "--tag", tag)
	}
	args := slices.Concat(s.settings.backup(), repo.patientWithLocks(), tags, []string{"--host", hostName}, excludes, []string{s.volume})
	for deadline := time.Now().Add(peerPatience); ; {
		err := repo.run(ctx, s.volume, func(m message) {
			switch m.Type {
			case "status":
				s.status.update(func(v *task.VolumeProgress) {
					v.BytesDone, v.BytesTotal = m.BytesDone, max(m.TotalBytes, m.BytesDone)
					v.FilesDone, v.FilesTotal = m.FilesDone, max(m.TotalFiles, m.FilesDone)
				})
			case "summary":
				summary = m
			}
		}, "backup", args...)
		var r *runError
		switch {
		case err == nil && summary.SnapshotID == "":
			return summary, errors.New("restic backup ended with 0 but named no snapshot")
		case err == nil:
			return summary, checkSnapshot(summary.SnapshotID)
		case errors.As(err, &r) && r.Code == exitPartial && r.onlyHealed() && summary.SnapshotID != "":
			s.status.warn("the repository had lost some of its content, which was stored again")
			slog.Warn("the repository had lost some of its content", "error", err.Error())
			return summary, nil
		case s.place.remote == "" || !errors.As(err, &r) || r.Code != exitNoRepository || time.Now().After(deadline):
			return summary, s.backupError(repo, err)
		}
		if err := sleep(ctx, time.Second); err != nil {
			return summary, err
		}
	}
}

// backupError: what cannot be read today cannot be read in a minute; but at a source that
// goes on changing a file may vanish under restic's eyes.
func (s *side) backupError(repo repository, err error) error {
	var r *runError
	if !errors.As(err, &r) || r.Code != exitPartial || r.Damaged || r.Unloaded {
		return s.explain(repo, err)
	}
	if !s.task.Run.Exact && r.onlyVanished() {
		return fmt.Errorf("files vanished during the backup: %w", err)
	}
	if r.says("file name too long") {
		return &permanent{fmt.Errorf("the volume holds paths of more than %d bytes, which no system call takes: "+
			"move these folders up, or shorten their names: %w", filecopy.MaxPath, err)}
	}
	return &permanent{fmt.Errorf("not every file of the volume can be read: let the worker run as a user who can, or correct the "+
		"modes: %w", err)}
}

func (s *side) passwordFile() string { return filepath.Join(s.dirs.Credentials, "password") }

// awaitRepository waits until the peer serves its repository; its error says what that did not do.
func awaitRepository(ctx context.Context, base string) error {
	client := http.Client{Timeout: 10 * time.Second}
	deadline := time.Now().Add(peerPatience)
	for {
		err := head(ctx, &client, base+"config")
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("did not appear within %s: %w", peerPatience, err)
		}
		if err := sleep(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

func head(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s", resp.Status)
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
