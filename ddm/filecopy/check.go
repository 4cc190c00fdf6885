package filecopy

import (
	"fmt"
	"strings"
)

// A manifest comes from the other side. What it says becomes a path of this one's disk, and an owner,
// a mode and attributes: an entry that no walk makes is refused.

// check refuses an entry with a path or a value that no walk makes.
func (e *Entry) check() error {
	if !below(e.Path) {
		return fmt.Errorf("the path %s does not lie below the root", Quote(e.Path))
	}
	if e.Same != "" && (!below(e.Same) || order(e.Same, e.Path) >= 0) {
		return fmt.Errorf("%s is said to be a hard link of %s, which is no path before it", Quote(e.Path), Quote(e.Same))
	}
	return e.checkValues()
}

// checkValues refuses the values of an entry that no walk makes, whatever its path.
func (e *Entry) checkValues() error {
	switch e.Type {
	case TypeFile, TypeFolder, TypeLink, TypePipe:
	default:
		return fmt.Errorf("%s has %s, which is not copied", Quote(e.Path), e.Type)
	}
	if e.Mode&^modeBits != 0 || e.Size < 0 || e.Nanos >= 1e9 {
		return fmt.Errorf("%s has mode %o, size %d and %d nanoseconds, which no file has", Quote(e.Path), e.Mode, e.Size, e.Nanos)
	}
	for _, x := range e.Xattrs {
		if !KeepsXattr(x.Name) || strings.Contains(x.Name, "\x00") {
			return fmt.Errorf("%s has the attribute %s, which is not copied", Quote(e.Path), Quote(x.Name))
		}
	}
	return nil
}

// below tells whether a path lies below the root that it is joined to.
func below(path string) bool {
	for name := range strings.SplitSeq(path, "/") {
		if name == "" || name == "." || name == ".." || strings.Contains(name, "\x00") {
			return false
		}
	}
	return true
}
