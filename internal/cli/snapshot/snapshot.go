// Package snapshot is what is known of the moves of a cluster at one moment, made from their objects alone: what the table and
// the live view, the report and the dashboard show, and what the next command follows from.
package snapshot

import (
	"cmp"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// Objects of KubeMove's kinds, of one namespace or of all, as they were read.
type Objects struct {
	Engines  []api.MoveEngine
	Pairs    []api.MovePair
	Syncs    []api.DataSync
	Switches []api.MoveSwitch
	Reverses []api.MoveReverse
}

// Kinds of moves.
const (
	KindEngine  = "MoveEngine"
	KindReverse = "MoveReverse"
)

// Snapshot is all moves that were read at one moment.
type Snapshot struct {
	// At is when the objects were read.
	At time.Time `json:"at"`
	// Moves by namespace and name; at the same name the MoveEngine comes first.
	Moves []Move `json:"moves"`
}

// Move is a MoveEngine or a MoveReverse with all that belongs to it.
type Move struct {
	// Kind is KindEngine or KindReverse.
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Mode: Offline or Live. A way back that copies by itself is Live.
	Mode    api.MoveMode `json:"mode"`
	Created time.Time    `json:"created,omitzero"`
	// Phase is one word for where the move is, the same in every command.
	Phase Phase `json:"phase"`
	// Message says more of it: what is waited for, or why it failed.
	Message string `json:"message,omitempty"`
	// Step that runs, in the words of the status.
	Step string `json:"step,omitempty"`
	// Stalled: a person is needed; nil: no.
	Stalled *Stall `json:"stalled,omitempty"`
	// Suspended: nothing new is started.
	Suspended bool `json:"suspended,omitempty"`
	// Active is where the application runs, with the target and since when.
	Active Active `json:"active"`
	// Target to switch to: the name of one of Routes; empty: it names none of them.
	Target string `json:"target,omitempty"`
	// At is the time before which the switch does not begin; zero: there is none.
	At time.Time `json:"switchAt,omitzero"`
	// Reverses names the MoveSwitch that a way back reverses.
	Reverses string `json:"reverses,omitempty"`
	// Ways are the names of the MoveReverses that lead back from it.
	Ways []string `json:"ways,omitempty"`
	// Routes, one a target.
	Routes []Route `json:"targets"`

	// Engine or Reverse that it was made from.
	Engine  *api.MoveEngine  `json:"-"`
	Reverse *api.MoveReverse `json:"-"`
}

// Stall is what a person is needed for.
type Stall struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// Active says where the application may run.
type Active struct {
	Side   api.ActiveSide `json:"side"`
	Target string         `json:"target,omitempty"`
	Since  time.Time      `json:"since,omitzero"`
}

// Key of a move, for maps and the output of names: moveengine/shop.
func (m Move) Key() string {
	if m.Kind == KindReverse {
		return "movereverse/" + m.Name
	}
	return "moveengine/" + m.Name
}

// Resource of the move's kind, as kubectl takes it.
func (m Move) Resource() string {
	if m.Kind == KindReverse {
		return "movereverse"
	}
	return "moveengine"
}

// Said is the message of the move without the command of kubectl that it may end with; without a message it is the phase.
func (m Move) Said() string {
	said, _, _ := strings.Cut(m.Message, ": kubectl ")
	return cmp.Or(said, "it is at "+string(m.Phase))
}

// Route to the target of that name; empty: to the one that the move switches to. nil: there is none.
func (m Move) Route(target string) *Route {
	target = cmp.Or(target, m.Target)
	for i := range m.Routes {
		if m.Routes[i].Target == target {
			return &m.Routes[i]
		}
	}
	return nil
}

// Targets are the names of all targets.
func (m Move) Targets() []string {
	var out []string
	for _, r := range m.Routes {
		out = append(out, r.Target)
	}
	return out
}

// New is made from objects that were read at the time now.
func New(o Objects, now time.Time) Snapshot {
	index := newIndex(o)
	s := Snapshot{At: now, Moves: make([]Move, 0, len(o.Engines)+len(o.Reverses))}
	for i := range o.Engines {
		s.Moves = append(s.Moves, index.engine(&o.Engines[i]))
	}
	for i := range o.Reverses {
		s.Moves = append(s.Moves, index.reverse(&o.Reverses[i]))
	}
	slices.SortFunc(s.Moves, func(a, b Move) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind))
	})
	return s
}

// key of an object within its kind.
type key struct{ namespace, name string }

func keyOf(o metav1.Object) key { return key{o.GetNamespace(), o.GetName()} }

// index finds what belongs to an object.
type index struct {
	pairs map[key]*api.MovePair
	// owned pairs, by the UID of what controls them.
	owned map[string][]*api.MovePair
	// syncs and switches by their pairs, ways by the switches that they reverse.
	syncs    map[key][]*api.DataSync
	switches map[key]*api.MoveSwitch
	ways     map[key][]string
}

func newIndex(o Objects) index {
	x := index{pairs: map[key]*api.MovePair{}, owned: map[string][]*api.MovePair{}, syncs: map[key][]*api.DataSync{},
		switches: map[key]*api.MoveSwitch{}, ways: map[key][]string{}}
	for i := range o.Pairs {
		p := &o.Pairs[i]
		x.pairs[keyOf(p)] = p
		if owner := metav1.GetControllerOf(p); owner != nil {
			x.owned[string(owner.UID)] = append(x.owned[string(owner.UID)], p)
		}
	}
	for i := range o.Syncs {
		k := key{o.Syncs[i].Namespace, o.Syncs[i].Spec.PairRef.Name}
		x.syncs[k] = append(x.syncs[k], &o.Syncs[i])
	}
	for i := range o.Switches {
		x.switches[key{o.Switches[i].Namespace, o.Switches[i].Spec.PairRef.Name}] = &o.Switches[i]
	}
	for i := range o.Reverses {
		k := key{o.Reverses[i].Namespace, o.Reverses[i].Spec.SwitchRef.Name}
		x.ways[k] = append(x.ways[k], o.Reverses[i].Name)
	}
	return x
}

// pair of that name, unless another object controls it.
func (x index) pair(o metav1.Object, name string) *api.MovePair {
	p := x.pairs[key{o.GetNamespace(), name}]
	if p == nil {
		return nil
	}
	if owner := metav1.GetControllerOf(p); owner != nil && owner.UID != o.GetUID() {
		return nil
	}
	return p
}
