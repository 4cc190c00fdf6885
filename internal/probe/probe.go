// Package probe tries, on a new volume of the target, what a restore does: to write files, and to
// give them owners and modes. What it makes it removes again.
package probe

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kubemove/kubemove/internal/agent"
	"github.com/kubemove/kubemove/internal/survey"
	"github.com/kubemove/kubemove/task"
)

// Of the container that probes.
const (
	// VolumeDir is where the volume is mounted.
	VolumeDir = "/kubemove/volume"
	// OwnersEnv is the environment variable that holds the owners to try as JSON.
	OwnersEnv = "KUBEMOVE_OWNERS"
)

// Report is what was found.
type Report struct {
	// Problem is why the user cannot do what a restore does; empty: it can.
	Problem string `json:"problem,omitempty"`
	// Denied: it lacks the right to. Else the volume is of no use to any user.
	Denied bool `json:"denied,omitempty"`
}

// Main probes VolumeDir and leaves the report as the container's termination message. It returns
// the exit code.
func Main() int {
	var owners []survey.Owner
	if err := json.Unmarshal([]byte(os.Getenv(OwnersEnv)), &owners); err != nil {
		fmt.Fprintf(os.Stderr, "cannot read %s: %v\n", OwnersEnv, err)
		return task.ExitPermanent
	}
	data, err := json.Marshal(Volume(VolumeDir, owners))
	if err == nil {
		err = os.WriteFile(agent.TerminationLog, data, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return task.ExitFailed
	}
	return task.ExitDone
}

// Decode reads the termination message of a probe.
func Decode(message string) (*Report, error) {
	var r Report
	if err := json.Unmarshal([]byte(message), &r); err != nil {
		return nil, fmt.Errorf("the probe said %q, expected a report: %w", message, err)
	}
	return &r, nil
}

// Volume tries the volume that is mounted at dir, with files of the owners.
func Volume(dir string, owners []survey.Owner) Report {
	err := try(dir, owners)
	if err == nil {
		return Report{}
	}
	text := err.Error()
	var st unix.Stat_t
	if unix.Stat(dir, &st) == nil {
		text += fmt.Sprintf(" (the volume's folder belongs to %d:%d and has the mode %04o)", st.Uid, st.Gid, st.Mode&0o7777)
	}
	var different *otherOwner
	return Report{Problem: text, Denied: errors.Is(err, os.ErrPermission) || errors.As(err, &different)}
}

// otherOwner: the file system has not done what it said it had.
type otherOwner struct{ error }

func try(dir string, owners []survey.Owner) error {
	folder := filepath.Join(dir, ".kubemove-probe")
	if err := os.RemoveAll(folder); err != nil {
		return plain("remove a folder", err)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return plain("make a folder", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	for i, o := range owners {
		if err := tryFile(filepath.Join(folder, fmt.Sprint(i)), o); err != nil {
			return err
		}
	}
	return plain("remove a folder", os.RemoveAll(folder))
}

// tryFile makes a file of that owner, as restic does: the owner, the times, and the mode last.
func tryFile(path string, want survey.Owner) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return plain("make a file", err)
	}
	_, err = f.WriteString("probe")
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return plain("write a file", err)
	}
	owner := fmt.Sprintf("give a file the owner %d:%d", want.UID, want.GID)
	if err := os.Lchown(path, int(want.UID), int(want.GID)); err != nil {
		return plain(owner, err)
	}
	if err := os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
		return plain("set the time of a file", err)
	}
	const mode = 0o640
	if err := os.Chmod(path, mode); err != nil {
		return plain("set the mode of a file", err)
	}
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return plain("look at a file", err)
	}
	if is := (survey.Owner{UID: int64(st.Uid), GID: int64(st.Gid)}); is != want || st.Mode&0o7777 != mode {
		return &otherOwner{fmt.Errorf("cannot %s and the mode %04o: the volume keeps %d:%d and %04o",
			owner, mode, is.UID, is.GID, st.Mode&0o7777)}
	}
	return nil
}

// plain says what could not be done, without the paths of the probe; nil stays nil.
func plain(what string, err error) error {
	if err == nil {
		return nil
	}
	var number syscall.Errno
	if errors.As(err, &number) {
		err = number
	}
	return fmt.Errorf("cannot %s: %w", what, err)
}
