package restic

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// root is the metadata of a volume's root folder.
type root struct {
	UID  int    `json:"uid"`
	GID  int    `json:"gid"`
	Mode uint32 `json:"mode"`
}

const modeBits = 0o7777

// readRoot of a volume.
func readRoot(dir string) (*root, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot read the root of the volume: %w", err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, errors.New("cannot read the root of the volume: this system tells no owners")
	}
	return &root{UID: int(st.Uid), GID: int(st.Gid), Mode: st.Mode & modeBits}, nil
}

// apply makes the root of a volume the same. It returns a warning where that is not allowed:
// the owner of a volume's root is often the storage's to choose.
func (r *root) apply(dir string) (warning string, err error) {
	is, err := readRoot(dir)
	if err != nil || r == nil || *is == *r {
		return "", err
	}
	var failed error
	if is.UID != r.UID || is.GID != r.GID {
		failed = os.Lchown(dir, r.UID, r.GID)
	}
	// After the owner: a change of it clears bits of the mode.
	if err := syscall.Chmod(dir, r.Mode); failed == nil {
		failed = err
	}
	if failed != nil && !errors.Is(failed, fs.ErrPermission) && !errors.Is(failed, syscall.EROFS) {
		return "", fmt.Errorf("cannot set owner and mode of the volume's root: %w", failed)
	}
	if failed != nil {
		return fmt.Sprintf("the root of the volume keeps owner %d:%d and mode %o; at the source it has %d:%d and %o", is.UID, is.GID, is.Mode, r.UID, r.GID, r.Mode), nil
	}
	return "", nil
}
