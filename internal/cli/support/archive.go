package support

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"time"
)

// File of a bundle.
type File struct {
	Name string
	Data []byte
}

// Write the files as a tar.gz, in their order, below a folder of that name.
func Write(w io.Writer, folder string, files []File, at time.Time) error {
	zipped := gzip.NewWriter(w)
	archive := tar.NewWriter(zipped)
	for _, f := range files {
		head := &tar.Header{Name: folder + "/" + f.Name, Mode: 0o600, Size: int64(len(f.Data)), ModTime: at, Format: tar.FormatPAX}
		if err := archive.WriteHeader(head); err != nil {
			return err
		}
		if _, err := archive.Write(f.Data); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), zipped.Close())
}
