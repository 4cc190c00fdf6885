package simulation

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/task"
)

// Flow is a move in a simulated world.
type Flow struct {
	Config  config.Config
	World   *World
	Cluster *Cluster
	Player  *Player
	// Metacontroller that calls the hooks.
	Metacontroller *Metacontroller

	t testing.TB
}

// NewFlow has one volume to move, and a plan without blockers.
func NewFlow(t testing.TB) *Flow { return NewFlowWith(t, TestConfig()) }

// NewFlowWith is NewFlow with another installation.
func NewFlowWith(t testing.TB, installed config.Config) *Flow {
	t.Helper()
	w := NewWorld(Start)
	c := &Cluster{PlanHash: "plan-1", CopySeconds: 3,
		Volumes: []api.PlannedVolume{{Name: "data", Target: "data", Mobilizer: "restic", CapacityBytes: 1 << 30,
			UsedBytes: new(int64(500 << 20)), Files: new(int64(1000))}}}
	f := &Flow{t: t, Config: installed, World: w, Cluster: c, Player: NewPlayer(w, c)}
	f.Metacontroller = &Metacontroller{World: w, Router: routerWith(installed, func() time.Time { return w.Now })}
	return f
}

// Settle lets the hooks come to rest.
func (f *Flow) Settle() {
	f.t.Helper()
	if err := f.Metacontroller.Settle(); err != nil {
		f.t.Fatal(err)
	}
}

// Run plays the world until nothing is left to do: Jobs are moved on, and time passes while
// it was asked for, at most so many times. Looking at related objects again does not
// count: that is done often, and bounded on its own.
func (f *Flow) Run(waits int) {
	f.t.Helper()
	for looks := 300; ; {
		f.Settle()
		if f.Player.Tick() {
			f.World.Now = f.World.Now.Add(2 * time.Second)
			continue
		}
		if f.Metacontroller.Resync == 0 || waits == 0 || looks == 0 {
			return
		}
		if f.Metacontroller.Resync > hooks.RelatedRecheck.Seconds() {
			waits--
		} else {
			looks--
		}
		f.World.Now = f.World.Now.Add(time.Duration(f.Metacontroller.Resync * float64(time.Second)))
	}
}

// Condition of an object.
func (f *Flow) Condition(id ID, kind string) metav1.Condition {
	f.t.Helper()
	o := f.World.Get(id)
	if o == nil {
		f.t.Fatalf("%s is gone", id)
	}
	var x struct {
		Status struct {
			Conditions []metav1.Condition `json:"conditions"`
		} `json:"status"`
	}
	f.Read(id, &x)
	c := meta.FindStatusCondition(x.Status.Conditions, kind)
	if c == nil {
		f.t.Fatalf("%s has no condition %s", id, kind)
	}
	return *c
}

// Read an object into its type.
func (f *Flow) Read(id ID, into any) {
	f.t.Helper()
	o := f.World.Get(id)
	if o == nil {
		f.t.Fatalf("%s is gone", id)
	}
	data, err := json.Marshal(o.Object)
	if err != nil {
		f.t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		f.t.Fatal(err)
	}
}

// Want fails the test if a condition is another one.
func (f *Flow) Want(id ID, kind, status, reason string) {
	f.t.Helper()
	c := f.Condition(id, kind)
	if string(c.Status) != status || c.Reason != reason {
		f.t.Errorf("%s %s = %s/%s (%s), want %s/%s", id, kind, c.Status, c.Reason, c.Message, status, reason)
	}
}

// Patch sets fields of a spec, as kubectl does.
func (f *Flow) Patch(id ID, fields map[string]any) {
	f.t.Helper()
	f.World.Update(id, func(o *unstructured.Unstructured) {
		for k, v := range fields {
			if err := unstructured.SetNestedField(o.Object, v, "spec", k); err != nil {
				f.t.Fatal(err)
			}
		}
	})
}

// PairStatus of the pair.
func (f *Flow) PairStatus() api.MovePairStatus {
	f.t.Helper()
	var p api.MovePair
	f.Read(PairID, &p)
	return p.Status
}

// SwitchStatus of the switch.
func (f *Flow) SwitchStatus() api.MoveSwitchStatus {
	f.t.Helper()
	var m api.MoveSwitch
	f.Read(SwitchID, &m)
	return m.Status
}

// WantStarted checks how often each verb was started.
func (f *Flow) WantStarted(want map[task.Verb]int) {
	f.t.Helper()
	for _, verb := range []task.Verb{task.VerbPlan, task.VerbOpen, task.VerbSync, task.VerbCutover, task.VerbRollback, task.VerbCleanup} {
		if got := f.Player.Started[verb]; got != want[verb] {
			f.t.Errorf("%s was started %d times, want %d", verb, got, want[verb])
		}
	}
}

// Done checks the end of a successful move, and that it is an end.
func (f *Flow) Done() {
	f.t.Helper()
	f.Want(SwitchID, api.ConditionSwitched, "True", api.ReasonSucceeded)
	f.Want(SwitchID, api.ConditionCommitted, "True", api.ReasonCommitted)
	f.Want(EngineID, api.ConditionSwitched, "True", api.ReasonSucceeded)
	f.Want(SyncID, api.ConditionRetired, "True", api.ReasonRetired)
	f.Want(SyncID, api.ConditionSynced, "True", api.ReasonSucceeded)
	f.Want(EngineID, api.ConditionStalled, "False", api.ReasonNotStalled)
	f.Want(SwitchID, api.ConditionStalled, "False", api.ReasonNotStalled)
	f.Want(PairID, api.ConditionStalled, "False", api.ReasonNotStalled)
	f.Fixed()
	if len(f.Player.AfterOpen) > 0 {
		f.t.Errorf("cutovers were started after the target was open: %v", f.Player.AfterOpen)
	}
	if f.SwitchStatus().CommittedAt == nil {
		f.t.Error("committedAt was lost")
	}
}

// Fixed checks that nothing changes any more by itself, but for the Jobs that look at the endpoints.
func (f *Flow) Fixed() {
	f.t.Helper()
	before := len(f.World.Log)
	f.Run(5)
	changes := slices.DeleteFunc(slices.Clone(f.World.Log[before:]), func(line string) bool {
		return strings.Contains(line, "Job/") && strings.Contains(line, "-"+string(task.VerbWatch)+"-")
	})
	if len(changes) > 0 {
		f.t.Errorf("this is no fixed point: %v", changes)
	}
}

// Until plays until a task of the verb runs.
func (f *Flow) Until(verb task.Verb) {
	f.t.Helper()
	for f.Player.Started[verb] == 0 {
		f.Settle()
		if !f.Player.Tick() {
			f.t.Fatalf("%s was never started", verb)
		}
		f.World.Now = f.World.Now.Add(time.Second)
	}
}

// Dump what happened, of a test that has failed.
func (f *Flow) Dump() {
	for _, l := range f.World.Log {
		f.t.Log(l)
	}
}
