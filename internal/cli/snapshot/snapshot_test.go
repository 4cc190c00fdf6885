package snapshot_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/sample"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
)

func TestPhase(t *testing.T) {
	t.Parallel()
	want := map[string]snapshot.Phase{
		"starting": snapshot.Starting, "refused": snapshot.Refused, "planning": snapshot.Planning, "blocked": snapshot.Blocked,
		"firstcopy": snapshot.FirstCopy, "approval": snapshot.NeedsApproval, "suspended": snapshot.Suspended,
		"scheduled": snapshot.Scheduled, "declined": snapshot.Declined, "switching": snapshot.Switching,
		"rollingback": snapshot.RollingBack, "held": snapshot.Held, "rolledback": snapshot.RolledBack,
		"cancelled": snapshot.Cancelled, "switched": snapshot.Switched, "returned": snapshot.Returned,
		"wayback": snapshot.NeedsApproval, "deleting": snapshot.Deleting, "targets": snapshot.NeedsApproval, "hostile": snapshot.Blocked,
	}
	for _, name := range sample.Names() {
		if got := sample.Move(name).Phase; got != want[name] {
			t.Errorf("the phase of %s is %q, want %q", name, got, want[name])
		}
	}
}

func TestPhaseOfNewSpec(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]snapshot.Phase{
		"approval": snapshot.Starting, "refused": snapshot.Starting, "blocked": snapshot.Starting,
		// What has begun goes on, whatever is written meanwhile.
		"switching": snapshot.Switching, "switched": snapshot.Switched,
	} {
		o := sample.Objects(name)
		o.Engines[0].Generation = 2
		if got := snapshot.New(o, sample.Now).Moves[0].Phase; got != want {
			t.Errorf("a status of an older spec of %s gives the phase %q, want %q", name, got, want)
		}
	}
}

func TestOwnership(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason string
		change func(*snapshot.Objects)
		want   []string // of each route: target, pair, number of DataSyncs, switch
	}{
		"Own": {"all that is made for a target belongs to it", func(*snapshot.Objects) {}, []string{"dst shop-dst 1 shop-dst"}},
		"Foreign": {"a pair of another owner is not ours", func(o *snapshot.Objects) { o.Pairs[0].OwnerReferences[0].UID = "other" },
			[]string{"dst - 0 -"}},
		"Adopted": {"a pair without an owner counts by its name", func(o *snapshot.Objects) { o.Pairs[0].OwnerReferences = nil },
			[]string{"dst shop-dst 1 shop-dst"}},
		"OtherNamespace": {"a pair of another namespace is not ours", func(o *snapshot.Objects) { o.Pairs[0].Namespace = "other" },
			[]string{"dst - 0 -"}},
		"Former": {"the pair of a target that was removed is still shown", func(o *snapshot.Objects) {
			o.Engines[0].Spec.Targets[0].Name = "new"
		}, []string{"new - 0 -", "dst shop-dst 1 shop-dst"}},
		"Several": {"each target has its own", func(o *snapshot.Objects) { *o = sample.Objects("targets") },
			[]string{"dst shop-dst 1 shop-dst", "far shop-far 0 -"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := sample.Objects("approval")
			c.change(&o)
			var got []string
			for _, r := range snapshot.New(o, sample.Now).Moves[0].Routes {
				pair, sw := "-", "-"
				if r.Pair != nil {
					pair = r.Pair.Name
				}
				if r.Switch != nil {
					sw = r.Switch.Name
				}
				got = append(got, r.Target+" "+pair+" "+string(rune('0'+len(r.Syncs)))+" "+sw)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s: -want +got:\n%s", c.reason, diff)
			}
		})
	}
}

func TestWays(t *testing.T) {
	t.Parallel()
	s := sample.Snapshot("wayback")
	if diff := cmp.Diff([]string{"shop-back"}, s.Moves[0].Ways); diff != "" {
		t.Errorf("the ways back of the engine: -want +got:\n%s", diff)
	}
	back := s.Moves[1]
	got := []any{back.Kind, back.Reverses, back.Mode, back.Routes[0].Plan != nil}
	if diff := cmp.Diff([]any{snapshot.KindReverse, sample.Pair, api.ModeLive, true}, got); diff != "" {
		t.Errorf("the way back: its kind, switch, mode, and whether it has a plan: -want +got:\n%s", diff)
	}
}

func TestPercent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason      string
		stage       api.VolumeStage
		done, total int64
		want        int
	}{
		"Half":     {"as it is", api.StageCopying, 50, 100, 50},
		"None":     {"the total is not known yet", api.StagePreparing, 0, 0, 0},
		"Over":     {"files grow while they are copied", api.StageCopying, 300, 100, 99},
		"All":      {"it is not compared yet", api.StageVerifying, 100, 100, 99},
		"Synced":   {"all is done", api.StageSynced, 100, 100, 100},
		"Empty":    {"a volume without bytes is done, too", api.StageSynced, 0, 0, 100},
		"Negative": {"a status may hold anything", api.StageCopying, -5, -7, 0},
		"Huge":     {"numbers do not overflow", api.StageCopying, 1 << 62, 1<<63 - 1, 50},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := sample.Objects("firstcopy")
			o.Syncs[0].Status.Volumes = []api.VolumeStatus{{Name: "uploads", Stage: c.stage, BytesDone: c.done, BytesTotal: c.total}}
			if got := snapshot.New(o, sample.Now).Moves[0].Routes[0].Volumes[1].Percent; got != c.want {
				t.Errorf("%s: got %d, want %d", c.reason, got, c.want)
			}
		})
	}
}

