// Package schedule says when runs are due that are not requested. It knows no time but the one it is given.
package schedule

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// The defaults, as the schema says them.
const (
	DefaultInterval     = 5 * time.Minute
	DefaultIntervalText = "5m"
	DefaultDeadline     = 24 * time.Hour
)

// WithDefault is a policy with the default interval where it says neither how often nor when; nil stays nil.
func WithDefault(p *api.SyncPolicy) *api.SyncPolicy {
	if p == nil {
		return nil
	}
	out := *p
	if out.Schedule == "" && out.Interval == "" {
		out.Interval = DefaultIntervalText
	}
	return &out
}

// maxSpread is the longest time by which a run comes later than its time, so that the runs of many moves do not
// all begin in one moment.
const maxSpread = time.Minute

// Schedule of the runs of one DataSync.
type Schedule struct {
	times    cron.Schedule
	deadline time.Duration
}

// Of reads a policy; nil: there is none. An error says what is wrong with it, and how to fix it.
func Of(p *api.SyncPolicy) (*Schedule, error) {
	if p == nil {
		return nil, nil
	}
	s := &Schedule{deadline: duration(p.Deadline, DefaultDeadline)}
	if p.Schedule == "" {
		s.times = every(duration(p.Interval, DefaultInterval))
		return s, nil
	}
	location := time.UTC
	if p.TimeZone != "" {
		// Local is where the hook happens to run.
		l, err := time.LoadLocation(p.TimeZone)
		if err != nil || p.TimeZone == "Local" {
			return nil, fmt.Errorf("sync.timeZone %q is not known: write a name of the time zone database, such as Europe/Berlin", p.TimeZone)
		}
		location = l
	}
	if strings.Contains(p.Schedule, "TZ=") {
		return nil, fmt.Errorf("sync.schedule %q contains a time zone: write it in sync.timeZone", p.Schedule)
	}
	if strings.HasPrefix(p.Schedule, "@every") {
		return nil, fmt.Errorf("sync.schedule %q is an interval: write it in sync.interval, without @every", p.Schedule)
	}
	times, err := cron.ParseStandard(p.Schedule)
	if err != nil {
		return nil, fmt.Errorf(`sync.schedule %q cannot be read (%w): write five fields, such as "*/15 * * * *"`, p.Schedule, err)
	}
	if times.Next(time.Unix(0, 0)).IsZero() {
		return nil, fmt.Errorf("sync.schedule %q never comes: correct the day or the month", p.Schedule)
	}
	s.times = in{times, location}
	return s, nil
}

// Next is when the run after one that began at last is due, by the schedule alone.
func (s *Schedule) Next(last time.Time) time.Time { return s.times.Next(last.UTC()).UTC() }

// Spread is how much later than due a run begins: always the same for one DataSync, at most a tenth of the time to
// the next one, and at most a minute. Intervals are spread by what they are counted from.
func (s *Schedule) Spread(uid string, due time.Time) time.Duration {
	if _, ok := s.times.(every); ok {
		return 0
	}
	most := min(s.Next(due).Sub(due)/10, maxSpread)
	if most <= 0 {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(uid))
	return time.Duration(h.Sum64() % uint64(most)).Truncate(time.Second)
}

// Deadline of a run.
func (s *Schedule) Deadline() time.Duration { return s.deadline }

// every is a schedule without the rounding to seconds of the clock.
type every time.Duration

// Next implements cron.Schedule.
func (e every) Next(t time.Time) time.Time { return t.Add(time.Duration(e)) }

// in reads the clock of a time zone.
type in struct {
	cron.Schedule
	location *time.Location
}

// Next implements cron.Schedule.
func (i in) Next(t time.Time) time.Time { return i.Schedule.Next(t.In(i.location)) }

// duration of a text that the API server has checked.
func duration(text string, usual time.Duration) time.Duration {
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return d
	}
	return usual
}
