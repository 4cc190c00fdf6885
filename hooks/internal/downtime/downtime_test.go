package downtime

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

func run(trigger api.Trigger, copySeconds int64) api.SyncRun {
	return api.SyncRun{Trigger: trigger, Outcome: "Succeeded", CopySeconds: copySeconds, Bytes: 1e9, Files: 10}
}

func failed(r api.SyncRun) api.SyncRun {
	r.Outcome = "Failed"
	return r
}

// given is 1 GB in ten files, and the runs of its copies, the newest first.
func given(runs ...api.SyncRun) Move {
	return Move{StopSeconds: 2, StartSeconds: 3, Objects: 100, Copies: []Copy{{Known: true, Bytes: 1e9, Files: 10, Runs: runs}}}
}

// live is the same, copied while the application runs by a mobilizer that serves several passes.
func live(runs ...api.SyncRun) Move {
	m := given(runs...)
	m.Live, m.Copies[0].Repeats = true, true
	return m
}

func changed(m Move, change func(m *Move)) Move {
	change(&m)
	return m
}

func checksum(m *Move) { m.Checksum = true }

func onePass(m *Move) { m.Copies[0].Repeats = false }

func unseen(m *Move) { m.Copies[0] = Copy{Runs: m.Copies[0].Runs} }

func manyFiles(m *Move) { m.Copies[0].Files = 100_000 }

// holds has the volumes hold something else.
func holds(bytes, files int64) func(m *Move) {
	return func(m *Move) { m.Copies[0].Bytes, m.Copies[0].Files = bytes, files }
}

func twice(m *Move) { m.Copies = append(m.Copies, m.Copies[0]) }

