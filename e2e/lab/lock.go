package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// lock keeps two runs in the same checkout from changing the lab at once. The
// kernel drops the lock when its holder dies, so nothing has to be cleaned up.
func (l *Lab) lock(ctx context.Context) (func(), error) {
	return lockFile(ctx, filepath.Join(l.Dir, "lock"), func() {
		l.log.step("waiting for another run that changes this lab")
	})
}

// lockFile waits for an exclusive lock on path. It calls waiting once when it
// is not to be had at once. The returned function gives it back. The holder may
// remove the file: a process that waited for the removed one tries again.
func lockFile(ctx context.Context, path string, waiting func()) (func(), error) {
	told := false
	var held *os.File
	err := poll(ctx, 200*time.Millisecond, func() (bool, error) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return false, err
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			return false, err
		}
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil && isFile(f, path) {
			held = f
			return true, nil
		}
		f.Close()
		if err == nil {
			return false, nil
		}
		if errors.Is(err, unix.EWOULDBLOCK) {
			if !told {
				told = true
				waiting()
			}
			return false, nil
		}
		return false, err
	})
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { held.Close() }, nil
}

// isFile says whether path still names the open file.
func isFile(f *os.File, path string) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(path)
	return err == nil && os.SameFile(opened, named)
}
