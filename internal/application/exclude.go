package application

import (
	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// byExclude is why an object does not move that the user has excluded.
const byExclude = "application.exclude names it"

// bar finds what application.exclude names, before anything is selected.
func (m *maker) bar() {
	for _, e := range m.in.Application.Exclude {
		if !m.barOne(e) {
			m.AddWarning(Ref{}, "application.exclude names %s, and the namespace %s has none: correct the entry, or remove it",
				describeExcluded(e), m.in.SourceNamespace)
		}
	}
}

// barOne says whether an entry names anything at all.
func (m *maker) barOne(e api.ExcludedObject) bool {
	found := false
	for _, n := range m.x.nodes {
		if n.own || !excludes(e, n.ref) {
			continue
		}
		found = true
		if isGenerated(n.ref.kind()) && m.hasController(n) || m.isMade(n) {
			continue // Its controller makes it, there as here.
		}
		m.excludedByUser[n.ref] = true
		m.leave(n.ref, byExclude)
	}
	return found
}

func excludes(e api.ExcludedObject, ref Ref) bool {
	return e.Kind == ref.Kind && (e.Group == "" || e.Group == ref.Group) && (e.Name == "" || e.Name == ref.Name)
}

func describeExcluded(e api.ExcludedObject) string {
	ref := Ref{Group: e.Group, Kind: e.Kind, Name: e.Name}
	if e.Name == "" {
		return "every " + ref.kind()
	}
	return ref.String()
}

// refuseExcluded: an engine that names an object as a member and excludes it means the latter.
func (m *maker) refuseExcluded(n *node, why string) {
	if why == byName || why == byClaimName {
		m.AddWarning(n.ref, "%s is %s and in application.exclude, which wins: it does not move; remove one of the two entries", n.ref, why)
	}
}

// doWithout a reference to what is excluded: what a member needs has to be at the target.
func (m *maker) doWithout(from *node, e edge) {
	switch {
	case !e.hard || m.dataOnly() || m.isSystem(m.x.byRef[e.to]):
	case e.to.kind() == kindClaim:
		m.require(Required{Ref: m.targetRef(e.to), Why: m.path(from) + " > " + e.to.String() + ", and " + byExclude})
	case !e.optional:
		m.AddWarning(from.ref, "%s refers to %s, which application.exclude names: it has to be at the target", from.ref, e.to)
	}
}