func TestPredict(t *testing.T) {
	const measured, estimated = api.BasisMeasured, api.BasisEstimated
	initial, scheduled, request, final := api.TriggerInitial, api.TriggerSchedule, api.TriggerRequest, api.TriggerFinal
	empty := run(request, 100)
	empty.Bytes, empty.Files = 0, 0
	cases := map[string]struct {
		reason string
		move   Move
		// copies for so long; 0: it is not known.
		copies int64
		basis  api.PredictionBasis
	}{
		"Usual":    {"a copy of 1 GB that was not measured", given(), 11, estimated},
		"Small":    {"files take their time, whatever is in them", changed(given(), holds(0, 100_000)), 42, estimated},
		"Checksum": {"everything is read once more", changed(given(), checksum), 20, estimated},
		"Unseen":   {"it is not known what the volumes hold", changed(given(), unseen), 0, ""},
		"Two":      {"what several mobilizers copy shares the cores", changed(given(), twice), 21, estimated},
		"Measured": {"as long as the run before", given(run(request, 4)), 4, measured},
		"Newest":   {"the last one has had the least to copy", given(run(request, 4), run(request, 50)), 4, measured},
		"Failed":   {"a run that failed may have ended anywhere", given(failed(run(request, 2)), run(request, 50)), 50, measured},
		"Older":    {"one that does not say how long it copied tells nothing", given(run(request, 0)), 11, estimated},
		"UnseenRun": {"what was measured counts, though it is not known what the volumes hold",
			changed(given(run(request, 4)), unseen), 4, measured},
		"Grown":  {"half as much more takes half as long more", changed(given(run(request, 20)), holds(15e8, 10)), 30, measured},
		"Shrunk": {"less is not quicker, as each run has its fixed costs", changed(given(run(request, 20)), holds(1, 1)), 20, measured},
		"Short": {"a run of a nearly empty volume says nothing of a full one",
			changed(given(run(request, 5)), holds(11e9, 10)), 102, estimated},
		"Long":   {"one that took its time has a rate", changed(given(run(request, 100)), holds(4e9, 10)), 400, measured},
		"Nought": {"a run of nothing has no rate, however long it took", given(empty), 11, estimated},
		"Compare": {"a final run compares every path",
			changed(given(run(request, 20)), func(m *Move) { manyFiles(m); m.Copies[0].Runs[0].Files = 1e5 }), 22, measured},
		"RunSums": {"and reads everything once more to compare the contents", changed(given(run(request, 4)), checksum), 13, measured},
		"LiveNew": {"before the first run there is nothing to tell it", live(), 0, ""},
		"LiveFirst": {"the first run has copied everything: the final one looks for what has changed",
			live(run(initial, 60)), 2, estimated},
		"LiveFirstFiles": {"which takes longer with many files", changed(live(run(initial, 60)), manyFiles), 12, estimated},
		"LiveFirstShort": {"but no longer than to copy them", changed(live(run(initial, 5)), manyFiles), 7, estimated},
		"LiveFirstOnePass": {"what has changed during it is not copied before the stop, and how much that is was not measured",
			changed(live(run(initial, 60)), onePass), 60, estimated},
		"Live": {"the quickest of the recent runs has had few changes",
			live(run(scheduled, 9), run(request, 3), run(scheduled, 8), run(initial, 60)), 3, measured},
		"LiveLong": {"what was long ago does not count",
			live(run(scheduled, 9), run(scheduled, 9), run(scheduled, 8), run(scheduled, 9), run(scheduled, 9), run(scheduled, 3)), 8, measured},
		"LiveOnePass": {"without a copy directly before the stop there is as much to copy as in the last interval",
			changed(live(run(scheduled, 9), run(scheduled, 3), run(initial, 60)), onePass), 9, measured},
		"LiveSums": {"a run before the switch does not compare the contents", changed(live(run(scheduled, 3)), checksum), 12, measured},
		"LiveFinal": {"a switch that was rolled back has measured just that",
			changed(live(run(final, 7), run(scheduled, 3)), checksum), 7, measured},
		"LiveFinals": {"of all mobilizers", changed(live(run(final, 7), run(scheduled, 3)), twice), 7, measured},
		"LiveAfter":  {"but runs after it are newer", live(run(scheduled, 4), run(final, 7), run(initial, 60)), 4, measured},
		"LiveHalf": {"of one of the mobilizers nothing is known", changed(live(run(scheduled, 3)),
			func(m *Move) { m.Copies = append(m.Copies, Copy{Known: true}) }), 0, ""},
		"HalfMeasured": {"what is estimated in part is estimated", changed(given(run(request, 4)),
			func(m *Move) { m.Copies = append(m.Copies, Copy{Known: true, Bytes: 1e9}) }), 15, estimated},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var want *api.PredictedDowntime
			if tc.copies > 0 {
				want = &api.PredictedDowntime{StopSeconds: 2, CopySeconds: tc.copies, CopyBasis: tc.basis, OwnSeconds: 7, StartSeconds: 3}
			}
			got := Predict(tc.move)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
			if tc.copies > 0 && Seconds(got) != 12+tc.copies {
				t.Errorf("got %d s in all", Seconds(got))
			}
		})
	}
}

func TestNothingToCopy(t *testing.T) {
	m := Move{StopSeconds: 2, StartSeconds: 3, Objects: 1000, Live: true}
	want := &api.PredictedDowntime{StopSeconds: 2, OwnSeconds: 9, StartSeconds: 3}
	if diff := cmp.Diff(want, Predict(m)); diff != "" {
		t.Errorf("no runs are waited for, and no workers removed\n-want +got:\n%s", diff)
	}
	if m.BeforeSeconds() != 0 {
		t.Error("and none are placed")
	}
}

func TestEstimate(t *testing.T) {
	if got := Estimate(live()); got == nil || got.CopySeconds != 11 {
		t.Errorf("before the first run it is one copy of everything, got %+v", got)
	}
	if got := Estimate(live(run(api.TriggerSchedule, 3))); got == nil || got.CopySeconds != 3 {
		t.Errorf("then it is what is predicted, got %+v", got)
	}
	if got := Estimate(changed(live(), unseen)); got != nil || Seconds(got) != 0 {
		t.Errorf("not known, got %+v", got)
	}
}

func TestCoarse(t *testing.T) {
	for seconds, want := range map[int64]int64{0: 0, 1: 10, 60: 60, 61: 120, 600: 600, 601: 900, 3600: 3600, 3601: 4500} {
		if got := Coarse(seconds); got != want {
			t.Errorf("%v s: want %d, got %d: the longer it takes, the coarser", seconds, want, got)
		}
	}
}
