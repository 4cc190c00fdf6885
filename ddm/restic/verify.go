package restic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/ddm/filecopy"
	"github.com/kubemove/kubemove/task"
)

// verifySource counts what was backed up. A source that does not change is read on its disk:
// the backup must agree, and the target gets the manifest, with the hashes of the files whose
// times prove nothing after the earlier runs. One that does change is counted in the snapshot.
func (s *side) verifySource(ctx context.Context, repo repository, summary message, earlier <-chan found) error {
	s.status.stage(api.StageVerifying)
	if !s.task.Run.Exact {
		verification, written, err := listed(ctx, repo, s.volume, summary.SnapshotID)
		if err != nil {
			return err
		}
		s.keepTimes(ctx, repo, summary.SnapshotID, written)
		s.finished(verification)
		return nil
	}
	before := <-earlier
	if before.err != nil {
		return before.err
	}
	o := s.walk
	o.MustRehash = mustRehash(before.snapshots, summary.SnapshotID)
	// In a file: the connection to the target may break, and the volume must not be read again for that.
	file, err := os.CreateTemp("", "manifest")
	if err != nil {
		return fmt.Errorf("cannot write the manifest: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }()
	defer func() { _ = file.Close() }()
	// With checksums the content of every file is read here once more, after restic has read it.
	// That costs a second reading of the whole volume, about as long as its disk takes to deliver
	// it; the target restores meanwhile. It is what the user has asked for: what restic has read,
	// cut up, packed and sent is just what is to be verified, and of files that look unchanged it
	// has read nothing at all, but trusted their times.
	counted, err := s.tree.WriteManifest(ctx, file, o)
	if err != nil {
		return err
	}
	if counted.Regular != summary.FilesProcessed || counted.Bytes != summary.BytesProcessed {
		return fmt.Errorf("the backup holds %d regular files with %d bytes, the volume %d with %d: another program writes to it, or a "+
			"file was skipped",
			summary.FilesProcessed, summary.BytesProcessed, counted.Regular, counted.Bytes)
	}
	size, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return fmt.Errorf("cannot write the manifest: %w", err)
	}
	if err := s.tell(ctx, event{Kind: eventManifest, Size: size, body: file}); err != nil {
		return err
	}
	s.finished(counted.Verification)
	return nil
}

// verifyTarget counts what is there. In an exact run every path must be what the manifest of
// the source says.
func (s *side) verifyTarget(ctx context.Context, x *exchange) error {
	s.status.stage(api.StageVerifying)
	if !s.task.Run.Exact {
		counted, err := s.tree.Walk(ctx, filecopy.Options{})
		if err != nil {
			return err
		}
		// The source has no digest of a moment that is gone.
		counted.Digest = ""
		s.finished(counted.Verification)
		return nil
	}
	e, err := x.await(ctx, eventManifest)
	if err != nil {
		return err
	}
	differs, err := s.compare(ctx, e.file)
	if err == nil && s.mayRenew(differs) {
		if err = s.renew(ctx, x.repo, differs.Stale); err == nil {
			differs, err = s.compare(ctx, e.file)
		}
	}
	if err != nil {
		return err
	}
	if differs.Count > 0 {
		if differs.Content {
			s.invalidate(ctx, x.repo)
		}
		return differ(differs)
	}
	if warning := differs.Growth(); warning != "" {
		s.status.warn("%s", warning)
	}
	s.finished(differs.Target.Verification)
	return nil
}

// compare compares the volume with a manifest and repairs what restic has lost.
func (s *side) compare(ctx context.Context, manifest string) (*filecopy.Differences, error) {
	file, err := os.Open(manifest)
	if err != nil {
		return nil, fmt.Errorf("cannot read the manifest: %w", err)
	}
	defer func() { _ = file.Close() }()
	differs, repaired, err := s.tree.RepairAll(ctx, file, s.walk)
	if repaired > 0 {
		slog.Info("repaired metadata that restic does not keep", "volume", s.name, "paths", repaired)
	}
	return differs, err
}

// differ is the error of a copy that differs.
func differ(d *filecopy.Differences) error {
	text := d.Text()
	if d.MayPass {
		return &mismatch{errors.New(text)}
	}
	return &mismatch{&permanent{errors.New(text + ": let the worker run as a user who may set that, or give the target a file " +
		"system that can keep it")}}
}

// invalidate lets the next run copy anew what looks unchanged at the source: without a snapshot restic
// reads every file there. What is in the repository is not sent again. After a run that has failed
// size and time prove nothing at the target anyway.
func (s *side) invalidate(ctx context.Context, repo repository) {
	if !s.place.managed() || !s.holds() {
		s.addEmptySnapshot(ctx, repo)
		return
	}
	snapshots, err := filepath.Glob(filepath.Join(repo.location, "snapshots", "*"))
	for _, path := range snapshots {
		err = errors.Join(err, os.Remove(path))
	}
	if err != nil {
		slog.Error("cannot forget the snapshots", "error", err.Error())
	}
}

// finished ends the progress of a volume.
func (s *side) finished(verification task.Verification) {
	s.counted = verification
	s.status.update(func(v *task.VolumeProgress) {
		v.Verification = &verification
		v.Stage = api.StageSynced
		v.BytesDone, v.BytesTotal = verification.Bytes, verification.Bytes
		v.FilesDone, v.FilesTotal = verification.Files, verification.Files
	})
}
