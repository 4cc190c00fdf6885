// Package config is what the administrator of an installation decides: the registered data
// mobilizers and the images of KubeMove's own.
package config

import (
	"fmt"
	"slices"
	"strings"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// APIVersion and Kind of the files of the registry.
const (
	APIVersion = "config.kubemove.io/v1alpha1"
	Kind       = "Mobilizer"
)

// DefaultMobilizer is used when a move names none.
const DefaultMobilizer = "restic"

// Type of a mobilizer.
type Type string

// The types of mobilizers.
const (
	// Worker: KubeMove places the image on both sides with the claims mounted.
	Worker Type = "Worker"
	// Driver: one Job at home that is given both kubeconfigs and does everything. Only runs on
	// request do so yet: plans and final runs would start its image as a Worker, so files with
	// this type are refused.
	Driver Type = "Driver"
)

// Mobilizer is one registered data mobilizer.
type Mobilizer struct {
	APIVersion string        `json:"apiVersion"`
	Kind       string        `json:"kind"`
	Metadata   Metadata      `json:"metadata"`
	Spec       MobilizerSpec `json:"spec"`
}

// Metadata names a mobilizer.
type Metadata struct {
	Name string `json:"name"`
}

// MobilizerSpec says how a mobilizer is run.
type MobilizerSpec struct {
	// Type: Worker.
	Type Type `json:"type"`
	// Image of the mobilizer.
	Image string `json:"image"`
	// Command by verb: sync, for which the image's own entry point is used without an entry, and
	// open, which a mobilizer without an entry does not have.
	Command map[task.Verb][]string `json:"command,omitempty"`
	// State asks for a claim at the target that survives from run to run.
	State bool `json:"state,omitempty"`
	// Passes: one process of a worker serves several passes (task.Task.Passes).
	Passes bool `json:"passes,omitempty"`
	// StateParameter is the parameter with which users keep the state in a place of their own:
	// claim:NAME is a claim in the target namespace, everything else a place that the mobilizer
	// reaches by itself.
	StateParameter string `json:"stateParameter,omitempty"`
	// Credentials are the keys that a Secret of the user may hold for the mobilizer.
	Credentials []string `json:"credentials,omitempty"`
	// Parameters that users may set.
	Parameters []string `json:"parameters,omitempty"`
}

// Config is the whole configuration.
type Config struct {
	// TaskImage runs KubeMove's Jobs and the agents of worker Pods.
	TaskImage string `json:"taskImage,omitempty"`
	// ImagePullPolicy of these; empty: the cluster's default.
	ImagePullPolicy string `json:"imagePullPolicy,omitempty"`
	// ImagePullSecret for Jobs, a Secret in the namespace of the move; empty: none.
	ImagePullSecret string `json:"imagePullSecret,omitempty"`
	// Mobilizers by name.
	Mobilizers map[string]Mobilizer `json:"mobilizers,omitempty"`
}

// Names of the registered mobilizers, sorted.
func (c Config) Names() []string {
	names := make([]string, 0, len(c.Mobilizers))
	for n := range c.Mobilizers {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Problem is a mistake in what a user wrote: the reason and message of a condition.
type Problem struct {
	Reason, Message string
}

// InUse returns the mobilizers that a move may use, the default one first.
func InUse(data api.Data) []api.Mobilizer {
	if len(data.Mobilizers) == 0 {
		return []api.Mobilizer{{Name: DefaultMobilizer}}
	}
	return data.Mobilizers
}

// Check says what is wrong with the mobilizers that a user names, or nil.
func (c Config) Check(mobilizers []api.Mobilizer) *Problem {
	for _, m := range mobilizers {
		registered, ok := c.Mobilizers[m.Name]
		if !ok {
			known := "none is registered"
			if names := c.Names(); len(names) > 0 {
				known = "registered are: " + strings.Join(names, ", ")
			}
			return &Problem{api.ReasonUnknownMobilizer, fmt.Sprintf(
				"no mobilizer %q is registered in this installation (%s): correct data.mobilizers or ask the administrator to add it",
				m.Name, known)}
		}
		if p := unknownParameter(m, registered); p != nil {
			return p
		}
		if p := wrongPlace(m, registered); p != nil {
			return p
		}
	}
	return nil
}

func unknownParameter(m api.Mobilizer, registered Mobilizer) *Problem {
	var unknown []string
	for name := range m.Parameters {
		if !slices.Contains(registered.Spec.Parameters, name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	known := "it takes none"
	if p := slices.Sorted(slices.Values(registered.Spec.Parameters)); len(p) > 0 {
		known = "it takes: " + strings.Join(p, ", ")
	}
	return &Problem{api.ReasonInvalidSpec, fmt.Sprintf(
		"mobilizer %s has no parameter %s (%s): remove it from data.mobilizers",
		m.Name, strings.Join(unknown, ", "), known)}
}

// Task returns the mobilizers as a driver needs them.
func (c Config) Task(mobilizers []api.Mobilizer) []task.Mobilizer {
	list := make([]task.Mobilizer, 0, len(mobilizers))
	for _, m := range mobilizers {
		r := c.Mobilizers[m.Name].Spec
		list = append(list, task.Mobilizer{
			Name:       m.Name,
			Image:      r.Image,
			Command:    r.Command[task.VerbSync],
			Open:       r.Command[task.VerbOpen],
			State:      r.State,
			Passes:     r.Passes,
			Parameters: m.Parameters,

			StateParameter:    r.StateParameter,
			Credentials:       r.Credentials,
			CredentialsSecret: credentials(m),
		})
	}
	return list
}
