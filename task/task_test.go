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

// TestHoldsState: one side has the state, and both know which.
func TestHoldsState(t *testing.T) {
	cases := map[string]struct {
		reason string
		side   string
		want   Role
		bad    string
	}{
		"default": {reason: "as it was before the task could say it", want: RoleTarget},
		"target":  {reason: "the same by its name", side: "target", want: RoleTarget},
		"source":  {reason: "the direction has turned", side: "source", want: RoleSource},
		"unknown": {reason: "neither side would have it", side: "both", bad: `"both"`},
	}
	for name, tc := range cases {
		for _, role := range []Role{RoleSource, RoleTarget} {
			t.Run(name+" "+string(role), func(t *testing.T) {
				data := `{"apiVersion":"` + APIVersion + `","verb":"sync","run":{"id":"1"},"role":"` + string(role) + `","stateSide":"` + tc.side + `"}`
				got, err := Decode([]byte(data))
				if (err != nil) != (tc.bad != "") || err != nil && !strings.Contains(err.Error(), tc.bad) {
					t.Fatalf("%s: %v", tc.reason, err)
				}
				if err == nil && got.HoldsState() != (role == tc.want) {
					t.Errorf("%s: the %s has it: %t", tc.reason, role, got.HoldsState())
				}
			})
		}
	}
	if RoleSource.Other() != RoleTarget || RoleTarget.Other() != RoleSource {
		t.Error("a side is its own other side")
	}
}
