// Package steer is what the verbs that steer a move write: each is one patch of fields that belong to the user, as the pages of
// the kinds have it. It is pure: what was read goes in, and a patch comes out, or why there is none.
package steer

import (
	"encoding/json"
	"fmt"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
)

// Patch is a JSON merge patch of the spec of one object.
type Patch struct {
	// Resource as kubectl takes it, such as moveswitch.
	Resource  string
	Namespace string
	Name      string
	// Spec that is merged. Keys are written in their order, null removes a field.
	Spec map[string]any
	// UID of the object that was read; a later one of its name is not patched. Empty: it was not read.
	UID string
}

// Plural of the resource, as the API server takes it.
func (p Patch) Plural() string {
	if p.Resource == "moveswitch" {
		return "moveswitches"
	}
	return p.Resource + "s"
}

// Body of the patch, as it is printed.
func (p Patch) Body() string { return encode(map[string]any{"spec": p.Spec}) }

// Data of the patch, as it is sent: it is refused for another object of that name.
func (p Patch) Data() []byte {
	body := map[string]any{"spec": p.Spec}
	if p.UID != "" {
		body["metadata"] = map[string]any{"uid": p.UID}
	}
	return []byte(encode(body))
}

func encode(body map[string]any) string {
	data, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("cannot encode a patch of texts and truth values: %v", err))
	}
	return string(data)
}

// Words of the kubectl command that does the same.
func (p Patch) Words() []string {
	return []string{"kubectl", "--namespace", p.Namespace, "patch", p.Resource, p.Name, "--type", "merge", "--patch", p.Body()}
}

// Object is RESOURCE/NAME.
func (p Patch) Object() string { return p.Resource + "/" + p.Name }

// ofParent is a patch of the MoveEngine or MoveReverse.
func ofParent(m snapshot.Move, spec map[string]any) Patch {
	p := Patch{Resource: m.Resource(), Namespace: m.Namespace, Name: m.Name, Spec: spec}
	switch {
	case m.Engine != nil:
		p.UID = string(m.Engine.UID)
	case m.Reverse != nil:
		p.UID = string(m.Reverse.UID)
	}
	return p
}

// ofSwitch is a patch of the MoveSwitch of a route.
func ofSwitch(m snapshot.Move, r *snapshot.Route, spec map[string]any) Patch {
	p := Patch{Resource: "moveswitch", Namespace: m.Namespace, Name: r.Switch.Name, Spec: spec}
	if r.MoveSwitch != nil {
		p.UID = string(r.MoveSwitch.UID)
	}
	return p
}

// Token that differs from earlier ones, for a request: a time to the millisecond.
func Token(now time.Time) string { return "cli-" + now.UTC().Format("20060102T150405.000Z") }

// refusal says why a verb does nothing.
func refusal(m snapshot.Move, verb, format string, args ...any) *fault.Error {
	return fault.New(fault.Failed, fmt.Sprintf("cannot %s %s", verb, m.Key()), format, args...)
}

// Suspend or resume a move.
func Suspend(m snapshot.Move, suspend bool) Patch {
	return ofParent(m, map[string]any{"suspend": suspend})
}

// Refresh asks for a new plan.
func Refresh(m snapshot.Move, r *snapshot.Route, token string) (Patch, error) {
	switch {
	case r.Pair == nil:
		return Patch{}, refusal(m, "plan", "its MovePair %s is not there yet", r.PairName).Trying("kubectl", "move", "status", m.Key())
	case m.Suspended:
		return Patch{}, refusal(m, "plan", "it is suspended, so nothing is planned").Trying("kubectl", "move", "resume", m.Key())
	case r.Switch != nil && r.Switch.Begun():
		return Patch{}, refusal(m, "plan", "its switch has begun, so nothing is planned any more").Trying("kubectl", "move", "status", m.Key())
	}
	return Patch{Resource: "movepair", Namespace: m.Namespace, Name: r.PairName, UID: string(r.Pair.UID),
		Spec: map[string]any{"planRequest": token}}, nil
}

// Sync asks for one run of each DataSync of a route.
func Sync(m snapshot.Move, r *snapshot.Route, token string) ([]Patch, error) {
	switch {
	case m.Suspended:
		return nil, refusal(m, "copy", "it is suspended, so no run begins").Trying("kubectl", "move", "resume", m.Key())
	case r.Switch != nil && r.Switch.Switched:
		return nil, refusal(m, "copy", "the application has switched, so its data is not copied any more").
			Trying("kubectl", "move", "reverse", m.Key())
	case r.Switch != nil && r.Switch.Begun():
		return nil, refusal(m, "copy", "its switch has begun, and copies the data itself").Trying("kubectl", "move", "status", m.Key(), "--watch")
	case len(r.Syncs) == 0 && r.Channel == api.ChannelActive:
		return nil, refusal(m, "copy", "it has no data that is copied").Trying("kubectl", "move", "plan", m.Key())
	case len(r.Syncs) == 0:
		return nil, refusal(m, "copy", "the channel to target %s is not open yet: %s", r.Target, m.Said()).
			Trying("kubectl", "move", "status", m.Key())
	}
	var out []Patch
	for _, d := range r.Syncs {
		out = append(out, Patch{Resource: "datasync", Namespace: m.Namespace, Name: d.Name, UID: string(d.UID),
			Spec: map[string]any{"request": token}})
	}
	return out, nil
}
