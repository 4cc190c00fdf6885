package jobs

import (
	"fmt"
	"testing"
	"time"
)

// TestRenewalSpread: what was made in one moment is renewed over the whole interval, and so is what a restart finds too old.
func TestRenewalSpread(t *testing.T) {
	const pairs, most = 1000, 40
	for name, c := range map[string]struct {
		reason string
		age    time.Duration
	}{
		"Created": {"a thousand plans end in one second", 0},
		"Restart": {"there was no look at them for a day", 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			minutes := map[time.Time]int{}
			for i := range pairs {
				finished := now.Add(-c.age)
				at, due := renewal(finished, now, time.Hour, fmt.Sprintf("6f1d2a7c-%04d", i))
				if due {
					at = now
				}
				if at.Before(now) || at.Sub(now) > time.Hour+time.Hour/8 {
					t.Fatalf("%s: pair %d is renewed at %s", c.reason, i, at)
				}
				minutes[at.Truncate(time.Minute)]++
			}
			for at, n := range minutes {
				if n > most {
					t.Errorf("%s: %d are renewed in the minute %s", c.reason, n, at)
				}
			}
		})
	}
}

func TestRenewal(t *testing.T) {
	const uid = "6f1d2a7c"
	slot := following(now, time.Hour, uid)
	for name, c := range map[string]struct {
		reason   string
		finished time.Time
		now      time.Time
		at       time.Time
		due      bool
	}{
		"Before":  {"its time comes", slot.Add(-30 * time.Minute), slot.Add(-time.Second), slot, false},
		"Now":     {"its time has come", slot.Add(-30 * time.Minute), slot, slot, true},
		"Late":    {"Metacontroller was busy", slot.Add(-30 * time.Minute), slot.Add(50 * time.Second), slot, true},
		"Missed":  {"it was not there", slot.Add(-30 * time.Minute), slot.Add(2 * time.Minute), slot.Add(time.Hour), false},
		"Renewed": {"once an hour", slot.Add(20 * time.Second), slot.Add(30 * time.Second), slot.Add(time.Hour), false},
		"Fresh":   {"it has just been made", slot.Add(-time.Minute), slot, slot.Add(time.Hour), false},
	} {
		t.Run(name, func(t *testing.T) {
			at, due := renewal(c.finished, c.now, time.Hour, uid)
			if !at.Equal(c.at) || due != c.due {
				t.Errorf("%s: at %s, due %t; want %s, %t", c.reason, at, due, c.at, c.due)
			}
		})
	}
}
