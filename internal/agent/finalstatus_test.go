package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/kubemove/kubemove/task"
)

func TestFinalStatus(t *testing.T) {
	const status = `{"apiVersion":%q,"runID":%q,"sequence":3,"result":{"outcome":"Failed","reason":"Why"}}`
	cases := map[string]struct {
		reason string
		status string
		want   string
	}{
		"a result":    {"it is left for the cluster", fmt.Sprintf(status, task.APIVersion, "run-1"), "Why"},
		"another run": {"it does not count", fmt.Sprintf(status, task.APIVersion, "run-0"), ""},
		"no status":   {"the worker was killed", "", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := func(name string) string { return filepath.Join(dir, name) }
			write := func(name, content string) {
				if err := os.WriteFile(file(name), []byte(content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			write("task", fmt.Sprintf(`{"apiVersion":%q,"verb":"open","run":{"id":"run-1"}}`, task.APIVersion))
			if tc.status != "" {
				write("status", tc.status)
			}
			if err := writeFinalStatus(file("task"), file("status"), file("log")); err != nil {
				t.Fatal(err)
			}
			got := ""
			if data, err := os.ReadFile(file("log")); err == nil {
				s, err := task.DecodeStatus(data)
				if err != nil {
					t.Fatal(err)
				}
				got = s.Result.Reason
			}
			if got != tc.want {
				t.Errorf("%s: got %q, want %q", tc.reason, got, tc.want)
			}
		})
	}
}
