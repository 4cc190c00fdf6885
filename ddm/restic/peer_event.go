package restic

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/kubemove/kubemove/ddm/filecopy"
	"github.com/kubemove/kubemove/task"
)

// The other side is another cluster's: what it tells is looked at before it becomes an argument, a
// path or a part of a message.

// snapshotID is how restic names a snapshot.
var snapshotID = regexp.MustCompile(`^[0-9a-f]{64}$`)

// checkSnapshot refuses what restic could take for anything but the ID of a snapshot, such as an
// option.
func checkSnapshot(id string) error {
	if !snapshotID.MatchString(id) {
		return &permanent{fmt.Errorf("the snapshot is named %q, expected the 64 hexadecimal digits of restic: use one version of the "+
			"mobilizer on both sides", clipped(id, 100))}
	}
	return nil
}

// maxManifest bytes that a target takes: some hundred million files.
const maxManifest = 64 << 30

// reasonWord is a reason in CamelCase, or none.
var reasonWord = regexp.MustCompile(`^[A-Za-z]{0,64}$`)

// check refuses an event that no worker of this version tells.
func (e *event) check() error {
	switch e.Kind {
	case eventSnapshot, eventManifest, eventDone, eventFailed:
	default:
		return fmt.Errorf("the event %q is unknown: use one version of the mobilizer on both sides", clipped(e.Kind, 100))
	}
	if e.Size < 0 || e.Size > maxManifest {
		return fmt.Errorf("a manifest of %d bytes was announced, expected at most %d", e.Size, int64(maxManifest))
	}
	if !reasonWord.MatchString(e.Reason) {
		return fmt.Errorf("the reason %q is no word: use one version of the mobilizer on both sides", clipped(e.Reason, 100))
	}
	e.Message = clipped(e.Message, filecopy.MaxMessage)
	return nil
}

// clipped makes a foreign text printable, on one line, and no longer than limit bytes.
func clipped(text string, limit int) string {
	return task.Cut(strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))), " "), limit)
}
