package restic

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/kubemove/kubemove/ddm/filecopy"
)

// message is one line of restic's output with --json. Lines of other types, and fields that
// are not listed, are tolerated.
type message struct {
	Type string `json:"message_type"`

	// status of a backup
	TotalFiles int64 `json:"total_files"`
	FilesDone  int64 `json:"files_done"`
	TotalBytes int64 `json:"total_bytes"`
	BytesDone  int64 `json:"bytes_done"`

	// status and summary of a restore
	FilesRestored int64 `json:"files_restored"`
	FilesSkipped  int64 `json:"files_skipped"`
	BytesRestored int64 `json:"bytes_restored"`
	BytesSkipped  int64 `json:"bytes_skipped"`

	// summary of a backup
	FilesProcessed int64  `json:"total_files_processed"`
	BytesProcessed int64  `json:"total_bytes_processed"`
	SnapshotID     string `json:"snapshot_id"`

	// node of a listing
	NodeType string `json:"type"`
	Path     string `json:"path"`
	Size     int64  `json:"size"`
	Mtime    string `json:"mtime"`

	// error and exit_error
	Item    string `json:"item"`
	Message string `json:"message"`
	Error   struct {
		Message string `json:"message"`
	} `json:"error"`
}

// parse reads one line; false: it is no message.
func parse(line []byte) (message, bool) {
	var m message
	if err := json.Unmarshal(line, &m); err != nil || m.Type == "" {
		return message{}, false
	}
	return m, true
}

// problem is what an error message says, with the item that it concerns.
func (m message) problem() string {
	text := m.Error.Message
	if text == "" {
		text = m.Message
	}
	if m.Item != "" {
		return fmt.Sprintf("%s: %s", m.Item, text)
	}
	return text
}

// written is the time of a node, in seconds since 1970, rounded up. One that cannot be read may be any.
func (m message) written() int64 {
	at, err := time.Parse(time.RFC3339Nano, m.Mtime)
	if err != nil {
		return filecopy.Unbounded
	}
	return filecopy.RoundUp(at)
}

// Exit codes of restic that mean something to us.
const (
	exitPartial       = 3
	exitNoRepository  = 10
	exitLocked        = 11
	exitWrongPassword = 12
)
