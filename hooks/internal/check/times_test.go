package check

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

func TestSwitchTime(t *testing.T) {
	created := metav1.NewTime(time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC))
	for name, tc := range map[string]struct {
		reason, at, want string
	}{
		"None":     {"as soon as it may", "", ""},
		"ToCome":   {"the usual", "2026-12-24T02:00:00+01:00", ""},
		"Passed":   {"a date of last year is a slip", "2025-12-24T02:00:00+01:00", api.ReasonSwitchTimePassed},
		"Zone":     {"noon in Berlin is eleven o'clock in UTC", "2026-12-01T12:30:00+01:00", api.ReasonSwitchTimePassed},
		"ZoneEast": {"noon in New York is later", "2026-12-01T12:00:00-05:00", ""},
		"NoZone":   {"the zone is not known", "2026-12-24T02:00:00", api.ReasonInvalidSpec},
		"Words":    {"no time at all", "tomorrow", api.ReasonInvalidSpec},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if p := SwitchTime(tc.at, created); p != nil {
				got = p.Reason
				if !strings.Contains(p.Message, tc.at) {
					t.Errorf("the message does not say what was read: %s", p.Message)
				}
			}
			if got != tc.want {
				t.Errorf("%s: got %q, want %q", tc.reason, got, tc.want)
			}
		})
	}
}

func TestSync(t *testing.T) {
	if p := Sync(nil); p != nil {
		t.Errorf("nothing was written, got %+v", p)
	}
	if p := Sync(&api.SyncPolicy{Interval: "30s"}); p != nil {
		t.Errorf("an interval is fine, got %+v", p)
	}
	p := Sync(&api.SyncPolicy{Schedule: "often"})
	if p == nil || p.Reason != api.ReasonInvalidSpec || !strings.Contains(p.Message, "often") {
		t.Errorf("got %+v, want InvalidSpec that says what was read", p)
	}
}
