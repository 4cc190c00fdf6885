package lineage

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// The lineage of the tests: a move from here to there, its way back, and the way there again.
var (
	plan    = Actor{Pair: "pair-1"}
	forward = Actor{Pair: "pair-1", Switch: "switch-1"}
	retry   = Actor{Pair: "pair-1", Switch: "switch-of-a-provider"}
	second  = Actor{Pair: "pair-of-another-target", Switch: "switch-of-another-target"}
	back    = Actor{Lineage: "pair-1", Pair: "pair-2", Switch: "switch-2",
		Earlier: []string{"switch-1"}, Recorded: map[types.UID]bool{"here": true}}
	again = Actor{Lineage: "pair-1", Pair: "pair-3", Switch: "switch-3",
		Earlier: []string{"switch-1", "switch-2"}, Recorded: map[types.UID]bool{"there": true}}
	everyone = map[string]Actor{"plan": plan, "forward": forward, "retry": retry, "second": second, "back": back, "again": again}
)

func object(uid types.UID, annotations ...string) *metav1.ObjectMeta {
	o := &metav1.ObjectMeta{UID: uid}
	for i := 0; i < len(annotations); i += 2 {
		annotate(o, annotations[i], annotations[i+1])
	}
	return o
}

// who says yes of everyone.
func who(says func(Actor) bool) map[string]bool {
	out := map[string]bool{}
	for name, a := range everyone {
		if says(a) {
			out[name] = true
		}
	}
	return out
}

func names(list ...string) map[string]bool {
	out := map[string]bool{}
	for _, name := range list {
		out[name] = true
	}
	return out
}

