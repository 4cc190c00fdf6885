// Package tree counts and fingerprints a directory tree, so that the two sides of a copy can be
// compared.
package tree

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/kubemove/kubemove/task"
)

// Method names what a digest covers: of everything but the root itself its path, type, mode
// and owner; the size and time (in seconds: not every file system keeps more) of what is not a
// directory; the target of a symbolic link; the numbers of a device.
const Method = "metadata-v1"

// Summary of a tree.
type Summary struct {
	task.Verification
	// Regular files, of all files.
	Regular int64
	// Sockets are left out: they mean nothing without the process that listens on them.
	Sockets []string
}

// Walk reads the tree beneath root. Whatever cannot be read is an error that names it. The
// folder lost+found of a file system's root is left out.
func Walk(root string) (*Summary, error) {
	s := &Summary{}
	sum := sha256.New()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("cannot read %q: %w", path, err)
		}
		if path == root {
			return nil
		}
		if d.IsDir() && d.Name() == "lost+found" && filepath.Dir(path) == filepath.Clean(root) {
			return filepath.SkipDir
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return s.add(sum, rel, path)
	})
	if err != nil {
		return nil, err
	}
	s.Digest = Method + ":" + hex.EncodeToString(sum.Sum(nil))
	return s, nil
}

// add counts one entry. WalkDir comes along in lexical order, the same on both sides.
func (s *Summary) add(sum hash.Hash, rel, path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("cannot read %q: %w", path, err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("cannot read %q: this system tells no owners", path)
	}
	mode := info.Mode()
	if mode&fs.ModeSocket != 0 {
		s.Sockets = append(s.Sockets, rel)
		return nil
	}
	extra := ""
	switch {
	case mode.IsRegular():
		s.Regular++
		s.Bytes += info.Size()
		extra = strconv.FormatInt(info.Size(), 10)
	case mode&fs.ModeSymlink != 0:
		if extra, err = os.Readlink(path); err != nil {
			return fmt.Errorf("cannot read the link %q: %w", path, err)
		}
	case mode&fs.ModeDevice != 0:
		extra = strconv.FormatUint(st.Rdev, 10)
	}
	seconds := int64(0)
	if !mode.IsDir() {
		s.Files++
		seconds = info.ModTime().Unix()
	}
	perm := st.Mode
	if mode&fs.ModeSymlink != 0 {
		perm = 0 // It has none of its own.
	}
	// Lengths make the encoding unambiguous: names may hold any byte.
	_, err = fmt.Fprintf(sum, "%d:%s %v %o %d:%d %d %d:%s\n", len(rel), rel, mode.Type(), perm, st.Uid, st.Gid, seconds, len(extra), extra)
	return err
}
