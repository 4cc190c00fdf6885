package transfer

import (
	"errors"
	"fmt"
	"strings"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// progressOf returns what a worker says of its volume.
func progressOf(s *task.Status, volume string) task.VolumeProgress {
	if s == nil {
		return task.VolumeProgress{}
	}
	for _, v := range s.Volumes {
		if v.Name == volume {
			return v
		}
	}
	if len(s.Volumes) == 1 {
		return s.Volumes[0]
	}
	return task.VolumeProgress{}
}

// merge joins what both sides say into the progress of a volume. A byte counts half when it
// has been read and whole when it has been written; what was once counted stays counted.
func merge(before task.VolumeProgress, source, target *task.Status) task.VolumeProgress {
	s, t := progressOf(source, before.Name), progressOf(target, before.Name)
	out := before
	out.BytesTotal = first(s.BytesTotal, before.BytesTotal, t.BytesTotal)
	out.FilesTotal = first(s.FilesTotal, before.FilesTotal, t.FilesTotal)
	out.BytesDone = bounded(max(before.BytesDone, half(s.BytesDone, t.BytesDone)), out.BytesTotal)
	out.FilesDone = bounded(max(before.FilesDone, half(s.FilesDone, t.FilesDone)), out.FilesTotal)
	switch {
	case t.Stage == api.StageVerifying:
		out.Stage = api.StageVerifying
	case before.Stage == api.StagePreparing &&
		(s.BytesDone > 0 || t.BytesDone > 0 || s.FilesDone > 0 || s.Stage == api.StageCopying || t.Stage == api.StageCopying):
		out.Stage = api.StageCopying
	}
	return out
}

// half is the mean of two counters without overflow.
func half(a, b int64) int64 { return a/2 + b/2 + (a%2+b%2)/2 }

// bounded keeps done within a total that is known.
func bounded(done, total int64) int64 {
	if total > 0 {
		return min(done, total)
	}
	return done
}

// first returns the first number that is not zero.
func first(numbers ...int64) int64 {
	for _, n := range numbers {
		if n != 0 {
			return n
		}
	}
	return 0
}

// completed is the progress of a volume that was copied and verified.
func completed(before task.VolumeProgress, target *task.Status) task.VolumeProgress {
	out := before
	out.Stage, out.Error = api.StageSynced, ""
	out.Verification = progressOf(target, before.Name).Verification
	out.BytesDone, out.BytesTotal = out.Verification.Bytes, out.Verification.Bytes
	out.FilesDone, out.FilesTotal = out.Verification.Files, out.Verification.Files
	return out
}

// rateWindow is how far the rate looks back.
const rateWindow = time.Minute

// sample of a counter at a time.
type sample struct {
	At    time.Time
	Bytes int64
}

// record adds a sample, at most one a second, and forgets those that the window does not
// need any more: one from before its begin stays as the base.
func record(samples []sample, s sample) []sample {
	if n := len(samples); n > 1 && s.At.Sub(samples[n-2].At) < time.Second {
		samples[n-1] = s
	} else {
		samples = append(samples, s)
	}
	for len(samples) > 2 && s.At.Sub(samples[1].At) >= rateWindow {
		samples = samples[1:]
	}
	return samples
}

// estimate computes the rate over the window and the time that is left at it; 0: not known.
func estimate(samples []sample, left int64, now time.Time) (bytesPerSecond, etaSeconds int64) {
	if len(samples) < 2 {
		return 0, 0
	}
	base, last := samples[0], samples[len(samples)-1]
	span := now.Sub(base.At).Seconds()
	if span < 1 || last.Bytes <= base.Bytes {
		return 0, 0
	}
	rate := float64(last.Bytes-base.Bytes) / span
	if rate < 1 {
		return 0, 0
	}
	if left > 0 {
		etaSeconds = int64(float64(left)/rate + 0.999)
	}
	return int64(rate), etaSeconds
}

// checksumMethod begins the name of each method of a digest that covers the content.
const checksumMethod = "checksum-"

// contentsCompared refuses a verification that was less than was asked for: both sides need the same
// digest, by one method that covers the content of the files.
func contentsCompared(source, target *task.Verification) error {
	for _, side := range []struct {
		role         task.Role
		verification *task.Verification
	}{{task.RoleSource, source}, {task.RoleTarget, target}} {
		if side.verification == nil {
			continue
		}
		digest := side.verification.Digest
		if _, sum, _ := strings.Cut(digest, ":"); !strings.HasPrefix(digest, checksumMethod) || sum == "" {
			return fmt.Errorf("verification is Checksum, and the mobilizer at the %s has compared without the content (digest %q): "+
				"expected METHOD:HEX with a method that begins with %q; "+
				"choose a mobilizer that can, or verification: Metadata", side.role, digest, checksumMethod)
		}
	}
	if source != nil && target != nil && source.Digest != target.Digest {
		return fmt.Errorf(
			"verification is Checksum, and the digest of the source is %q, that of the target %q: expected the same, by one method; "+
				"use workers of one version on both sides", source.Digest, target.Digest)
	}
	return nil
}

// compare decides whether both sides hold the same.
func compare(source, target *task.Verification) error {
	switch {
	case source == nil && target == nil:
		return errors.New("neither side has verified")
	case source == nil:
		return errors.New("the source has not verified")
	case target == nil:
		return errors.New("the target has not verified")
	case source.Files != target.Files:
		return fmt.Errorf("the source has %d files, the target %d", source.Files, target.Files)
	case source.Bytes != target.Bytes:
		return fmt.Errorf("the source has %d bytes, the target %d", source.Bytes, target.Bytes)
	}
	sourceMethod, _, sourceHas := strings.Cut(source.Digest, ":")
	targetMethod, _, targetHas := strings.Cut(target.Digest, ":")
	if sourceHas && targetHas && sourceMethod == targetMethod && source.Digest != target.Digest {
		return fmt.Errorf("files and bytes agree, but the digests differ (source %s, target %s)", source.Digest, target.Digest)
	}
	return nil
}
