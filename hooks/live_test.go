package hooks_test

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
	"github.com/kubemove/kubemove/task"
)

func live(e *api.MoveEngine) {
	e.Spec.Mode = api.ModeLive
	e.Spec.Sync = &api.SyncPolicy{Interval: "10m"}
}

// pass lets time pass, a look every 15 s, and plays what comes up.
func pass(f *simulation.Flow, d time.Duration) {
	for end := f.World.Now.Add(d); f.World.Now.Before(end); f.World.Now = f.World.Now.Add(15 * time.Second) {
		f.Settle()
		f.Player.Tick()
	}
	f.Settle()
}

// observed is an object as it is.
func observed[T any](f *simulation.Flow, id simulation.ID) (out T) {
	f.Read(id, &out)
	return out
}

// TestLive: everything is copied once, then again by the schedule, until the switch; nothing is copied after it.
func TestLive(t *testing.T) {
	f := simulation.NewFlow(t)
	f.World.Create(simulation.Engine(live))
	pass(f, 3*time.Minute)
	if got := f.Player.Started[task.VerbSync]; got != 1 {
		t.Fatalf("%d runs in the first minutes, want the first one", got)
	}
	sync := observed[api.DataSync](f, simulation.SyncID)
	if run := sync.Status.LastRun; run == nil || run.Trigger != api.TriggerInitial || run.Outcome != "Succeeded" || run.Seconds == 0 {
		t.Errorf("the first run is %+v", run)
	}
	if next := sync.Status.NextRunTime; next == nil || !next.Time.Equal(sync.Status.LastRun.StartedAt.Add(10*time.Minute)) {
		t.Errorf("the next run is due at %v, want ten minutes after the beginning of the first", next)
	}
	pass(f, time.Hour)
	if got := f.Player.Started[task.VerbSync]; got < 6 || got > 7 {
		t.Errorf("%d runs in the first hour, want one every ten minutes", got)
	}
	sync = observed[api.DataSync](f, simulation.SyncID)
	if len(sync.Status.Runs) < 6 || sync.Status.Runs[0].Trigger != api.TriggerSchedule {
		t.Errorf("the history is %+v", sync.Status.Runs)
	}
	if pair := observed[api.MovePair](f, simulation.PairID); !pair.Status.LastSuccessTime.Equal(sync.Status.LastSuccessTime) {
		t.Errorf("the pair's last success is %v, the DataSync's %v", pair.Status.LastSuccessTime, sync.Status.LastSuccessTime)
	}
	f.Patch(simulation.SwitchID, map[string]any{"approvedPlan": "plan-1"})
	pass(f, time.Minute)
	if c := f.Condition(simulation.SwitchID, api.ConditionSwitched); c.Status != "True" {
		t.Fatalf("not switched: %+v", c)
	}
	runs := f.Player.Started[task.VerbSync]
	pass(f, time.Hour)
	if got := f.Player.Started[task.VerbSync]; got != runs {
		t.Errorf("%d runs after the switch, want none", got-runs)
	}
	if sync = observed[api.DataSync](f, simulation.SyncID); sync.Status.NextRunTime != nil {
		t.Errorf("a run is due at %s, after the switch", sync.Status.NextRunTime)
	}
}

// TestLiveWaitsForFirst: no switch begins before everything was copied once, whatever is approved.
func TestLiveWaitsForFirst(t *testing.T) {
	f := simulation.NewFlow(t)
	broken := true
	f.Player.Fail = func(t task.Task, _ int) *task.Result {
		if t.Verb == task.VerbSync && broken {
			return &task.Result{Outcome: task.OutcomeFailed, Retry: task.RetryLater, Reason: api.ReasonSyncFailed, Message: "the disk is full"}
		}
		return nil
	}
	f.World.Create(simulation.Engine(func(e *api.MoveEngine) { live(e); simulation.Automatic(e) }))
	pass(f, 5*time.Minute)
	if got := f.Player.Started[task.VerbCutover]; got != 0 {
		t.Fatalf("%d cutovers were started before the first copy", got)
	}
	if c := f.Condition(simulation.SwitchID, api.ConditionSwitched); c.Reason != api.ReasonSyncing {
		t.Errorf("Switched is %+v, want the reason %s", c, api.ReasonSyncing)
	}
	if c := f.Condition(simulation.SyncID, api.ConditionStalled); c.Status != "True" {
		t.Errorf("a first copy that fails is told to no person: %+v", c)
	}
	for _, id := range []simulation.ID{simulation.PairID, simulation.EngineID} {
		if c := f.Condition(id, api.ConditionStalled); c.Status != "True" || !strings.Contains(c.Message, "the disk is full") {
			t.Errorf("%s does not say why: %+v", id, c)
		}
	}
	broken = false
	pass(f, 10*time.Minute)
	if c := f.Condition(simulation.SwitchID, api.ConditionSwitched); c.Status != "True" {
		t.Errorf("not switched after the first copy: %+v", c)
	}
	if c := f.Condition(simulation.EngineID, api.ConditionStalled); c.Status != "False" {
		t.Errorf("the engine is still stalled: %+v", c)
	}
}

// TestSwitchAt: a switch begins at its time, and not before, in both modes.
func TestSwitchAt(t *testing.T) {
	for name, mode := range map[string]func(*api.MoveEngine){"Offline": func(*api.MoveEngine) {}, "Live": live} {
		t.Run(name, func(t *testing.T) {
			f := simulation.NewFlow(t)
			const at = "2026-11-21T11:00:00+02:00" // An hour after the start.
			f.World.Create(simulation.Engine(func(e *api.MoveEngine) { mode(e); simulation.Automatic(e); e.Spec.Switch.At = at }))
			pass(f, 55*time.Minute)
			if got := f.Player.Started[task.VerbCutover]; got != 0 {
				t.Fatalf("%d cutovers were started before the time", got)
			}
			c := f.Condition(simulation.SwitchID, api.ConditionSwitched)
			if c.Reason != api.ReasonScheduled || c.Message != "the switch begins at "+at {
				t.Errorf("Switched is %+v, want %s with the time as it was written", c, api.ReasonScheduled)
			}
			pass(f, 10*time.Minute)
			if c := f.Condition(simulation.SwitchID, api.ConditionSwitched); c.Status != "True" {
				t.Errorf("not switched after its time: %+v", c)
			}
		})
	}
}

// TestSwitchTimePassed: a time before the engine is a slip, and nothing is begun by it; corrected, the move goes on.
func TestSwitchTimePassed(t *testing.T) {
	f := simulation.NewFlow(t)
	f.World.Create(simulation.Engine(func(e *api.MoveEngine) { simulation.Automatic(e); e.Spec.Switch.At = "2025-11-21T11:00:00Z" }))
	pass(f, 5*time.Minute)
	if c := f.Condition(simulation.EngineID, api.ConditionAccepted); c.Status != "False" || c.Reason != api.ReasonSwitchTimePassed {
		t.Fatalf("Accepted is %+v, want %s", c, api.ReasonSwitchTimePassed)
	}
	f.World.Update(simulation.EngineID, func(o *unstructured.Unstructured) {
		unstructured.RemoveNestedField(o.Object, "spec", "switch", "at")
	})
	pass(f, 5*time.Minute)
	if c := f.Condition(simulation.SwitchID, api.ConditionSwitched); c.Status != "True" {
		t.Errorf("not switched once corrected: %+v", c)
	}
}
