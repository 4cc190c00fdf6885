// Package planfile is the plan of a move as it is stored and as people read it: what is kept of it, in
// which Secrets, and how it is shown. It knows no client of a cluster: a caller that has read the Secrets of a
// plan gets the plan from it.
package planfile

import (
	"reflect"
	"slices"
	"time"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/survey/found"
)

// Plan is a plan as it is stored: of Secrets it has the names of the keys, and no value.
type Plan struct {
	// Hash of the whole plan, with the values that are not stored: a switch is approved by it.
	Hash string `json:"hash"`
	*application.Plan
	// Former is what differs from the plan of another hash that the pair had before; nil: it had none.
	Former *Former `json:"former,omitempty"`
	// Surveys of the volumes, by the name of the source claim.
	Surveys map[string]Surveyed `json:"surveys,omitempty"`
	// Images says when the target last had all images of a set, by the set's key.
	Images map[string]time.Time `json:"images,omitempty"`
}

// Former names a plan that is not stored any more.
type Former struct {
	Hash string `json:"hash"`
	// Changes since then.
	Changes []string `json:"changes,omitempty"`
}

// Surveyed is what is known of a volume, with what it was found for.
type Surveyed struct {
	// Key changes with the claim and with the users of the workers.
	Key    string        `json:"key"`
	At     time.Time     `json:"at"`
	Report *found.Report `json:"report"`
}

// Since says what differs in a newer plan from the one that the pair has had so far; nil: it has had none,
// or this very one and none before.
func (p Plan) Since(is *application.Plan) *Former {
	switch {
	case p.Plan == nil:
		return nil
	case p.Hash == is.Hash():
		return p.Former
	}
	return &Former{Hash: p.Hash, Changes: application.Changes(p.Hash, p.Plan, is)}
}

// Changes says what differs between the plan of that hash and a newer one, as far as this plan knows the
// former.
func (p Plan) Changes(hash string, is *application.Plan) []string {
	switch {
	case p.Plan == nil:
		return nil
	case p.Hash == hash:
		return application.Changes(p.Hash, p.Plan, is)
	case p.Former == nil || p.Former.Hash != hash:
		return nil
	case p.Hash == is.Hash():
		return p.Former.Changes
	}
	all := slices.Concat(p.Former.Changes, application.Changes(p.Hash, p.Plan, is))
	slices.Sort(all)
	return slices.Compact(all)
}

// Volume of the source claim of that name; nil: the plan has none.
func (p Plan) Volume(name string) *application.Volume {
	if p.Plan == nil {
		return nil
	}
	for i := range p.Volumes {
		if p.Volumes[i].Name == name {
			return &p.Volumes[i]
		}
	}
	return nil
}

// TargetChoices are the users that the worker at the target can have, the chosen one first: of the
// others those that can own all files of the volume, as the survey has found them.
func (p Plan) TargetChoices(v application.Volume) []application.Identity {
	chosen := v.Identity
	if v.TargetIdentity != nil {
		chosen = *v.TargetIdentity
	}
	out := []application.Identity{chosen}
	choices, k := v.Choices(), p.Surveys[v.Name]
	if k.Report == nil || len(k.Report.Others) != len(choices) {
		return out
	}
	for i, c := range choices {
		if k.Report.Others[i].Count == 0 && !reflect.DeepEqual(c, chosen) {
			out = append(out, c)
		}
	}
	return out
}
