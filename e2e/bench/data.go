package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Set is the data that is copied: files of random content, which no compression and no
// deduplication makes smaller.
type Set struct {
	// Name of the set, for people.
	Name string
	// Files in it, each of Least to Most bytes.
	Files       int
	Least, Most int64
}

// filesInFolder of a set, so that no folder gets huge.
const filesInFolder = 100

// count is what a folder holds.
type count struct{ Files, Bytes int64 }

// String tells the count.
func (c count) String() string { return fmt.Sprintf("%d files with %d bytes", c.Files, c.Bytes) }

// write makes the set's files in a folder. The same seed gives the same files. They are on the
// disk when it returns, and in the page cache.
func (s Set) write(ctx context.Context, root string, seed uint64) (count, error) {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	random := rand.NewChaCha8(key)
	sizes := rand.New(rand.NewPCG(seed, uint64(s.Files)))
	var made count
	buffer := make([]byte, 1<<20)
	for i := range s.Files {
		if err := ctx.Err(); err != nil {
			return made, err
		}
		path := filepath.Join(root, fmt.Sprintf("%04d", i/filesInFolder), fmt.Sprintf("%06d", i))
		size := s.Least + sizes.Int64N(s.Most-s.Least+1)
		if err := writeFile(path, io.LimitReader(random, size), buffer); err != nil {
			return made, fmt.Errorf("cannot write the data: %w; is there room for three times the data?", err)
		}
		made.Files++
		made.Bytes += size
	}
	return made, syncFolder(root)
}

func writeFile(path string, content io.Reader, buffer []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	// Without its own ReadFrom: that would choose small pieces.
	_, err = io.CopyBuffer(struct{ io.Writer }{f}, content, buffer)
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}

// look counts what a folder holds.
func look(root string) (count, error) {
	var c count
	err := filepath.WalkDir(root, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		c.Files++
		if err == nil {
			c.Bytes += info.Size()
		}
		return err
	})
	return c, err
}

// same fails when the copy does not hold what was written.
func same(want count, folder string) error {
	got, err := look(folder)
	if err != nil {
		return fmt.Errorf("cannot count the copy: %w", err)
	}
	if got != want {
		return fmt.Errorf("the copy in %s holds %s, expected %s: the measurement is void; look why before running it again", folder, got, want)
	}
	return nil
}

// syncFolder writes the file system that holds a folder to its disk.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return fmt.Errorf("cannot write %s to its disk: %w", dir, err)
	}
	return nil
}
