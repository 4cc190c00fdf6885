package hooks_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
	"github.com/kubemove/kubemove/hooks/metacontroller"
	"github.com/kubemove/kubemove/hooks/server"
	"github.com/kubemove/kubemove/task"
)

var start = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// testConfig is an installation with one mobilizer of each type.
func testConfig() config.Config {
	return config.Config{
		TaskImage:       "registry.example/kubemove-task:test",
		ImagePullPolicy: "IfNotPresent",
		Mobilizers: map[string]config.Mobilizer{
			"restic": {Spec: config.MobilizerSpec{Type: config.Worker, Image: "registry.example/kubemove-ddm:test", State: true,
				Parameters: []string{"compression"}}},
			"custom": {Spec: config.MobilizerSpec{Type: config.Driver, Image: "registry.example/custom:1"}},
		},
	}
}

// placesConfig is one whose restic takes places of the user's own.
func placesConfig() config.Config {
	c := testConfig()
	m := c.Mobilizers["restic"]
	m.Spec.Command = map[task.Verb][]string{task.VerbSync: {"ddm", "sync"}, task.VerbOpen: {"ddm", "open"}}
	m.Spec.StateParameter, m.Spec.Credentials = "repository", []string{"AWS_ACCESS_KEY_ID", "ca.crt"}
	m.Spec.Parameters = append(m.Spec.Parameters, "repository")
	c.Mobilizers["restic"] = m
	return c
}

// flow is a move in a simulated world.
type flow struct {
	t       *testing.T
	config  config.Config
	world   *simulation.World
	cluster *simulation.Cluster
	player  *simulation.Player
	mc      *simulation.Metacontroller
}

func newFlow(t *testing.T) *flow { return newFlowWith(t, testConfig()) }

func newFlowWith(t *testing.T, installed config.Config) *flow {
	t.Helper()
	w := simulation.NewWorld(start)
	c := &simulation.Cluster{PlanHash: "plan-1",
		Volumes: []api.PlannedVolume{{Name: "data", Target: "data", Mobilizer: "restic", CapacityBytes: 1 << 30}}}
	f := &flow{t: t, config: installed, world: w, cluster: c, player: simulation.NewPlayer(w, c)}
	f.mc = &simulation.Metacontroller{World: w, Router: routerWith(installed, func() time.Time { return w.Now })}
	return f
}

func router(now func() time.Time) http.Handler { return routerWith(testConfig(), now) }

func routerWith(installed config.Config, now func() time.Time) http.Handler {
	return metacontroller.NewRouter(server.Kinds(installed), metacontroller.Options{
		Log: silent(), Now: now,
	})
}

func silent() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// sortedReverse are the keys of a map in reverse alphabetical order.
func sortedReverse[V any](m map[string]V) []string {
	keys := slices.Sorted(maps.Keys(m))
	slices.Reverse(keys)
	return keys
}

// engine of the tests: from home to another cluster.
func engine(change func(*api.MoveEngine)) *unstructured.Unstructured {
	e := &api.MoveEngine{
		TypeMeta:   hooks.KindMoveEngine.TypeMeta(),
		ObjectMeta: metav1.ObjectMeta{Name: "shop"},
		Spec: api.MoveEngineSpec{
			Mode:        api.ModeOffline,
			Application: api.Application{Selector: &metav1.LabelSelector{}},
			// A world in which plans are made anew never comes to rest.
			PlanInterval: "0s",
			Targets: []api.Target{{Name: "cloud", Endpoint: api.Endpoint{
				Namespace: "shop", Cluster: &api.ClusterAccess{KubeconfigSecretRef: api.SecretKeyReference{Name: "cloud", Key: "kubeconfig"}},
			}}},
		},
	}
	if change != nil {
		change(e)
	}
	return toUnstructured(e)
}

func automatic(e *api.MoveEngine) {
	e.Spec.Switch = &api.EngineSwitch{SwitchPolicy: api.SwitchPolicy{Approval: api.ApprovalAutomatic}}
}

func toUnstructured(o runtime.Object) *unstructured.Unstructured {
	data, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	u := &unstructured.Unstructured{}
	if err := json.Unmarshal(data, &u.Object); err != nil {
		panic(err)
	}
	return u
}

var (
	engineID = simulation.ID{Kind: hooks.KindMoveEngine, Name: "shop"}
	pairID   = simulation.ID{Kind: hooks.KindMovePair, Name: "shop-cloud"}
	switchID = simulation.ID{Kind: hooks.KindMoveSwitch, Name: "shop-cloud"}
	syncID   = simulation.ID{Kind: hooks.KindDataSync, Name: "shop-cloud-restic"}
)

