package application

import (
	"cmp"
	"maps"
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// Where the worker of a claim runs, there the volume is bound: in that zone, or on that node. So a
// worker at the target is placed like the Pods that will mount the claim there, and the workers of
// claims that one Pod mounts together are placed together.

// Placement of a worker at the target. It follows from the objects of the plan.
type Placement struct {
	// NodeSelector, required NodeAffinity and Tolerations of the Pods that mount the claim there.
	NodeSelector map[string]string    `json:"nodeSelector,omitempty"`
	NodeAffinity *corev1.NodeSelector `json:"nodeAffinity,omitempty"`
	Tolerations  []corev1.Toleration  `json:"tolerations,omitempty"`
	// Group is the same for copied claims that have to be on one node: the name of the first of
	// them. Empty: no other copied claim has to be where this one is.
	Group string `json:"group,omitempty"`
}

// placementOf the Pods of a template. Preferences are left out, as is what it says of other Pods:
// these are not there yet.
func placementOf(spec *corev1.PodSpec) *Placement {
	out := &Placement{}
	if len(spec.NodeSelector) > 0 {
		out.NodeSelector = spec.NodeSelector
	}
	if len(spec.Tolerations) > 0 {
		out.Tolerations = spec.Tolerations
	}
	if a := spec.Affinity; a != nil && a.NodeAffinity != nil {
		out.NodeAffinity = a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	}
	return out
}

// placeWorkers plans where the claims that are copied are bound.
func (m *maker) placeWorkers() {
	s := m.newSharing()
	for i := range m.plan.Volumes {
		if m.plan.Volumes[i].Policy != api.ClaimCopy || len(s.users[i]) == 0 {
			continue
		}
		if t := teamOf(s.users[i]); t != nil {
			t.copied = append(t.copied, i)
			continue
		}
		// Many nodes can mount it, and its users are on several: it is bound to what all ask for,
		// or to nothing.
		var list []Placement
		for _, t := range s.users[i] {
			list = addPlacements(list, t, i)
		}
		if len(list) == 1 {
			m.plan.Volumes[i].Placement = list[0]
		}
	}
	for _, t := range s.teams {
		m.placeTeam(t)
	}
}

// teamOf a claim. One that several teams mount is with none of them, unless all others have nothing
// but this claim: they can go to where it is.
func teamOf(users []*team) *team {
	if len(users) > 1 {
		users = slices.DeleteFunc(slices.Clone(users), func(t *team) bool { return len(t.claims) == 1 })
	}
	if len(users) == 1 {
		return users[0]
	}
	return nil
}

func (m *maker) placeTeam(t *team) {
	if len(t.copied) == 0 {
		return
	}
	where := m.combine(t)
	if len(t.copied) > 1 {
		where.Group = m.plan.Volumes[t.copied[0]].Target
	}
	for _, c := range t.copied {
		m.plan.Volumes[c].Placement = where
	}
}

// addPlacements adds those of the team's Pods that mount a claim, or of all (-1), each once.
func addPlacements(list []Placement, t *team, claim int) []Placement {
	for _, p := range t.pods {
		known := p.where != nil && (claim < 0 || slices.Contains(p.claims, claim))
		if known && !slices.ContainsFunc(list, func(o Placement) bool { return reflect.DeepEqual(o, *p.where) }) {
			list = append(list, *p.where)
		}
	}
	return list
}

// combine finds the nodes on which all Pods of a team can run: they have to be on one. Where the
// nodeSelectors exclude each other there is no such node. Then the claims are bound to any node, as
// it is not the move that made it so, and a part of the application may run all the same.
func (m *maker) combine(t *team) Placement {
	list := addPlacements(nil, t, -1)
	if len(list) == 0 {
		return Placement{}
	}
	out := list[0]
	for _, p := range list[1:] {
		if key := contradiction(out.NodeSelector, p.NodeSelector); key != "" {
			m.AddWarning(Ref{}, "%s share claims that only one node can mount (%s), and their nodeSelectors want different values of the label %s: "+
				"at the target the claims are bound to any node, where not all of them can run; "+
				"let the nodeSelectors agree, for instance by a patch in the target's kustomization", few(t.workloads()), few(m.targets(t.claims)), key)
			return Placement{}
		}
		if len(p.NodeSelector) > 0 {
			merged := maps.Clone(p.NodeSelector)
			maps.Copy(merged, out.NodeSelector)
			out.NodeSelector = merged
		}
		out.NodeAffinity = bothAffinities(out.NodeAffinity, p.NodeAffinity)
		out.Tolerations = bothTolerations(out.Tolerations, p.Tolerations)
	}
	return out
}

// contradiction is the first label of which two selectors want different values.
func contradiction(a, b map[string]string) string {
	for _, key := range slices.Sorted(maps.Keys(a)) {
		if value, there := b[key]; there && value != a[key] {
			return key
		}
	}
	return ""
}

// bothAffinities selects the nodes that both select. The terms of a selector are alternatives; an
// empty one selects nothing.
func bothAffinities(a, b *corev1.NodeSelector) *corev1.NodeSelector {
	switch {
	case a == nil:
		return b
	case b == nil || reflect.DeepEqual(a, b):
		return a
	}
	out := &corev1.NodeSelector{}
	for _, x := range a.NodeSelectorTerms {
		for _, y := range b.NodeSelectorTerms {
			if isEmptyTerm(x) || isEmptyTerm(y) {
				continue
			}
			out.NodeSelectorTerms = append(out.NodeSelectorTerms, corev1.NodeSelectorTerm{
				MatchExpressions: slices.Concat(x.MatchExpressions, y.MatchExpressions),
				MatchFields:      slices.Concat(x.MatchFields, y.MatchFields),
			})
		}
	}
	if len(out.NodeSelectorTerms) == 0 {
		out.NodeSelectorTerms = []corev1.NodeSelectorTerm{{}}
	}
	return out
}

func isEmptyTerm(t corev1.NodeSelectorTerm) bool {
	return len(t.MatchExpressions) == 0 && len(t.MatchFields) == 0
}

// bothTolerations tolerates what both tolerate.
func bothTolerations(a, b []corev1.Toleration) []corev1.Toleration {
	var out []corev1.Toleration
	add := func(from, other []corev1.Toleration) {
		for _, t := range from {
			covered := slices.ContainsFunc(other, func(o corev1.Toleration) bool { return covers(o, t) })
			if covered && !slices.ContainsFunc(out, func(o corev1.Toleration) bool { return reflect.DeepEqual(o, t) }) {
				out = append(out, t)
			}
		}
	}
	add(a, b)
	add(b, a)
	return out
}

// covers says whether a toleration tolerates everything that another one does.
func covers(t, other corev1.Toleration) bool {
	switch {
	case t.Effect != "" && t.Effect != other.Effect:
		return false
	case t.Operator == corev1.TolerationOpExists:
		return t.Key == "" || t.Key == other.Key
	}
	same := cmp.Or(t.Operator, corev1.TolerationOpEqual) == cmp.Or(other.Operator, corev1.TolerationOpEqual)
	return same && t.Key == other.Key && t.Value == other.Value
}
