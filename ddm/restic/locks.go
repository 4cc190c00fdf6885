package restic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"regexp"
	"time"
)

// Our runs take locks that others may share, and only for backups; restores take none. So a
// lock that a killed worker has left stands in no run's way, but in that of the user's own
// `restic prune`: it is removed after the next backup, when it costs no time. Exclusive locks
// are always of other clients, and are waited for.

// lockPatience is how long a run waits for the lock of another client. The application may be stopped
// meanwhile.
var lockPatience = 2 * time.Minute

// patientWithLocks are the arguments for that.
func (r repository) patientWithLocks() []string {
	if r.place.managed() {
		return nil
	}
	return []string{"--retry-lock", lockPatience.String()}
}

// lock in a repository, as far as it matters here.
type lock struct {
	Hostname string `json:"hostname"`
}

// workerHost is the name of a worker Pod, which restic writes into its locks.
var workerHost = regexp.MustCompile(`^kubemove-.*-[0-9a-f]{10}-(open-)?(source|target)$`)

// ours tells whether a worker has made the lock. The repository is one channel's and volume's
// alone, and under its run lease this worker is the only one.
func (s *side) ours(l lock) bool {
	return l.Hostname == s.dirs.Host || workerHost.MatchString(l.Hostname)
}

// unlockPatience bounds the removal of locks, which is a courtesy: the run does not wait for
// long, and that it does not work fails nothing.
const unlockPatience = 10 * time.Second

// beginUnlock removes the locks that earlier workers have left, beside the verification. The
// function that it returns ends that.
func (s *side) beginUnlock(ctx context.Context, repo repository) (done <-chan struct{}, giveUp func()) {
	over := make(chan struct{})
	if s.place.managed() {
		close(over)
		return over, func() {}
	}
	ctx, cancel := context.WithTimeout(ctx, unlockPatience)
	go func() {
		defer close(over)
		if err := s.unlock(ctx, repo); err != nil && !errors.Is(err, context.Canceled) {
			slog.Warn("cannot remove the locks of earlier workers", "error", err.Error())
		}
	}()
	return over, func() {
		cancel()
		<-over
	}
}

// unlock removes the locks when all of them are ours. With another among them they stay:
// restic removes them all or none.
func (s *side) unlock(ctx context.Context, repo repository) error {
	ids, err := repo.output(ctx, "list", "locks", "--no-lock")
	if err != nil || len(bytes.TrimSpace(ids)) == 0 {
		return err
	}
	for id := range bytes.FieldsSeq(ids) {
		text, err := repo.output(ctx, "cat", "--no-lock", "--", "lock", string(bytes.Trim(id, `"`)))
		if err != nil {
			return err
		}
		var l lock
		if err := json.Unmarshal(text, &l); err != nil {
			return err
		}
		if !s.ours(l) {
			slog.Info("another client has locked the repository, too: locks of earlier workers stay", "host", l.Hostname)
			return nil
		}
	}
	return repo.run(ctx, "/", nil, "unlock", "--remove-all")
}

// addEmptySnapshot puts an empty snapshot of the volume after the last one, so that the next backup
// finds nothing to compare with, and reads every file. Nothing is forgotten.
func (s *side) addEmptySnapshot(ctx context.Context, repo repository) {
	err := func() error {
		if err := checkSnapshot(s.made.Snapshot); err != nil {
			return err
		}
		text, err := repo.output(ctx, "snapshots", "--no-lock", s.made.Snapshot)
		if err != nil {
			return err
		}
		var made []struct {
			Time time.Time `json:"time"`
		}
		if err := json.Unmarshal(text, &made); err != nil || len(made) != 1 {
			return err
		}
		// By the clock of the source, which makes the next one.
		next := made[0].Time.Add(time.Second).Local().Format(time.DateTime)
		folder := filepath.Join(s.dirs.SourceVolumes, s.name)
		if err := repo.run(ctx, "/", nil, "backup", "--tag", emptyTag, "--host", hostName, "--time", next,
			"--exclude", filepath.Join(folder, "*"), folder); err != nil {
			return err
		}
		// A backup compares with nothing that is younger than itself: one that began before that
		// second is over would pass the empty one by.
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
		return ctx.Err()
	}()
	if err != nil {
		slog.Error("cannot make the next run read everything", "error", err.Error())
	}
}
