package restic

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// beginSync begins to write everything to the target's disk, while both sides compare: once
// the run has succeeded the source may be deleted, and the node may lose its power.
func (w *worker) beginSync() <-chan error {
	done := make(chan error, 1)
	go func() { done <- syncVolume(w.volume) }()
	return done
}

// endSync waits for the disk, and writes what the comparison has mended since.
func (w *worker) endSync(begun <-chan error) error {
	if err := <-begun; err != nil {
		return err
	}
	return syncVolume(w.volume)
}

func syncVolume(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("cannot open the target's volume: %w", err)
	}
	defer f.Close()
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return fmt.Errorf("cannot write the target's volume to its disk: %w", err)
	}
	return nil
}
