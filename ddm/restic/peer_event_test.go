package restic

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubemove/kubemove/ddm/filecopy"
	"github.com/kubemove/kubemove/task"
)

// TestSnapshotArgument: nothing but the ID of a snapshot becomes an argument of restic's.
func TestSnapshotArgument(t *testing.T) {
	good := strings.Repeat("0123456789abcdef", 4)
	cases := map[string]struct {
		reason, id string
		ok         bool
	}{
		"ID":        {"as restic names it", good, true},
		"None":      {"a folder alone would be the snapshot", "", false},
		"Option":    {"restic would run the command", "--password-command=touch /tmp/x", false},
		"Dash":      {"an option of one letter", "-r", false},
		"Latest":    {"it may be another run's", "latest", false},
		"Short":     {"it may be that of two", good[:8], false},
		"Folder":    {"the folder is ours to choose", good + ":/etc", false},
		"Line":      {"a second line hides behind the first", good + "\n--x", false},
		"UpperCase": {"restic writes none", strings.ToUpper(good), false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if err := checkSnapshot(tc.id); (err == nil) != tc.ok {
				t.Errorf("%s: %v", tc.reason, err)
			}
			if tc.ok {
				return
			}
			// No restic is started: there is none to be found.
			t.Setenv("PATH", t.TempDir())
			s := &side{name: "data", volume: t.TempDir()}
			s.status = newStatus(filepath.Join(t.TempDir(), "s"), &task.Task{Volumes: []task.Volume{{Name: "data"}}})
			for what, err := range map[string]error{
				"restore": s.restoreOnce(t.Context(), repository{}, event{Snapshot: tc.id}, "/x", overwriteAlways),
				"listing": repository{}.nodes(t.Context(), tc.id, "/x", nil),
			} {
				var stuck *permanent
				if !errors.As(err, &stuck) || !strings.Contains(err.Error(), "64 hexadecimal digits") {
					t.Errorf("%s: the %s ended with %v", tc.reason, what, err)
				}
			}
		})
	}
}

// TestEventCheck: what the other side tells is what a source tells, and shows as one line of text.
func TestEventCheck(t *testing.T) {
	cases := map[string]struct {
		reason string
		event  event
		ok     bool
	}{
		"Known":       {"as a source tells it", event{Kind: eventDone}, true},
		"Manifest":    {"of some size", event{Kind: eventManifest, Size: 1 << 20}, true},
		"Unknown":     {"another version may mean anything by it", event{Kind: "restart"}, false},
		"Negative":    {"there is no such manifest", event{Kind: eventManifest, Size: -1}, false},
		"WithoutEnd":  {"it would fill the node's disk", event{Kind: eventManifest, Size: 1 << 50}, false},
		"Reason":      {"for a status", event{Kind: eventFailed, Reason: "RepositoryDamaged"}, true},
		"NoReason":    {"it is no word", event{Kind: eventFailed, Reason: "a b"}, false},
		"FailureText": {"it goes into statuses", event{Kind: eventFailed, Message: "a\x1b[2J\nb\xff" + strings.Repeat("x", 1<<20)}, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			e := tc.event
			if err := e.check(); (err == nil) != tc.ok {
				t.Errorf("%s: %v", tc.reason, err)
			}
			if strings.ContainsAny(e.Message, "\x1b\n") || len(e.Message) > filecopy.MaxMessage {
				t.Errorf("%s: the message is %.100q, %d bytes", tc.reason, e.Message, len(e.Message))
			}
		})
	}
}

// TestDashes: names that look like options are copied like all others, and left out like all others.
func TestDashes(t *testing.T) {
	p := newPair(t)
	for _, name := range []string{"-r", "--password-command=false", "--", "@file", "$HOME", "#comment", "[a]*?\\"} {
		must(t, os.WriteFile(filepath.Join(p.source(), name), []byte(name), 0o644))
	}
	p.copied("run-1")
}
