package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Platform that a release is made for, in Go's words.
type Platform struct{ OS, Arch string }

var platforms = []Platform{
	{"linux", "amd64"}, {"linux", "arm64"},
	{"darwin", "amd64"}, {"darwin", "arm64"},
	{"windows", "amd64"}, {"windows", "arm64"},
}

// choose platforms from a list; empty: all.
func choose(list string) ([]Platform, error) {
	if list == "" {
		return platforms, nil
	}
	var out []Platform
	for name := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(platforms, func(p Platform) bool { return p.String() == name })
		if i < 0 {
			return nil, fmt.Errorf("-platforms has %q: expected some of %s", name, platforms)
		}
		out = append(out, platforms[i])
	}
	return out, nil
}

// String is OS/ARCH.
func (p Platform) String() string { return p.OS + "/" + p.Arch }

// program is its name on the platform.
func (p Platform) program() string {
	if p.OS == "windows" {
		return "kubectl-move.exe"
	}
	return "kubectl-move"
}

// archive is the name of the file that people load: Windows opens zip by itself.
func (p Platform) archive(version string) string {
	name := "kubectl-move_" + version + "_" + p.OS + "_" + p.Arch
	if p.OS == "windows" {
		return name + ".zip"
	}
	return name + ".tar.gz"
}

// Archive of a platform.
type Archive struct {
	Platform
	// Name of the file, its size in bytes, and the checksum of its content.
	Name   string
	Size   int64
	SHA256 string
}

// pack files into the archive at the path, flat, and set its size and checksum. The same files and time give the same bytes.
func (a *Archive) pack(path string, at time.Time, files ...string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	sum := sha256.New()
	write := writeTar
	if a.OS == "windows" {
		write = writeZip
	}
	err = write(io.MultiWriter(f, sum), at.UTC(), files)
	if st, statErr := f.Stat(); err == nil {
		err = statErr
		if st != nil {
			a.Size = st.Size()
		}
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	a.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return err
}

func writeTar(w io.Writer, at time.Time, files []string) error {
	compressed := gzip.NewWriter(w)
	out := tar.NewWriter(compressed)
	for _, name := range files {
		err := open(name, func(f io.Reader, st fs.FileInfo) error {
			err := out.WriteHeader(&tar.Header{Name: filepath.Base(name), Mode: mode(st), Size: st.Size(), ModTime: at, Format: tar.FormatPAX})
			if err == nil {
				_, err = io.Copy(out, f)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	return compressed.Close()
}

func writeZip(w io.Writer, at time.Time, files []string) error {
	out := zip.NewWriter(w)
	for _, name := range files {
		err := open(name, func(f io.Reader, st fs.FileInfo) error {
			h := &zip.FileHeader{Name: filepath.Base(name), Method: zip.Deflate, Modified: at}
			h.SetMode(fs.FileMode(mode(st)))
			entry, err := out.CreateHeader(h)
			if err == nil {
				_, err = io.Copy(entry, f)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return out.Close()
}

func open(name string, use func(io.Reader, fs.FileInfo) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	st, err := f.Stat()
	if err == nil {
		err = use(f, st)
	}
	return errors.Join(err, f.Close())
}

// mode is that of a program or of a text, whatever the umask was.
func mode(st fs.FileInfo) int64 {
	if st.Mode()&0o100 != 0 {
		return 0o755
	}
	return 0o644
}
