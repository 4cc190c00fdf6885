package application

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// sharing says which Pods have to be on one node at the target because of the claims that they
// mount. Claims are numbers: their places in plan.Volumes.
type sharing struct {
	view *view
	// made are the objects of the plan by those of the source.
	made map[Ref]*Object
	// byName and byTarget are the claims by their names on both sides, and targets the latter as
	// objects.
	byName, byTarget map[string]int
	targets          []*node

	teams []*team
	// users are the teams that mount a claim.
	users [][]*team
}

// pods are those of a workload that mount the same claims: all of them, or that of an ordinal.
type pods struct {
	workload Ref
	claims   []int
	// idle: there are none of them while the application runs.
	idle bool
	// where they can run; nil: it is not known.
	where *Placement
}

// team are Pods that have to be on one node: each shares a claim with another one that only one
// node can mount. Most teams have one member.
type team struct {
	pods []pods
	// claims of the Pods, and those of them that are copied to where the team is.
	claims, copied []int
}

func (t *team) workloads() []string {
	var out []string
	for _, p := range t.pods {
		if name := p.workload.String(); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// targets are the names of claims at the target.
func (v *view) targets(claims []int) []string {
	var out []string
	for _, c := range claims {
		out = append(out, v.plan.Volumes[c].Target)
	}
	return out
}

func (v *view) newSharing() *sharing {
	s := &sharing{view: v, made: make(map[Ref]*Object, len(v.plan.Objects)), byName: map[string]int{}, byTarget: map[string]int{}}
	for i := range v.plan.Objects {
		s.made[v.plan.Objects[i].SourceRef()] = &v.plan.Objects[i]
	}
	for i, v := range v.plan.Volumes {
		s.byName[v.Name], s.byTarget[v.Target] = i, i
		s.targets = append(s.targets, &node{ref: refTo(kindClaim, v.Target)})
	}
	s.formTeams(s.mounting())
	s.users = make([][]*team, len(v.plan.Volumes))
	for _, t := range s.teams {
		for _, c := range t.claims {
			s.users[c] = append(s.users[c], t)
		}
	}
	return s
}

// mounting are the Pods of the application that mount claims. What does not run has no say in
// claims that others use: a Deployment for repairs, at zero, may mount the claims of many nodes.
func (s *sharing) mounting() []pods {
	var all []pods
	for _, n := range s.view.stopped() {
		if len(n.mounts) > 0 {
			all = append(all, s.podsOf(n)...)
		}
	}
	used := map[int]bool{}
	for _, p := range all {
		for _, c := range p.claims {
			used[c] = used[c] || !p.idle
		}
	}
	return slices.DeleteFunc(all, func(p pods) bool {
		return p.idle && slices.ContainsFunc(p.claims, func(c int) bool { return used[c] })
	})
}

// podsOf a workload, as they will be at the target. Where the plan does not make it, but a custom
// resource or another client, it will mount the claims as it does at the source; on which nodes,
// is not known.
func (s *sharing) podsOf(n *node) []pods {
	o := s.made[n.ref]
	if o == nil {
		return split(pods{workload: n.ref, idle: !s.view.runs(n)}, n.mounts, s.byName)
	}
	now := &node{ref: o.Ref, obj: &o.Object}
	if now.template, now.unread = podTemplate(now.obj, o.kind()); now.unread != nil {
		return nil // There is a blocker.
	}
	return split(pods{workload: o.Ref, idle: s.view.plan.idle(o), where: placementOf(&now.template.Spec)}, mounts(now, s.targets), s.byTarget)
}

// split tells the Pods of a StatefulSet from each other: each has claims of its own beside those
// that all share.
func split(all pods, mounts []mount, claims map[string]int) []pods {
	var shared []int
	own := map[string][]int{}
	for _, mt := range mounts {
		c, ok := claims[mt.claim]
		switch {
		case !ok:
		case all.workload.kind() == kindStatefulSet && isOrdinalOf(mt.claim, mt.volume+"-"+all.workload.Name):
			ordinal := mt.claim[strings.LastIndex(mt.claim, "-"):]
			own[ordinal] = append(own[ordinal], c)
		default:
			shared = append(shared, c)
		}
	}
	if len(own) == 0 {
		own[""] = nil
	}
	var out []pods
	for _, ordinal := range slices.Sorted(maps.Keys(own)) {
		one := all
		one.claims = slices.Concat(own[ordinal], shared)
		slices.Sort(one.claims)
		one.claims = slices.Compact(one.claims)
		out = append(out, one)
	}
	return out
}

// formTeams puts Pods together that share a claim that only one node can mount: all ordinals of a
// StatefulSet if they share such a one, as Kubernetes will run them on one node then.
func (s *sharing) formTeams(all []pods) {
	one := make([]bool, len(s.view.plan.Volumes))
	for i := range one {
		one[i] = s.onOneNode(i)
	}
	// of a claim: the team that has it on its node.
	of := map[int]*team{}
	for _, p := range all {
		joined := &team{}
		var former []*team
		for _, c := range p.claims {
			if t := of[c]; t != nil && !slices.Contains(former, t) {
				former = append(former, t)
				joined.pods, joined.claims = append(joined.pods, t.pods...), append(joined.claims, t.claims...)
			}
		}
		joined.pods, joined.claims = append(joined.pods, p), append(joined.claims, p.claims...)
		slices.Sort(joined.claims)
		joined.claims = slices.Compact(joined.claims)
		for _, c := range joined.claims {
			if one[c] {
				of[c] = joined
			}
		}
		if len(former) > 0 {
			s.teams = slices.DeleteFunc(s.teams, func(t *team) bool { return slices.Contains(former, t) })
		}
		s.teams = append(s.teams, joined)
	}
}

// onOneNode says whether one node only can mount a claim.
func (s *sharing) onOneNode(claim int) bool {
	source := refTo(kindClaim, s.view.plan.Volumes[claim].Name)
	at := s.view.x.byRef[source].obj
	if o := s.made[source]; o != nil {
		at = &o.Object
	}
	modes, _, _ := unstructured.NestedStringSlice(at.Object, "spec", "accessModes")
	return !slices.ContainsFunc(modes, func(mode string) bool {
		return mode == string(corev1.ReadWriteMany) || mode == string(corev1.ReadOnlyMany)
	})
}
