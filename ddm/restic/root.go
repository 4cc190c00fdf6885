package restic

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/kubemove/kubemove/ddm/tree"
)

// readRoot of a volume, as the target is told it. restic leaves the folder that it restores
// into as it finds it.
func readRoot(dir string) ([]byte, error) {
	e, err := tree.Read(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot read the root of the volume: %w", err)
	}
	return e.MarshalBinary()
}

// applyRoot gives the root of a volume the owner, mode, time and attributes that it has at the
// source. It returns a warning that names what it may not change: much of the root is often
// the storage's to choose. For that reason the root is not verified, either.
func applyRoot(data []byte, dir string) (warning string, err error) {
	if data == nil {
		return "", nil
	}
	want := &tree.Entry{}
	if err := want.UnmarshalBinary(data); err != nil {
		return "", fmt.Errorf("cannot read what the root of the volume is at the source: %w", err)
	}
	failed := apply(dir, want)
	if failed != nil && !refused(failed) {
		return "", fmt.Errorf("cannot make the root of the volume what it is at the source: %w", failed)
	}
	is, err := tree.Read(dir)
	if err != nil {
		return "", fmt.Errorf("cannot read the root of the volume: %w", err)
	}
	differs := tree.Difference{Source: want, Target: is}.What()
	if want.Seconds != is.Seconds {
		// Of other folders the time is not compared.
		differs = append(differs, "mtime")
	}
	if len(differs) == 0 {
		return "", nil
	}
	return "the root of the volume stays as it is at the target (source != target): " + strings.Join(differs, ", "), nil
}

// refused tells whether an error, in all its parts, says that the worker lacks the right, or
// the file system the means, to keep something. To try again is useless then.
func refused(err error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return !slices.ContainsFunc(joined.Unwrap(), func(err error) bool { return !refused(err) })
	}
	for _, no := range []error{unix.EPERM, unix.EACCES, unix.EROFS, unix.ENOTSUP, unix.EINVAL} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}
