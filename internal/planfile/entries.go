package planfile

import (
	"slices"
	"strings"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
)

// Fate is what becomes of an object.
type Fate string

// The fates.
const (
	// Moves: it is created at the target.
	Moves Fate = "moves"
	// Required: it is not created, and the target must have it.
	Required Fate = "required"
	// Stays: it is neither created nor needed.
	Stays Fate = "stays"
)

// Entry is an object that the plan speaks of, with all that it says of it.
type Entry struct {
	// Ref at the target; of an object that stays, at the source.
	Ref application.Ref
	// Source is the object of the source that it is made of: another name where the target gives it one.
	Source application.Ref
	Fate   Fate
	// Why: how it was selected, the path that leads to it, or why it stays.
	Why string
	// Object that is created; nil: none is.
	Object *application.Object
	// Workload that is stopped at the source; nil: it is none, or is not stopped.
	Workload *application.Workload
	// Volume of a claim; nil: it is none of the application.
	Volume *application.Volume
	// Present is what the target has in its place; nil: nothing is known to be there.
	Present *application.Present
}

// Entries are the objects that move, in the order of their creation, then what the target must have, then
// what stays.
func (p Plan) Entries() []Entry {
	if p.Plan == nil {
		return nil
	}
	out := make([]Entry, 0, len(p.Objects)+len(p.Requires)+len(p.Left))
	for i := range p.Objects {
		o := &p.Objects[i]
		out = append(out, Entry{Ref: o.Ref, Source: o.SourceRef(), Fate: Moves, Why: o.Why, Object: o})
	}
	required := map[application.Ref]bool{}
	for _, r := range p.Requires {
		required[r.Ref] = true
		out = append(out, Entry{Ref: r.Ref, Source: p.sourceOf(r.Ref), Fate: Required, Why: r.Why})
	}
	for _, l := range p.Left {
		if !required[l.Ref] {
			out = append(out, Entry{Ref: l.Ref, Source: l.Ref, Fate: Stays, Why: l.Why})
		}
	}
	p.link(out)
	return out
}

// link adds to each entry what other lists of the plan say of it.
func (p Plan) link(entries []Entry) {
	workloads := map[application.Ref]*application.Workload{}
	for i := range p.Workloads {
		workloads[p.Workloads[i].Ref] = &p.Workloads[i]
	}
	volumes := map[application.Ref]*application.Volume{}
	for i := range p.Volumes {
		volumes[claimRef(p.Volumes[i].Name)] = &p.Volumes[i]
	}
	present := map[application.Ref]*application.Present{}
	for i := range p.Target {
		present[p.Target[i].Ref] = &p.Target[i]
	}
	for i := range entries {
		e := &entries[i]
		e.Workload, e.Volume = workloads[e.Source], volumes[e.Source]
		if e.Fate == Moves {
			e.Present = present[e.Ref]
		}
	}
}

// sourceOf an object that the target must have: a claim may have another name there.
func (p Plan) sourceOf(ref application.Ref) application.Ref {
	for _, v := range p.Volumes {
		if ref == claimRef(v.Target) {
			return claimRef(v.Name)
		}
	}
	return ref
}

func claimRef(name string) application.Ref {
	return application.Ref{Kind: "PersistentVolumeClaim", Name: name}
}

// Explanation is all that a plan says of one object.
type Explanation struct {
	Ref application.Ref
	// Entries of that object, by its name at the source or at the target: two where one object has at
	// the target the name that another one has at the source. None: the plan does not list it.
	Entries []Entry
	// Leads are the objects that move, or that the target must have, because it leads to them.
	Leads []application.Ref
	// Blockers and Warnings about it.
	Blockers []api.Blocker
	Warnings []string
}

// Known says whether the plan says anything of the object.
func (e Explanation) Known() bool { return len(e.Entries)+len(e.Blockers)+len(e.Warnings) > 0 }

// Explain an object, by its name at the source or at the target.
func (p Plan) Explain(ref application.Ref) Explanation {
	out := Explanation{Ref: ref}
	if p.Plan == nil {
		return out
	}
	both := []application.Ref{ref} // The object, and its name on the other side.
	entries := p.Entries()
	for _, e := range entries {
		if e.is(ref) {
			out.Entries = append(out.Entries, e)
			both = append(both, e.Ref, e.Source)
		}
	}
	for _, e := range entries {
		if e.Fate != Stays && !e.is(ref) && leadsTo(both, e.Why) {
			out.Leads = append(out.Leads, e.Ref)
		}
	}
	isMeant := func(text string) bool {
		return slices.ContainsFunc(both, func(r application.Ref) bool { return mentions(text, r) })
	}
	for _, b := range p.Blockers {
		if isMeant(b.Object) || isMeant(b.Message) {
			out.Blockers = append(out.Blockers, b)
		}
	}
	for _, w := range p.Warnings {
		if isMeant(w) {
			out.Warnings = append(out.Warnings, w)
		}
	}
	return out
}

// is says whether that is the object's name on one of the sides.
func (e Entry) is(ref application.Ref) bool { return e.Ref == ref || e.Source == ref }

// leadsTo says whether a path goes through one of the objects.
func leadsTo(through []application.Ref, path string) bool {
	parts := strings.Split(path, " > ")
	for _, part := range parts[:len(parts)-1] {
		if slices.ContainsFunc(through, func(r application.Ref) bool { return r.String() == part }) {
			return true
		}
	}
	return false
}

// mentions says whether a message names an object: KIND/NAME, or of a claim "claim NAME".
func mentions(text string, ref application.Ref) bool {
	if names(text, ref.String()) {
		return true
	}
	return ref == claimRef(ref.Name) && names(text, "claim "+ref.Name)
}

// names says whether the words of a text have that name, and not one that begins or ends with it.
func names(text, name string) bool {
	for rest := text; ; {
		at := strings.Index(rest, name)
		if at < 0 {
			return false
		}
		end := at + len(name)
		if !endsName(rest[:at]) && !continuesName(rest[end:]) {
			return true
		}
		rest = rest[end:]
	}
}

func endsName(before string) bool { return before != "" && isNameByte(before[len(before)-1]) }

// continuesName: a dot does so only before another part of a name; else it ends a sentence.
func continuesName(after string) bool {
	trimmed := strings.TrimLeft(after, ".")
	return trimmed != "" && isNameByte(trimmed[0])
}

func isNameByte(b byte) bool {
	return b == '-' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}
