package steer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/text"
)

// Uninstall says why KubeMove must not be removed; nil: there is no object of its kinds.
func Uninstall(o snapshot.Objects) error {
	const most = 10
	var names []string
	var try []string
	add := func(kind, namespace, name string, words ...string) {
		names = append(names, kind+" "+namespace+"/"+name)
		if try == nil {
			try = slices.Concat(words, []string{"--namespace", namespace})
		}
	}
	// The ways back first, as they lead back from the switch of another move.
	for i := range o.Reverses {
		m := &o.Reverses[i]
		add("movereverse", m.Namespace, m.Name, "kubectl", "move", "delete", "movereverse/"+m.Name)
	}
	for i := range o.Engines {
		m := &o.Engines[i]
		add("moveengine", m.Namespace, m.Name, "kubectl", "move", "delete", "moveengine/"+m.Name)
	}
	for i := range o.Switches {
		m := &o.Switches[i]
		add("moveswitch", m.Namespace, m.Name, "kubectl", "delete", "moveswitch", m.Name)
	}
	for i := range o.Syncs {
		m := &o.Syncs[i]
		add("datasync", m.Namespace, m.Name, "kubectl", "delete", "datasync", m.Name)
	}
	for i := range o.Pairs {
		m := &o.Pairs[i]
		add("movepair", m.Namespace, m.Name, "kubectl", "delete", "movepair", m.Name)
	}
	if len(names) == 0 {
		return nil
	}
	count := text.Count(len(names), "object")
	if len(names) > most {
		names = append(names[:most], fmt.Sprintf("and %d more", len(names)-most))
	}
	return fault.New(fault.Failed, "KubeMove is not removed while there are moves",
		"%s would stay for ever, as nothing cleans up after them: %s", count, strings.Join(names, ", ")).Trying(try...)
}
