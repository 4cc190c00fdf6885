package restic

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// disk is the file system of a volume. The target's is opened before anything is written: an error
// of the storage is told once to each who had the file system open then, and not to those who come
// later.
type disk struct{ root *os.File }

func openDisk(volume string) (*disk, error) {
	root, err := os.Open(volume)
	if err != nil {
		return nil, fmt.Errorf("cannot open the volume: %w", err)
	}
	return &disk{root}, nil
}

func (d *disk) close() { _ = d.root.Close() }

// syncVolume writes a volume to its disk.
func syncVolume(volume string) error {
	d, err := openDisk(volume)
	if err != nil {
		return err
	}
	defer d.close()
	return d.sync()
}

// beginSync begins to write everything to the target's disk, while both sides compare: once
// the run has succeeded the source may be deleted, and the node may lose its power.
func (d *disk) beginSync() <-chan error {
	done := make(chan error, 1)
	go func() { done <- d.sync() }()
	return done
}

// endSync waits for the disk, and writes what the comparison has mended since.
func (d *disk) endSync(begun <-chan error) error {
	if err := <-begun; err != nil {
		return err
	}
	return d.sync()
}

func (d *disk) sync() error {
	// While it works, the file is not closed.
	conn, err := d.root.SyscallConn()
	if err != nil {
		return fmt.Errorf("cannot reach the volume: %w", err)
	}
	var failed error
	err = conn.Control(func(fd uintptr) { failed = unix.Syncfs(int(fd)) })
	if err == nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("cannot write the volume to its disk: %w", err)
	}
	return nil
}

// forget lets the files be read from the disk and not from memory: what a disk did not take stays
// there, looks right, and is never written again. What cannot be opened restic cannot read either,
// and writes anew; file systems without such a memory refuse the advice.
func forget(volume string) {
	_ = filepath.WalkDir(volume, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil
		}
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil
		}
		_ = unix.Fadvise(fd, 0, 0, unix.FADV_DONTNEED)
		_ = unix.Close(fd)
		return nil
	})
}
