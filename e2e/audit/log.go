package audit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Log is the audit log of an API server from some moment on. When the log has grown too long
// the API server renames it, audit.log to audit-TIME.log, and begins anew; a Log reads on there.
type Log struct {
	path string
	// first is the file of the moment, and offset its length then.
	first  os.FileInfo
	offset int64
}

// Open returns what the log at path will hold from now on. The API server writes in blocking
// mode: when a client has done a thing because of an answer, the answer's event is there.
func Open(path string) (*Log, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("cannot find the audit log: %w", err)
	}
	return &Log{path: path, first: info, offset: info.Size()}, nil
}

// Events that were written since the log was opened. Each call reads all of them.
func (l *Log) Events() ([]Event, error) {
	files, err := l.files()
	if err != nil {
		return nil, err
	}
	var out []Event
	for i, file := range files {
		offset := int64(0)
		if i == 0 {
			offset = l.offset
		}
		events, err := read(file, offset)
		if err != nil {
			return nil, err
		}
		out = append(out, events...)
	}
	return out, nil
}

// files that hold events of the time, the oldest first.
func (l *Log) files() ([]string, error) {
	ext := filepath.Ext(l.path)
	old, err := filepath.Glob(strings.TrimSuffix(l.path, ext) + "-*" + ext)
	if err != nil {
		return nil, err
	}
	slices.Sort(old) // The time in their names is written so that this is their order.
	all := slices.Concat(old, []string{l.path})
	for i, file := range all {
		info, err := os.Stat(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue // Renamed or removed just now.
		}
		if err != nil {
			return nil, err
		}
		if os.SameFile(info, l.first) {
			return all[i:], nil
		}
	}
	return nil, fmt.Errorf("the audit log %s has been begun anew too often: the file that it was is gone", l.path)
}

// read the events of a file behind an offset. A last line without an end is being written, and
// left out.
func read(path string, offset int64) ([]Event, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return nil, err
	}
	var out []Event
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		e, err := parse(line)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
}
