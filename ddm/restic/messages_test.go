package restic

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOutput reads what restic 0.18.1 has really written.
func TestOutput(t *testing.T) {
	const volume = "/kubemove/volumes/data/"
	type got struct {
		Last     message
		Problems []string
		Count    int
		Text     string
	}
	cases := map[string]struct {
		reason string
		file   string
		want   got
	}{
		"partial backup": {
			reason: "each unreadable path is named once, and the snapshot of a partial backup is known",
			file:   "backup-partial.jsonl",
			want: got{
				Last: message{Type: "summary", FilesProcessed: 5, BytesProcessed: 73400328,
					SnapshotID: "e7df643f3137ca5af5d5658e55392f96a57f385f130fb648aa1fd448db240ef9"},
				Problems: []string{
					volume + "locked: openfile for readdirnames failed: open " + volume + "locked: permission denied",
					volume + "private: open " + volume + "private: permission denied",
				},
				Count: 2, Text: "Warning: at least one source file could not be read",
			},
		},
		"full target": {
			reason: "restic's summary of a failed restore looks like success: the errors count",
			file:   "restore-full.jsonl",
			want: got{
				Last: message{Type: "summary", TotalFiles: 9, FilesRestored: 9, TotalBytes: 73400325, BytesRestored: 73400325},
				Problems: []string{
					"/big: write " + volume + "big: no space left on device",
					"/we ird/na\nme: write " + volume + "we ird/na\nme: no space left on device",
				},
				Count: 2, Text: "Fatal: There were 7 errors\n",
			},
		},
		"wrong password": {reason: "the last words explain a failure without details", file: "wrong-password.jsonl",
			want: got{Text: "Fatal: wrong password or no key found"}},
		"no connection": {reason: "plain text does not disturb", file: "no-connection.jsonl",
			want: got{Text: "Fatal: unable to open config file: context canceled\n" +
				"Is there a repository at the following location?\nrest:http://127.0.0.1:7070/"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", tc.file))
			must(t, err)
			var out got
			var e runError
			for line := range bytes.Lines(data) {
				e.read(line, func(m message) { out.Last = m })
			}
			out.Problems, out.Count, out.Text = e.Problems, e.Count, e.text
			if diff := cmp.Diff(tc.want, out); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	cases := map[string]struct {
		reason     string
		parameters map[string]string
		want       settings
		bad        bool
	}{
		"none": {reason: "the defaults", want: settings{compression: "auto", packSize: 16}},
		"both": {
			reason: "what the user says", parameters: map[string]string{"compression": "off", "packSize": "64"},
			want: settings{compression: "off", packSize: 64},
		},
		"unknown name":     {reason: "a typing error must not be ignored", parameters: map[string]string{"compress": "off"}, bad: true},
		"unknown value":    {reason: "restic would refuse it much later", parameters: map[string]string{"compression": "some"}, bad: true},
		"pack out of size": {reason: "restic would refuse it much later", parameters: map[string]string{"packSize": "512"}, bad: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := parseSettings(tc.parameters)
			if (err != nil) != tc.bad || !tc.bad && got != tc.want {
				t.Errorf("%s: got %+v, %v", tc.reason, got, err)
			}
		})
	}
}
