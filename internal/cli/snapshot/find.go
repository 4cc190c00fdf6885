package snapshot

import (
	"fmt"
	"strings"

	"github.com/kubemove/kubemove/internal/cli/fault"
)

// kinds that a move may be named by, as kubectl takes them.
var kinds = map[string]string{
	"moveengine": KindEngine, "moveengines": KindEngine, "me": KindEngine, "moveengine.kubemove.io": KindEngine,
	"moveengines.kubemove.io": KindEngine, "movereverse": KindReverse, "movereverses": KindReverse, "mr": KindReverse,
	"movereverse.kubemove.io": KindReverse, "movereverses.kubemove.io": KindReverse,
}

// Find the move that a user means in a namespace: NAME, moveengine/NAME or movereverse/NAME; empty: the only MoveEngine.
func (s Snapshot) Find(namespace, text string) (Move, error) {
	kind, name, both := strings.Cut(text, "/")
	if !both {
		kind, name = "", text
	}
	if both && kinds[strings.ToLower(kind)] == "" {
		return Move{}, fault.Badly("%q names no move: write NAME, moveengine/NAME or movereverse/NAME", text)
	}
	kind = kinds[strings.ToLower(kind)]
	var found []Move
	for _, m := range s.Moves {
		named := name == m.Name && (kind == "" || kind == m.Kind)
		if m.Namespace == namespace && (named || text == "" && m.Kind == KindEngine) {
			found = append(found, m)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case text == "" && len(found) == 0:
		return Move{}, fault.New(fault.Failed, "no move is named", "there is no MoveEngine in namespace %s", namespace).
			Trying("kubectl", "move", "status", "--all-namespaces")
	case text == "":
		return Move{}, fault.New(fault.Usage, "no move is named", "there are %d MoveEngines in namespace %s: %s",
			len(found), namespace, names(found)).Trying("kubectl", "move", "status")
	case len(found) > 1:
		return Move{}, fault.New(fault.Usage, fmt.Sprintf("%s is not the name of one move", name), "there are %s", names(found)).
			Trying("kubectl", "move", "status", found[0].Key())
	}
	return Move{}, fault.New(fault.Failed, fmt.Sprintf("there is no move %s in namespace %s", text, namespace), "%s", s.others(namespace)).
		Trying("kubectl", "move", "status", "--all-namespaces")
}

// others are the moves of a namespace, in words.
func (s Snapshot) others(namespace string) string {
	var here []Move
	for _, m := range s.Moves {
		if m.Namespace == namespace {
			here = append(here, m)
		}
	}
	if len(here) == 0 {
		return "it has no MoveEngine and no MoveReverse"
	}
	return "there are " + names(here)
}

// names of moves, ten at most.
func names(moves []Move) string {
	const most = 10
	var out []string
	for _, m := range moves[:min(len(moves), most)] {
		out = append(out, m.Key())
	}
	if len(moves) > most {
		out = append(out, fmt.Sprintf("and %d more", len(moves)-most))
	}
	return strings.Join(out, ", ")
}

// Choose the route of a move by the name of its target; empty: the only one.
func (m Move) Choose(target string) (*Route, error) {
	list := strings.Join(m.Targets(), ", ")
	if target == "" {
		if len(m.Routes) == 1 {
			return &m.Routes[0], nil
		}
		return nil, fault.New(fault.Usage, fmt.Sprintf("%s has several targets", m.Key()),
			"name one of them with --target: %s; it switches to %s", list, m.Target)
	}
	if r := m.Route(target); r != nil {
		return r, nil
	}
	return nil, fault.New(fault.Usage, fmt.Sprintf("%s has no target %s", m.Key(), target), "its targets are %s", list)
}

// Switch that counts: one that has begun, else that to the target to switch to. nil: there is none.
func (m Move) Switch() *Route {
	for i := range m.Routes {
		if m.Routes[i].Switch.Begun() {
			return &m.Routes[i]
		}
	}
	if r := m.Route(""); r != nil && r.Switch != nil {
		return r
	}
	return nil
}
