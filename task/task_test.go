package task

import (
	"strings"
	"testing"
)

func TestChecksum(t *testing.T) {
	cases := map[string]struct {
		reason string
		value  string
		want   bool
		bad    string
	}{
		"nothing":  {reason: "metadata is the default"},
		"metadata": {reason: "the default by its name", value: VerifyMetadata},
		"checksum": {reason: "the content, too", value: VerifyChecksum, want: true},
		"unknown":  {reason: "to verify less than was asked for would be silent", value: "checksum", bad: `"checksum"`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := Run{Verification: tc.value}.Checksum()
			if got != tc.want || (err != nil) != (tc.bad != "") || err != nil && !strings.Contains(err.Error(), tc.bad) {
				t.Errorf("%s: got %t, %v", tc.reason, got, err)
			}
		})
	}
}