func TestAfter(t *testing.T) {
	t.Parallel()
	frame := func(run string, done int64) snapshot.Snapshot {
		o := sample.Objects("firstcopy")
		o.Syncs[0].Status.Run.ID = run
		o.Syncs[0].Status.Volumes = []api.VolumeStatus{{Name: "uploads", Stage: api.StageCopying, BytesDone: done, BytesTotal: 100}}
		return snapshot.New(o, sample.Now)
	}
	for name, c := range map[string]struct {
		reason        string
		former, after snapshot.Snapshot
		want          int
	}{
		"Forward": {"progress is shown", frame("a", 20), frame("a", 30), 30},
		"Back":    {"within a run a volume does not go back", frame("a", 50), frame("a", 30), 50},
		"Other":   {"another run begins at the beginning", frame("a", 50), frame("b", 30), 30},
		"First":   {"there is no former frame", snapshot.Snapshot{}, frame("a", 30), 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := c.after.After(c.former).Moves[0].Routes[0]
			if r.Volumes[1].Percent != c.want || r.Sum.Percent != c.want {
				t.Errorf("%s: the volume is at %d %%, the sum at %d %%, want %d", c.reason, r.Volumes[1].Percent, r.Sum.Percent, c.want)
			}
		})
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	same := sample.Objects("wayback")
	same.Reverses[0].Name = sample.Engine
	two := sample.Objects("approval")
	two.Engines = append(two.Engines, *two.Engines[0].DeepCopy())
	two.Engines[1].Name = "blog"
	for name, c := range map[string]struct {
		reason          string
		objects         snapshot.Objects
		namespace, text string
		want            string
		code            int
	}{
		"Only":          {"the only engine may be left out", sample.Objects("wayback"), "shop", "", "moveengine/shop", 0},
		"Name":          {"a name is enough", sample.Objects("wayback"), "shop", "shop-back", "movereverse/shop-back", 0},
		"Kind":          {"a kind chooses", same, "shop", "mr/shop", "movereverse/shop", 0},
		"KindLong":      {"as kubectl prints it", same, "shop", "moveengine.kubemove.io/shop", "moveengine/shop", 0},
		"Ambiguous":     {"a name of two", same, "shop", "shop", "", fault.Usage},
		"Several":       {"which one?", two, "shop", "", "", fault.Usage},
		"None":          {"there is none in the namespace", two, "other", "", "", fault.Failed},
		"Unknown":       {"no move has the name", two, "shop", "wiki", "", fault.Failed},
		"UnknownOfKind": {"a kind that is no move", two, "shop", "pod/shop", "", fault.Usage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := snapshot.New(c.objects, sample.Now).Find(c.namespace, c.text)
			got := ""
			if err == nil {
				got = m.Key()
			}
			if got != c.want || fault.Code(err) != c.code {
				t.Errorf("%s: got %q and %v (exit code %d), want %q and the exit code %d", c.reason, got, err, fault.Code(err), c.want, c.code)
			}
		})
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason, sample, target, want string
		code                         int
	}{
		"Only":    {"the only target may be left out", "approval", "", "dst", 0},
		"Named":   {"of several one is named", "targets", "far", "far", 0},
		"Several": {"of several none is guessed", "targets", "", "", fault.Usage},
		"Unknown": {"there is none of that name", "targets", "near", "", fault.Usage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := sample.Move(c.sample).Choose(c.target)
			got := ""
			if err == nil {
				got = r.Target
			}
			if got != c.want || fault.Code(err) != c.code {
				t.Errorf("%s: got %q and %v, want %q and the exit code %d", c.reason, got, err, c.want, c.code)
			}
		})
	}
}

func TestSwitchThatCounts(t *testing.T) {
	t.Parallel()
	o := sample.Objects("switching")
	o.Engines[0].Spec.Targets = append(o.Engines[0].Spec.Targets, api.Target{Name: "far"})
	o.Engines[0].Spec.Switch = &api.EngineSwitch{Target: "far"}
	if r := snapshot.New(o, sample.Now).Moves[0].Switch(); r == nil || r.Target != "dst" {
		t.Errorf("got %+v, want the switch to dst, which has begun", r)
	}
	if r := sample.Move("starting").Switch(); r != nil {
		t.Errorf("got %+v, want none, as none was made", r)
	}
}

func TestTook(t *testing.T) {
	t.Parallel()
	s := snapshot.Step{Started: sample.Now.Add(-3 * time.Second)}
	if got := s.Took(sample.Now); got != 3*time.Second {
		t.Errorf("a step that runs has taken %s, want 3s", got)
	}
	s.Finished = s.Started.Add(-time.Second)
	if got := s.Took(sample.Now); got != 0 {
		t.Errorf("a step that ended before it began has taken %s, want 0s", got)
	}
}
