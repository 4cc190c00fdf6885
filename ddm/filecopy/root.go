package filecopy

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// ReadRoot is the root of the volume as the other side is told it, for ApplyRoot: a walk leaves it out.
func (t *Tree) ReadRoot() ([]byte, error) {
	e, err := t.Read("")
	if err != nil {
		return nil, fmt.Errorf("cannot read the root of the volume: %w", err)
	}
	return e.MarshalBinary()
}

// ApplyRoot gives the root of the volume the owner, mode, time and attributes that it has at the
// source. It returns in words what it may not change, which is worth a warning: much of the root is often
// the storage's to choose. For that reason the root is not verified, either. Its time is set where that is possible, and
// is no difference: nothing works with it, and a new volume nearly always keeps its own. No data changes nothing.
func (t *Tree) ApplyRoot(data []byte) (differs []string, err error) {
	if data == nil {
		return nil, nil
	}
	want := &Entry{}
	if err := want.UnmarshalBinary(data); err != nil {
		return nil, fmt.Errorf("cannot read what the root of the volume is at the source: %w", err)
	}
	if failed := t.Apply("", want); failed != nil && !Refused(failed) {
		return nil, fmt.Errorf("cannot make the root of the volume what it is at the source: %w", failed)
	}
	is, err := t.Read("")
	if err != nil {
		return nil, fmt.Errorf("cannot read the root of the volume: %w", err)
	}
	return Difference{Source: want, Target: is}.What(), nil
}

// Refused tells whether an error, in all its parts, says that the process lacks the right, or
// the file system the means, to keep something. To try again is useless then.
func Refused(err error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return !slices.ContainsFunc(joined.Unwrap(), func(err error) bool { return !Refused(err) })
	}
	for _, no := range []error{unix.EPERM, unix.EACCES, unix.EROFS, unix.ENOTSUP, unix.EINVAL} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}