func TestOwns(t *testing.T) {
	const by = api.CreatedByAnnotation
	for name, tc := range map[string]struct {
		reason string
		object *metav1.ObjectMeta
		claim  bool
		want   map[string]bool
	}{
		"Claim":          {"all switches of a pair share its claims", object("new", by, "pair-1"), true, names("plan", "forward", "retry")},
		"ClaimOfSwitch":  {"a switch may have signed a claim, too", object("new", by, "switch-1"), true, names("forward")},
		"Object":         {"an object is its switch's alone", object("new", by, "switch-1"), false, names("forward")},
		"ObjectOfPair":   {"before there is a switch the pair stands in for it", object("new", by, "pair-1"), false, names("plan")},
		"Foreign":        {"KubeMove has not made it", object("new"), true, names()},
		"Unsigned":       {"an empty name is no name", object("new", by, ""), false, names()},
		"OtherMove":      {"another move has made it", object("new", by, "another"), true, names()},
		"Second":         {"another target shares nothing", object("new", by, "pair-of-another-target"), true, names("second")},
		"Here":           {"what was here before the move is the way back's alone", object("here"), true, names("back")},
		"HereObject":     {"be it a claim or not", object("here"), false, names("back")},
		"There":          {"the way there again takes over what was made", object("there", by, "switch-1"), false, names("forward", "again")},
		"ThereClaim":     {"and its claims", object("there", by, "pair-1"), true, names("plan", "forward", "retry", "again")},
		"ThereMadeAnew":  {"not if it was made anew with the annotations", object("new", by, "switch-1"), false, names("forward")},
		"ThereUnmarked":  {"also if it has lost them", object("there"), false, names("again")},
		"HereByAnother":  {"another move may have made what was here before", object("here", by, "another"), true, names("back")},
		"WithoutAnyUID":  {"an object that was not read has none", object("", by, "another"), true, names()},
		"EarlierSwitchs": {"that an earlier switch has made something is no proof", object("elsewhere", by, "switch-2"), false, names("back")},
	} {
		t.Run(name, func(t *testing.T) {
			got := who(func(a Actor) bool { return a.Owns(tc.object, tc.claim) })
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// TestSign: what an actor signs it owns, and another switch of its pair owns the claims.
func TestSign(t *testing.T) {
	for name, a := range everyone {
		for _, claim := range []bool{true, false} {
			o := object("new")
			a.Sign(o, claim)
			if !a.Owns(o, claim) || CreatedBy(o) == "" {
				t.Errorf("%s does not own what it has signed: %v", name, o)
			}
			other := a
			other.Switch = "another"
			if got := other.Owns(o, claim); got != claim {
				t.Errorf("another switch of the pair of %s owns it: %t, want %t", name, got, claim)
			}
		}
	}
}

func TestIdentified(t *testing.T) {
	for name, tc := range map[string]struct {
		reason   string
		owns     bool
		recorded types.UID
		want     bool
	}{
		"Recorded": {"it has lost its annotations", false, "uid", true},
		"Replaced": {"it has the annotations of the former", true, "former", false},
		"Own":      {"nothing is on record, so the annotations count", true, "", true},
		"Foreign":  {"and say that it is another's", false, "", false},
	} {
		if got := Identified(tc.owns, "uid", tc.recorded); got != tc.want {
			t.Errorf("%s: %s: got %t", name, tc.reason, got)
		}
	}
}

func TestHolder(t *testing.T) {
	ledger, all := Ledger{Switch: "switch-1"}.Encode(), who(func(Actor) bool { return true })
	held := func(uid types.UID) *metav1.ObjectMeta {
		o := object(uid)
		Hold(o, Ledger{Switch: "switch-1"})
		return o
	}
	for name, tc := range map[string]struct {
		reason string
		object *metav1.ObjectMeta
		free   map[string]bool
	}{
		"Free":      {"no switch holds it", object("here"), all},
		"Forward":   {"its own switch goes on, and the way back takes it over", held("here"), names("forward", "back")},
		"MadeAnew":  {"the way back leaves alone what was not on record", held("new"), names("forward")},
		"Ledger":    {"the ledger says it, too", object("new", api.LedgerAnnotation, ledger), names("forward")},
		"Back":      {"the way there again takes it over", object("there", api.HeldByAnnotation, "switch-2"), names("back", "again")},
		"Other":     {"another move", object("here", api.HeldByAnnotation, "another"), names()},
		"NoLedger":  {"what cannot be read says nothing", object("here", api.LedgerAnnotation, "x"), all},
		"Provider":  {"a provider's own switch is another", object("here", api.HeldByAnnotation, "switch-of-a-provider"), names("retry")},
		"OneUnread": {"an object without a UID is on no record", held(""), names("forward")},
	} {
		t.Run(name, func(t *testing.T) {
			got := who(func(a Actor) bool { return a.Holder(tc.object) == "" })
			if diff := cmp.Diff(tc.free, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
	if o := held("here"); HeldBy(o) != "switch-1" {
		t.Errorf("held by %q", HeldBy(o))
	} else if Release(o); HeldBy(o) != "" || HasLedger(o) {
		t.Errorf("released, and still %v", o)
	}
}

// TestActive: a claim is active for one switch, and what was copied there is a copy no more.
func TestActive(t *testing.T) {
	claim := object("claim", api.CopyAnnotation, Copy{}.Mark(), "team", "blue")
	forward.Activate(claim)
	if diff := cmp.Diff(map[string]string{api.ActiveAnnotation: "switch-1", "team": "blue"}, claim.Annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(names("forward"), who(func(a Actor) bool { return a.Rival(Active(claim)) == "" })); diff != "" {
		t.Errorf("only the switch itself has no rival (-want +got):\n%s", diff)
	}
	Passivate(claim)
	if Active(claim) != "" || forward.Rival(Active(claim)) != "" || claim.Annotations["team"] != "blue" {
		t.Errorf("it is passive, and still %v", claim.Annotations)
	}
}

func TestOf(t *testing.T) {
	m := &task.Move{Pair: task.Object{Name: "shop-dst", UID: "pair-1"}}
	if got := Of(m, "switch-1"); got.Name() != "pair-1" || got.Pair != "pair-1" || !got.IsSelf("switch-1") || got.IsSelf("pair-1") {
		t.Errorf("a first move is %+v", got)
	}
	if got := Of(m, ""); !got.IsSelf("pair-1") || got.IsSelf("") {
		t.Errorf("the pair stands in for its switch: %+v", got)
	}
	m.Lineage, m.Pair = &task.Object{Name: "shop-dst", UID: "pair-1"}, task.Object{Name: "back", UID: "pair-2"}
	if got := Of(m, ""); got.Name() != "pair-1" || got.Pair != "pair-2" {
		t.Errorf("the way back is %+v", got)
	}
}

func TestIsWork(t *testing.T) {
	own := map[string]string{api.ManagedByLabel: api.ManagedByValue, api.PairLabel: "pair-1"}
	other := map[string]string{api.PairLabel: "pair-1"}
	if !IsWork(own) || IsWork(other) || IsWork(nil) || !IsWorkOf(own, "pair-1") || IsWorkOf(own, "pair-2") {
		t.Error("work is what KubeMove has labelled for a pair")
	}
}
