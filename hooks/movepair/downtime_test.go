package movepair

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/internal/downtime"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// measuredPlan has looked through its volumes; what is created empty is not copied.
func measuredPlan() *api.PlanStatus {
	volume := func(name, mobilizer string, bytes, files int64) api.PlannedVolume {
		return api.PlannedVolume{Name: name, Target: name, Mobilizer: mobilizer, UsedBytes: &bytes, Files: &files}
	}
	return &api.PlanStatus{Hash: "plan-1", Objects: 3, StopSeconds: 2, StartSeconds: 5, Volumes: []api.PlannedVolume{
		volume("a", "restic", 100, 1), volume("b", "restic", 0, 0), volume("c", "other", 7, 7), volume("d", "", 9, 9)}}
}

func measured(s *state) { attempt(task.VerbPlan, jobs.Succeeded, with(measuredPlan()))(s) }

// ran has the DataSync of restic say that it was copied for so long.
func ran(seconds int64) func(s *state) {
	return func(s *state) {
		d := &api.DataSync{}
		d.Spec.Mobilizer = "restic"
		d.Status.Runs = []api.SyncRun{{Trigger: api.TriggerSchedule, Outcome: "Succeeded", CopySeconds: seconds}}
		s.syncs = append(s.syncs, d)
	}
}

func live(s *state) { s.pair.Spec.Sync = &api.SyncPolicy{Interval: "5m"} }

func TestMove(t *testing.T) {
	passes := func(name string, are bool) func(s *state) {
		return func(s *state) { s.config.Mobilizers[name] = config.Mobilizer{Spec: config.MobilizerSpec{Passes: are}} }
	}
	unseen := func(s *state) { s.newest.Volumes[1].Files = nil }
	sums := func(s *state) { s.pair.Spec.Data.Verification = api.VerificationChecksum }
	want := func(change func(m *downtime.Move)) downtime.Move {
		m := downtime.Move{StopSeconds: 2, StartSeconds: 5, Objects: 3,
			Copies: []downtime.Copy{{Known: true, Bytes: 7, Files: 7}, {Known: true, Bytes: 100, Files: 1}}}
		change(&m)
		return m
	}
	repeats := func(are bool) func(m *downtime.Move) {
		return func(m *downtime.Move) { m.Copies[0].Repeats, m.Copies[1].Repeats = are, are }
	}
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   downtime.Move
	}{
		"Plain": {"what the plan says, by mobilizer", []func(*state){measured}, want(repeats(false))},
		"Live":  {"by a schedule", []func(*state){measured, live}, want(func(m *downtime.Move) { m.Live = true })},
		"Sums":  {"contents are compared", []func(*state){measured, sums}, want(func(m *downtime.Move) { m.Checksum = true })},
		"Repeats": {"all of them serve several passes", []func(*state){measured, passes("restic", true), passes("other", true)},
			want(repeats(true))},
		"OneDoesNot": {"one that does not keeps the others from it", []func(*state){measured, passes("restic", true), passes("other", false)},
			want(repeats(false))},
		"OtherDoesNot": {"in whatever order they come", []func(*state){measured, passes("restic", false), passes("other", true)},
			want(repeats(false))},
		"Runs": {"those of each mobilizer", []func(*state){measured, ran(4)}, want(func(m *downtime.Move) {
			m.Copies[1].Runs = []api.SyncRun{{Trigger: api.TriggerSchedule, Outcome: "Succeeded", CopySeconds: 4}}
		})},
		"Unseen": {"one volume was not looked through", []func(*state){measured, unseen},
			want(func(m *downtime.Move) { m.Copies[1].Known = false })},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(c.given[0])
			for _, change := range c.given[1:] {
				change(s)
			}
			if d := cmp.Diff(c.want, s.move()); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
}

// Each run changes what is predicted; a switch that has begun leaves it.
func TestPredicted(t *testing.T) {
	measured := func(s *state) {
		plan := measuredPlan()
		plan.Volumes = plan.Volumes[:2] // Those of restic.
		attempt(task.VerbPlan, jobs.Succeeded, with(plan))(s)
	}
	known := func(s *state) {
		s.pair.Status.Plan = &api.PlanStatus{Hash: "plan-1", EstimatedSeconds: 70, EstimatedDowntimeSeconds: 60}
		s.pair.Status.PredictedDowntime = &api.PredictedDowntime{OwnSeconds: 55}
	}
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		// want: the prediction, and the estimates of the downtime and of all.
		want [3]int64
	}{
		"NoPlan":   {"there is nothing to tell it by", nil, [3]int64{}},
		"Planned":  {"an offline move copies once", []func(*state){measured}, [3]int64{15, 20, 30}},
		"NotRun":   {"a live one waits for a run, and there is an estimate", []func(*state){measured, live}, [3]int64{0, 20, 30}},
		"Ran":      {"it was measured", []func(*state){measured, live, ran(30)}, [3]int64{43, 50, 50}},
		"RanNever": {"of what was not looked through nothing is known", []func(*state){planned}, [3]int64{}},
		"Busy":     {"a switch has begun", []func(*state){measured, ran(30), known, busy}, [3]int64{55, 60, 70}},
		"Complete": {"it is over, and what was predicted can be compared", []func(*state){measured, ran(30), known, committed},
			[3]int64{55, 60, 70}},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(c.given...)
			got, _ := s.status(nil, nil)
			var plan api.PlanStatus
			if got.Plan != nil {
				plan = *got.Plan
			}
			if d := cmp.Diff(c.want, [3]int64{got.PredictedDowntimeSeconds, plan.EstimatedDowntimeSeconds, plan.EstimatedSeconds}); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
}
