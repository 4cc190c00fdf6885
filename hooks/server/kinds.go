// Package server is the program kubemove-hooks: flags, files and sockets around the pure
// decisions.
package server

import (
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/datasync"
	"github.com/kubemove/kubemove/hooks/metacontroller/apply"
	"github.com/kubemove/kubemove/hooks/moveengine"
	"github.com/kubemove/kubemove/hooks/movepair"
	"github.com/kubemove/kubemove/hooks/movereverse"
	"github.com/kubemove/kubemove/hooks/moveswitch"
)

// Controllers are the CompositeControllers of the installation, as manifests/base/controllers has them.
func Controllers() []apply.Controller {
	controller := func(route string, parent hooks.Kind, customize bool, children ...apply.Child) apply.Controller {
		return apply.Controller{Name: "kubemove-" + route, Path: "/v1/" + route, Parent: parent, Children: children, Customize: customize}
	}
	inPlace := func(k hooks.Kind) apply.Child { return apply.Child{Kind: k, Method: apply.InPlace} }
	jobs := apply.Child{Kind: hooks.KindJob, Method: apply.OnDelete}
	return []apply.Controller{
		controller("moveengine", hooks.KindMoveEngine, true, inPlace(hooks.KindMovePair), inPlace(hooks.KindMoveSwitch)),
		controller("movereverse", hooks.KindMoveReverse, true, inPlace(hooks.KindMovePair), inPlace(hooks.KindMoveSwitch)),
		controller("movepair", hooks.KindMovePair, true,
			inPlace(hooks.KindServiceAccount), inPlace(hooks.KindRoleBinding), jobs, inPlace(hooks.KindDataSync)),
		controller("datasync", hooks.KindDataSync, true, jobs),
		controller("moveswitch", hooks.KindMoveSwitch, true, jobs),
	}
}

// Kinds are the hooks by the name in their routes.
func Kinds(c config.Config) map[string]hooks.Hook {
	return map[string]hooks.Hook{
		"moveengine":  moveengine.New(c),
		"movereverse": movereverse.New(c),
		"movepair":    movepair.New(c),
		"datasync":    datasync.New(c),
		"moveswitch":  moveswitch.New(c),
	}
}
