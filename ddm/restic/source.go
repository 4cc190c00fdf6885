package restic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/ddm/tree"
	"github.com/kubemove/kubemove/task"
)

// Names that both sides use.
const (
	// repositoryName is the folder of the repository in the target's state.
	repositoryName = "repo"
	// hostName in snapshots: the name of a Pod changes, and the parent of a snapshot is looked
	// up by it.
	hostName = "kubemove"
	// lostAndFound of the volume's file system is not part of the data.
	lostAndFound = "lost+found"
)

// peerPatience is how long the source waits for the target's repository.
const peerPatience = 5 * time.Minute

// source backs the volume up into the repository of the peer.
func (w *worker) source(ctx context.Context) error {
	base := "http://" + w.task.Peer.Dial + "/" + repositoryName + "/"
	if err := awaitRepository(ctx, base); err != nil {
		return err
	}
	repo := repository{location: "rest:" + base, passwordFile: w.passwordFile()}
	w.status.stage(api.StageCopying)
	var summary message
	err := repo.run(ctx, w.volume, func(m message) {
		switch m.Type {
		case "status":
			w.status.update(func(v *task.VolumeProgress) {
				v.BytesDone, v.BytesTotal = m.BytesDone, max(m.TotalBytes, m.BytesDone)
				v.FilesDone, v.FilesTotal = m.FilesDone, max(m.TotalFiles, m.FilesDone)
			})
		case "summary":
			summary = m
		}
	}, "backup", "--tag", w.task.Run.ID, "--host", hostName, "--pack-size", "64", "--compression", "off",
		"--read-concurrency", strconv.Itoa(max(2, runtime.NumCPU())),
		"--exclude", filepath.Join(w.volume, lostAndFound), w.volume)
	if err != nil {
		return w.backupError(err)
	}
	if summary.SnapshotID == "" {
		return errors.New("restic backup ended with 0 but named no snapshot")
	}
	return w.verifySource(ctx, repo, summary)
}

func (w *worker) backupError(err error) error {
	var r *runError
	if errors.As(err, &r) && r.Code == exitPartial {
		return &permanent{fmt.Errorf("not every file of the volume can be read: let the worker run as a user who can, or correct the modes: %w", err)}
	}
	return err
}

// verifySource counts what was backed up. A source that does not change is counted on its
// disk, and the backup must agree; one that does is counted in the snapshot.
func (w *worker) verifySource(ctx context.Context, repo repository, summary message) error {
	w.status.stage(api.StageVerifying)
	verification := task.Verification{}
	if w.task.Run.Exact {
		s, err := tree.Walk(w.volume)
		if err != nil {
			return err
		}
		if s.Regular != summary.FilesProcessed || s.Bytes != summary.BytesProcessed {
			return fmt.Errorf("the backup holds %d regular files with %d bytes, the volume %d with %d: somebody writes to it, or a file was skipped",
				summary.FilesProcessed, summary.BytesProcessed, s.Regular, s.Bytes)
		}
		for _, name := range s.Sockets {
			w.status.warn("the socket %q is not copied: it means nothing without its process", name)
		}
		verification = s.Verification
	} else {
		var err error
		if verification, err = listed(ctx, repo, w.volume, summary.SnapshotID); err != nil {
			return err
		}
	}
	w.status.update(func(v *task.VolumeProgress) {
		v.Verification = &verification
		v.Stage = api.StageSynced
		v.BytesDone, v.BytesTotal = verification.Bytes, verification.Bytes
		v.FilesDone, v.FilesTotal = verification.Files, verification.Files
	})
	return nil
}

func (w *worker) passwordFile() string { return filepath.Join(w.dirs.Credentials, "password") }

// awaitRepository waits until the peer serves its repository.
func awaitRepository(ctx context.Context, base string) error {
	client := http.Client{Timeout: 10 * time.Second}
	deadline := time.Now().Add(peerPatience)
	for {
		err := head(ctx, &client, base+"config")
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the repository of the target did not appear within %s: %w", peerPatience, err)
		}
		if err := sleep(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

func head(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
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