// settle lets the hooks come to rest.
func (f *flow) settle() {
	f.t.Helper()
	if err := f.mc.Settle(); err != nil {
		f.t.Fatal(err)
	}
}

// run plays the world until nothing is left to do: Jobs are moved on, and time passes while
// somebody has asked for it, at most so many times. Looking at related objects again does not
// count: that is done often, and bounded on its own.
func (f *flow) run(waits int) {
	f.t.Helper()
	for looks := 300; ; {
		f.settle()
		if f.player.Tick() {
			f.world.Now = f.world.Now.Add(2 * time.Second)
			continue
		}
		if f.mc.Resync == 0 || waits == 0 || looks == 0 {
			return
		}
		if f.mc.Resync > hooks.RelatedRecheck.Seconds() {
			waits--
		} else {
			looks--
		}
		f.world.Now = f.world.Now.Add(time.Duration(f.mc.Resync * float64(time.Second)))
	}
}

// condition of an object.
func (f *flow) condition(id simulation.ID, kind string) metav1.Condition {
	f.t.Helper()
	o := f.world.Get(id)
	if o == nil {
		f.t.Fatalf("%s is gone", id)
	}
	var x struct {
		Status struct {
			Conditions []metav1.Condition `json:"conditions"`
		} `json:"status"`
	}
	decode(f.t, o, &x)
	c := meta.FindStatusCondition(x.Status.Conditions, kind)
	if c == nil {
		f.t.Fatalf("%s has no condition %s", id, kind)
	}
	return *c
}

func decode(t *testing.T, o *unstructured.Unstructured, into any) {
	t.Helper()
	data, err := json.Marshal(o.Object)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

func (f *flow) want(id simulation.ID, kind, status, reason string) {
	f.t.Helper()
	c := f.condition(id, kind)
	if string(c.Status) != status || c.Reason != reason {
		f.t.Errorf("%s %s = %s/%s (%s), want %s/%s", id, kind, c.Status, c.Reason, c.Message, status, reason)
	}
}

// patch sets fields of a spec, as kubectl does.
func (f *flow) patch(id simulation.ID, fields map[string]any) {
	f.t.Helper()
	f.world.Update(id, func(o *unstructured.Unstructured) {
		for k, v := range fields {
			if err := unstructured.SetNestedField(o.Object, v, "spec", k); err != nil {
				f.t.Fatal(err)
			}
		}
	})
}

func (f *flow) pairStatus() api.MovePairStatus {
	f.t.Helper()
	var p api.MovePair
	decode(f.t, f.world.Get(pairID), &p)
	return p.Status
}

func (f *flow) switchStatus() api.MoveSwitchStatus {
	f.t.Helper()
	var m api.MoveSwitch
	decode(f.t, f.world.Get(switchID), &m)
	return m.Status
}

func switches(list []metav1.Condition) bool {
	return meta.IsStatusConditionTrue(list, api.ConditionSwitched)
}

// started checks how often each verb was started.
func (f *flow) started(want map[task.Verb]int) {
	f.t.Helper()
	for _, verb := range []task.Verb{task.VerbPlan, task.VerbOpen, task.VerbSync, task.VerbCutover, task.VerbRollback, task.VerbCleanup} {
		if got := f.player.Started[verb]; got != want[verb] {
			f.t.Errorf("%s was started %d times, want %d", verb, got, want[verb])
		}
	}
}

// done checks the end of a successful move, and that it is an end.
func (f *flow) done() {
	f.t.Helper()
	f.want(switchID, api.ConditionSwitched, "True", api.ReasonSucceeded)
	f.want(switchID, api.ConditionCommitted, "True", api.ReasonCommitted)
	f.want(engineID, api.ConditionSwitched, "True", api.ReasonSucceeded)
	f.want(syncID, api.ConditionRetired, "True", api.ReasonRetired)
	f.want(syncID, api.ConditionSynced, "True", api.ReasonSucceeded)
	f.want(engineID, api.ConditionStalled, "False", api.ReasonNotStalled)
	f.want(switchID, api.ConditionStalled, "False", api.ReasonNotStalled)
	f.want(pairID, api.ConditionStalled, "False", api.ReasonNotStalled)
	f.fixed()
	if len(f.player.AfterOpen) > 0 {
		f.t.Errorf("cutovers were started after the target was open: %v", f.player.AfterOpen)
	}
	if f.switchStatus().CommittedAt == nil {
		f.t.Error("committedAt was lost")
	}
}

// fixed checks that nothing changes any more by itself.
func (f *flow) fixed() {
	f.t.Helper()
	before := f.world.Changes
	f.run(5)
	if f.world.Changes != before {
		f.t.Errorf("this is no fixed point: %v", f.world.Log[before:])
	}
}
