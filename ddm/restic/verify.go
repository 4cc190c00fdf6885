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
	"github.com/kubemove/kubemove/ddm/tree"
	"github.com/kubemove/kubemove/task"
)

// verifySource counts what was backed up. A source that does not change is read on its disk:
// the backup must agree, and the target gets the manifest, with the hashes of the files whose
// times prove nothing after the earlier runs. One that does change is counted in the snapshot.
func (w *worker) verifySource(ctx context.Context, repo repository, summary message, earlier <-chan found) error {
	w.status.stage(api.StageVerifying)
	if !w.task.Run.Exact {
		verification, written, err := listed(ctx, repo, w.volume, summary.SnapshotID)
		if err != nil {
			return err
		}
		w.keepTimes(ctx, repo, summary.SnapshotID, written)
		w.verified(verification)
		return nil
	}
	before := <-earlier
	if before.err != nil {
		return before.err
	}
	o := w.walk
	o.Doubted = doubt(before.snapshots, summary.SnapshotID)
	file, err := os.CreateTemp("", "manifest")
	if err != nil {
		return fmt.Errorf("cannot write the manifest: %w", err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	s, err := writeManifest(ctx, file, w.volume, o)
	if err != nil {
		return err
	}
	if s.Regular != summary.FilesProcessed || s.Bytes != summary.BytesProcessed {
		return fmt.Errorf("the backup holds %d regular files with %d bytes, the volume %d with %d: somebody writes to it, or a file was skipped",
			summary.FilesProcessed, summary.BytesProcessed, s.Regular, s.Bytes)
	}
	size, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return fmt.Errorf("cannot write the manifest: %w", err)
	}
	if err := tell(ctx, w.task.Peer.Dial, event{RunID: w.task.Run.ID, Kind: eventManifest, Size: size, body: file}); err != nil {
		return err
	}
	w.verified(s.Verification)
	return nil
}

// writeManifest reads a volume into a file: the connection to the target may break, and the
// volume must not be read again for that.
//
// With checksums the content of every file is read here once more, after restic has read it.
// That costs a second reading of the whole volume, about as long as its disk takes to deliver
// it; the target restores meanwhile. It is what the user has asked for: what restic has read,
// cut up, packed and sent is just what is to be verified, and of files that look unchanged it
// has read nothing at all, but trusted their times.
func writeManifest(ctx context.Context, file *os.File, volume string, o tree.Options) (*tree.Summary, error) {
	out, err := tree.NewWriter(file, o)
	if err != nil {
		return nil, fmt.Errorf("cannot write the manifest: %w", err)
	}
	o.Each = func(e *tree.Entry) error {
		if err := out.Add(e); err != nil {
			return fmt.Errorf("cannot write the manifest: %w", err)
		}
		return nil
	}
	s, err := tree.Walk(ctx, volume, o)
	if err != nil {
		return nil, err
	}
	if err := out.Close(s); err != nil {
		return nil, fmt.Errorf("cannot write the manifest: %w", err)
	}
	return s, nil
}

// verifyTarget counts what is there. In an exact run every path must be what the manifest of
// the source says.
func (w *worker) verifyTarget(ctx context.Context, repo repository, front *front, server *server) error {
	w.status.stage(api.StageVerifying)
	if !w.task.Run.Exact {
		s, err := tree.Walk(ctx, w.volume, tree.Options{})
		if err != nil {
			return err
		}
		// The source has no digest of a moment that is gone.
		s.Digest = ""
		w.verified(s.Verification)
		return nil
	}
	e, err := front.await(ctx, server, eventManifest)
	if err != nil {
		return err
	}
	differs, err := w.compare(ctx, e.file)
	if err == nil && w.mayRenew(differs) {
		if err = w.renew(ctx, repo, differs.stale); err == nil {
			differs, err = w.compare(ctx, e.file)
		}
	}
	if err != nil {
		return err
	}
	if differs.count > 0 {
		if differs.content {
			w.distrust(ctx, repo)
		}
		return differs.err()
	}
	if warning := growth(differs.source.Allocated, differs.target.Allocated); warning != "" {
		w.status.warn("%s", warning)
	}
	w.verified(differs.target.Verification)
	return nil
}

// compare compares the volume with a manifest and mends what restic has lost. After that it
// compares once more: what counts is what is on the disk.
func (w *worker) compare(ctx context.Context, manifest string) (*differences, error) {
	mended := 0
	first := &differences{}
	err := w.walkAlong(ctx, manifest, first, func(d tree.Difference) {
		if err := mend(w.volume, d); err != nil {
			first.add(d, err)
			return
		}
		mended++
	})
	if err != nil || mended == 0 || first.count > 0 {
		return first, err
	}
	slog.Info("mended metadata that restic does not keep", "volume", w.name, "paths", mended)
	second := &differences{}
	err = w.walkAlong(ctx, manifest, second, func(d tree.Difference) { second.add(d, nil) })
	return second, err
}

// walkAlong walks the volume along a manifest. It hands out what differs, and notes what was
// counted.
func (w *worker) walkAlong(ctx context.Context, manifest string, counted *differences, differs func(tree.Difference)) error {
	file, err := os.Open(manifest)
	if err != nil {
		return fmt.Errorf("cannot read the manifest: %w", err)
	}
	defer file.Close()
	in, err := tree.NewReader(file, w.walk)
	if err != nil {
		return err
	}
	sum := func(e *tree.Entry) ([]byte, error) { return tree.Sum(ctx, filepath.Join(w.volume, e.Path)) }
	c := tree.NewComparison(in, sum, func(d tree.Difference) error {
		differs(d)
		return nil
	})
	o := w.walk
	o.Each = c.Add
	if counted.target, err = tree.Walk(ctx, w.volume, o); err != nil {
		return err
	}
	if err := c.End(); err != nil {
		return err
	}
	counted.source = in.Summary()
	return nil
}

// growth is a warning of a copy that takes much more room than its source: not every file system
// makes holes, and not all files with holes are told.
func growth(source, target int64) string {
	const slack = 64 << 20
	if target <= source+source/10+slack {
		return ""
	}
	return fmt.Sprintf("the copy takes %d MiB on the disk, the source %d MiB: the target's file system did not make all of the holes that files have there, or does not compress", target>>20, source>>20)
}

// distrust lets the next run copy anew what looks unchanged at the source: without a snapshot restic
// reads every file there. What is in the repository is not sent again. After a run that has failed
// nothing is believed at the target anyway.
func (w *worker) distrust(ctx context.Context, repo repository) {
	if !w.place.managed() {
		w.supersede(ctx, repo)
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

// verified ends the progress of a volume.
func (w *worker) verified(verification task.Verification) {
	w.status.update(func(v *task.VolumeProgress) {
		v.Verification = &verification
		v.Stage = api.StageSynced
		v.BytesDone, v.BytesTotal = verification.Bytes, verification.Bytes
		v.FilesDone, v.FilesTotal = verification.Files, verification.Files
	})
}
