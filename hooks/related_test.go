package hooks_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/hooks/server"
)

// selected is a rule in short, with names instead of their hashes.
func selected(t *testing.T, rules []hooks.Rule, names ...string) []string {
	t.Helper()
	var out []string
	for _, r := range rules {
		data, err := json.Marshal(r.LabelSelector.MatchExpressions)
		if err != nil || len(r.LabelSelector.MatchExpressions) != 1 || len(r.LabelSelector.MatchLabels) > 0 {
			t.Fatalf("%+v is no rule of ours: %v", r, err)
		}
		e := r.LabelSelector.MatchExpressions[0]
		text := fmt.Sprintf("%s %s %s", r.Resource, e.Key, e.Operator)
		for _, name := range names {
			if strings.Contains(string(data), api.PairNameHash(name)) {
				text += " " + name
			}
		}
		if len(e.Values) != strings.Count(text, " ")-2 {
			t.Errorf("%s selects more than these names: %s", text, data)
		}
		out = append(out, text)
	}
	return out
}

// TestSelectors: what each hook is sent follows from the name of its parent.
func TestSelectors(t *testing.T) {
	const unlabelled = " kubemove.io/pair-name DoesNotExist"
	for name, c := range map[string]struct {
		reason, kind, parent string
		names, want          []string
	}{
		"Pair": {"a pair sees its switch", "movepair", "shop-dst", []string{"shop-dst"},
			[]string{"moveswitches kubemove.io/pair-name In shop-dst", "moveswitches" + unlabelled}},
		"Switch": {"a switch sees the pair of its name", "moveswitch", "shop-dst", []string{"shop-dst"},
			[]string{"movepairs kubemove.io/pair-name In shop-dst", "movepairs" + unlabelled}},
		"DataSync": {"where the name of the pair ends is not known", "datasync", "a-b-restic", []string{"a", "a-b"},
			[]string{"movepairs kubemove.io/pair-name In a a-b", "movepairs" + unlabelled,
				"moveswitches kubemove.io/pair-name In a a-b", "moveswitches" + unlabelled}},
		"NoDash": {"one that is named after no pair sees none", "datasync", "restic", []string{"restic"},
			[]string{"movepairs kubemove.io/pair-name In restic", "movepairs" + unlabelled,
				"moveswitches kubemove.io/pair-name In restic", "moveswitches" + unlabelled}},
	} {
		t.Run(name, func(t *testing.T) {
			got := selected(t, server.Kinds(config.Config{})[c.kind].Related(c.parent), c.names...)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
}

// TestOfPair: a DataSync finds the pair that has made it, however long the names are.
func TestOfPair(t *testing.T) {
	long := strings.Repeat("a-", 126) + "b"
	for name, c := range map[string]struct {
		reason, sync, pair string
		want               bool
	}{
		"Short": {"the usual", "shop-dst-restic", "shop-dst", true},
		"Dash":  {"a mobilizer's name may have one", "shop-dst-my-mover", "shop-dst", true},
		"Long":  {"the name was cut", jobs.Child(long, strings.Repeat("m", 40)), long, true},
		"Other": {"it is named after another pair", "shop-a-restic", "shop-dst", false},
		"Part":  {"no dash ends the pair's name", "shop-dst2-restic", "shop-dst", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := hooks.OfPair(c.sync, c.pair); got != c.want {
				t.Errorf("%s: got %t", c.reason, got)
			}
		})
	}
}

// TestRequestAlone: a request of a move is the same, byte by byte, with fifty others in the namespace.
func TestRequestAlone(t *testing.T) {
	f := simulation.NewFlow(t)
	f.World.Create(simulation.Engine(nil))
	f.Settle()
	for f.Player.Tick() {
		f.Settle()
	}
	requests := func() map[string]string {
		out := map[string]string{}
		for _, c := range server.Controllers() {
			for _, o := range f.World.List(c.Parent) {
				if !strings.HasPrefix(o.GetName(), "shop") || strings.HasPrefix(o.GetName(), "shop-other") {
					continue
				}
				body, err := f.Metacontroller.Request(c, o.GetName())
				if err != nil {
					t.Fatal(err)
				}
				out[c.Parent.Kind+" "+o.GetName()] = string(body)
			}
		}
		return out
	}
	alone := requests()
	if len(alone) != 4 {
		t.Fatalf("found %d objects, want an engine, its pair, its switch and its DataSync", len(alone))
	}
	for i := range 50 {
		f.World.Create(simulation.Engine(func(e *api.MoveEngine) { e.Name = fmt.Sprintf("shop-other-%d", i) }))
	}
	f.Settle()
	for f.Player.Tick() {
		f.Settle()
	}
	if n := len(f.World.List(hooks.KindDataSync)); n != 51 {
		t.Fatalf("there are %d DataSyncs, want 51", n)
	}
	if d := cmp.Diff(alone, requests()); d != "" {
		t.Errorf("others are in the requests: -alone +among others\n%.2000s", d)
	}
}
