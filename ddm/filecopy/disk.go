package filecopy

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Disk is the file system of a volume. Open it before anything is written: an error of the storage is
// told once to each who had the file system open then, and not to those who come later.
type Disk struct{ root *os.File }

// OpenDisk opens the file system of the tree.
func (t *Tree) OpenDisk() (*Disk, error) {
	fd, err := openat(t.fd, ".", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, fmt.Errorf("cannot open the volume: %w", err)
	}
	return &Disk{os.NewFile(uintptr(fd), t.path)}, nil
}

// Close lets the file system go.
func (d *Disk) Close() { _ = d.root.Close() }

// Sync writes everything to the disk: once a run has succeeded the source may be deleted, and the node
// may lose its power.
func (d *Disk) Sync() error {
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

// Begin to write everything to the disk, while both sides compare. The function that it returns waits for
// that, and writes what was written since.
func (d *Disk) Begin() (end func() error) {
	done := make(chan error, 1)
	go func() { done <- d.Sync() }()
	return func() error {
		if err := <-done; err != nil {
			return err
		}
		return d.Sync()
	}
}
