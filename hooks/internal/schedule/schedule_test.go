package schedule

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // As in the program: the test must not depend on the machine.

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

func TestNext(t *testing.T) {
	at := func(text string) time.Time {
		out, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return out.UTC()
	}
	cases := map[string]struct {
		reason string
		policy api.SyncPolicy
		last   string
		want   string
	}{
		"Default":  {"every five minutes, from the beginning of the last one", api.SyncPolicy{}, "2026-03-01T10:00:07Z", "2026-03-01T10:05:07Z"},
		"Interval": {"seconds count", api.SyncPolicy{Interval: "30s"}, "2026-03-01T10:00:07Z", "2026-03-01T10:00:37Z"},
		"Cron":     {"without a time zone it is UTC", api.SyncPolicy{Schedule: "0 3 * * *"}, "2026-03-01T10:00:07Z", "2026-03-02T03:00:00Z"},
		"Word":     {"the words of cron are understood", api.SyncPolicy{Schedule: "@hourly"}, "2026-03-01T10:00:07Z", "2026-03-01T11:00:00Z"},
		"Zone": {"the clock of the place", api.SyncPolicy{Schedule: "0 3 * * *", TimeZone: "Europe/Berlin"},
			"2026-03-01T10:00:07Z", "2026-03-02T02:00:00Z"},
		"Summer": {"in summer it is another hour of UTC", api.SyncPolicy{Schedule: "0 3 * * *", TimeZone: "Europe/Berlin"},
			"2026-07-01T10:00:07Z", "2026-07-02T01:00:00Z"},
		"Skipped": {"an hour that the clock leaves out has no run: the next day has one",
			api.SyncPolicy{Schedule: "30 2 * * *", TimeZone: "Europe/Berlin"},
			"2026-03-28T10:00:00Z", "2026-03-30T00:30:00Z"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s, err := Of(&tc.policy)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(at(tc.want), s.Next(at(tc.last))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestOfRefuses(t *testing.T) {
	cases := map[string]struct {
		reason string
		policy api.SyncPolicy
		says   []string
	}{
		"Fields": {"what was read, and what is expected", api.SyncPolicy{Schedule: "*/15 * *"}, []string{`"*/15 * *"`, "five fields"}},
		"Range":  {"a minute that no hour has", api.SyncPolicy{Schedule: "75 * * * *"}, []string{`"75 * * * *"`}},
		"Never":  {"the 30th of February", api.SyncPolicy{Schedule: "0 0 30 2 *"}, []string{"never comes"}},
		"Zone": {"the name of the zone", api.SyncPolicy{Schedule: "@daily", TimeZone: "Europe/Bielefeld"},
			[]string{`"Europe/Bielefeld"`, "Europe/Berlin"}},
		"Local":   {"the zone of the hook's Pod is never meant", api.SyncPolicy{Schedule: "@daily", TimeZone: "Local"}, []string{`"Local"`}},
		"Prefix":  {"two places for one thing", api.SyncPolicy{Schedule: "CRON_TZ=UTC 0 3 * * *"}, []string{"sync.timeZone"}},
		"Every":   {"two places for one thing", api.SyncPolicy{Schedule: "@every 5m"}, []string{"sync.interval"}},
		"Nothing": {"a blank is no schedule", api.SyncPolicy{Schedule: " "}, []string{"five fields"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Of(&tc.policy)
			if err == nil {
				t.Fatalf("%s: it was accepted", tc.reason)
			}
			for _, want := range tc.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %q does not say %q", tc.reason, err, want)
				}
			}
		})
	}
}

// TestSpread: many moves of one schedule do not begin in one moment, and one keeps its own.
func TestSpread(t *testing.T) {
	due := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		policy api.SyncPolicy
		most   time.Duration
	}{
		{api.SyncPolicy{Schedule: "@hourly"}, time.Minute},
		{api.SyncPolicy{Schedule: "*/2 * * * *"}, 12 * time.Second},
	} {
		s, err := Of(&tc.policy)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[time.Duration]bool{}
		for i := range 200 {
			uid := string(rune('a'+i%26)) + strings.Repeat("x", i)
			spread := s.Spread(uid, due)
			if spread < 0 || spread >= tc.most || spread != s.Spread(uid, due) {
				t.Fatalf("the spread of %+v is %s, want one that stays, and less than %s", tc.policy, spread, tc.most)
			}
			seen[spread] = true
		}
		if want := int(tc.most / time.Second); len(seen) < want*2/3 {
			t.Errorf("200 moves of %+v have %d different spreads, want most of %d", tc.policy, len(seen), want)
		}
	}
}

// TestSpreadOfIntervals: an interval is what was written.
func TestSpreadOfIntervals(t *testing.T) {
	s, err := Of(&api.SyncPolicy{Interval: "5m"})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Spread("uid", time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)); got != 0 {
		t.Errorf("the spread is %s, want none", got)
	}
}

// TestDeadline: a run that hangs is ended at some time, whatever was written.
func TestDeadline(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 24 * time.Hour, "6h": 6 * time.Hour} {
		s, err := Of(&api.SyncPolicy{Deadline: text})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Deadline(); got != want {
			t.Errorf("deadline %q: got %s, want %s", text, got, want)
		}
	}
}
