// Package server is the program kubemove-hooks: flags, files and sockets around the pure
// decisions.
package server

import (
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/datasync"
	"github.com/kubemove/kubemove/hooks/engine"
	"github.com/kubemove/kubemove/hooks/moveswitch"
	"github.com/kubemove/kubemove/hooks/pair"
)

// Kinds are the hooks by the name in their routes.
func Kinds(c config.Config) map[string]hooks.Hook {
	return map[string]hooks.Hook{
		"moveengine": engine.New(c),
		"movepair":   pair.New(c),
		"datasync":   datasync.New(c),
		"moveswitch": moveswitch.New(c),
	}
}
