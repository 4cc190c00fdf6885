package filecopy

import "golang.org/x/sys/unix"

// DropCache lets the files be read from the disk and not from memory: what a disk did not take stays
// there, looks right, and is never written again. What cannot be opened is passed over, as a mover
// cannot read it either; file systems without such a memory refuse the advice.
func (t *Tree) DropCache() {
	_ = t.visit(passOver, func(f Found) error {
		if !f.Kind.IsRegular() {
			return nil
		}
		at, err := f.cursor.locate(f.Path)
		if err != nil {
			return nil
		}
		fd, err := openat(at.folder, at.name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK)
		if err != nil {
			return nil
		}
		_ = unix.Fadvise(fd, 0, 0, unix.FADV_DONTNEED)
		_ = unix.Close(fd)
		return nil
	})
}
