package task

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestEarly(t *testing.T) {
	looked := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) *Watch {
		return &Watch{Expires: []Expiry{{Role: RoleSource, Kind: "token", At: metav1.NewTime(looked.Add(d))}}}
	}
	const inAWeek = "2026-12-08T12:00:00Z"
	for name, tc := range map[string]struct {
		reason   string
		watch    *Watch
		switchAt string
		want     int
	}{
		"Unknown":     {"nothing was looked at", nil, "", 0},
		"None":        {"they do not end", &Watch{}, "", 0},
		"Soon":        {"the switch may begin at any time", at(23 * time.Hour), "", 1},
		"Later":       {"a day is enough for it", at(25 * time.Hour), "", 0},
		"Ended":       {"they have ended", at(-time.Hour), "", 1},
		"BeforeAt":    {"they end before its time", at(6 * 24 * time.Hour), inAWeek, 1},
		"DuringIt":    {"they end while it runs", at(7*24*time.Hour + 30*time.Minute), inAWeek, 1},
		"AfterIt":     {"they last for it", at(7*24*time.Hour + 2*time.Hour), inAWeek, 0},
		"AtPassed":    {"its time has passed, so it may begin at any time", at(23 * time.Hour), "2026-11-30T12:00:00Z", 1},
		"AtNoTime":    {"what is no time says nothing", at(25 * time.Hour), "tomorrow", 0},
		"AtElsewhere": {"noon in New York is later", at(5*time.Hour + 30*time.Minute), "2026-12-01T12:00:00-05:00", 1},
		"SoonButAt":   {"the switch is over before that", at(3 * time.Hour), "2026-12-01T13:00:00Z", 0},
	} {
		t.Run(name, func(t *testing.T) {
			needed, why := Needed(looked, tc.switchAt)
			got := tc.watch.Early(needed)
			if diff := cmp.Diff(tc.want, len(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
			if at := needed.Sub(looked) != SwitchSoon; at != strings.Contains(why, "time of the switch, "+tc.switchAt) {
				t.Errorf("needed until %s, and it says that %s", needed, why)
			}
		})
	}
}

func TestExpiryWarning(t *testing.T) {
	e := Expiry{Role: RoleTarget, Kind: "token", At: metav1.NewTime(time.Unix(1_800_000_000, 0))}
	want := "the credentials of the target end too early: the token in the kubeconfig of Secret dst expires at 2027-01-15T08:00:00Z, and why"
	if diff := cmp.Diff(want, e.Warning("dst", "why")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
