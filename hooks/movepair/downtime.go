package movepair

import (
	"maps"
	"slices"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/internal/downtime"
)

// predicted is how long a switch would stop the application, of what that is made, and the plan with its estimates. Once
// a switch has begun they stay as they were: there is nothing to predict any more, and something to compare with.
func (s *state) predicted() (*api.PlanStatus, *api.PredictedDowntime) {
	old := s.pair.Status
	if s.newest == nil {
		return nil, nil
	}
	plan := *s.newest
	plan.EstimatedSeconds, plan.EstimatedDowntimeSeconds = 0, 0
	if s.frozen() {
		if old.Plan != nil {
			plan.EstimatedSeconds, plan.EstimatedDowntimeSeconds = old.Plan.EstimatedSeconds, old.Plan.EstimatedDowntimeSeconds
		}
		return &plan, old.PredictedDowntime
	}
	m := s.move()
	if seconds := downtime.Seconds(downtime.Estimate(m)); seconds > 0 {
		plan.EstimatedDowntimeSeconds = downtime.Coarse(seconds)
		plan.EstimatedSeconds = downtime.Coarse(seconds + m.BeforeSeconds())
	}
	return &plan, downtime.Predict(m)
}

// move is what a prediction is made from.
func (s *state) move() downtime.Move {
	p, spec := s.newest, s.pair.Spec
	m := downtime.Move{StopSeconds: p.StopSeconds, StartSeconds: p.StartSeconds, Objects: p.Objects,
		Live: spec.Sync != nil, Checksum: spec.Data.Verification == api.VerificationChecksum}
	copies := map[string]downtime.Copy{}
	repeats := true
	for _, v := range p.Volumes {
		if v.Mobilizer == "" {
			continue
		}
		c, seen := copies[v.Mobilizer]
		known := v.UsedBytes != nil && v.Files != nil
		c.Known = known && (c.Known || !seen)
		if known {
			c.Bytes, c.Files = c.Bytes+*v.UsedBytes, c.Files+*v.Files
		}
		copies[v.Mobilizer] = c
		// One that has one pass in a session keeps the others of the session from more, too.
		repeats = repeats && s.config.Mobilizers[v.Mobilizer].Spec.Passes
	}
	// In a fixed order, so that the sum is always the same.
	for _, mobilizer := range slices.Sorted(maps.Keys(copies)) {
		c := copies[mobilizer]
		c.Repeats = repeats
		for _, d := range s.syncs {
			if d.Spec.Mobilizer == mobilizer {
				c.Runs = append(c.Runs, d.Status.Runs...)
			}
		}
		m.Copies = append(m.Copies, c)
	}
	return m
}
