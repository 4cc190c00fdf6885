package application

import "github.com/kubemove/kubemove/internal/lineage"

// view is what is known of a move while its plan is made. A function that has nothing but the view changes
// nothing: its methods read. What some of them keep saves time, and would be found again.
type view struct {
	in   Input
	x    *index
	plan *Plan
	// excluded objects.
	excluded map[Ref]bool
	// excludedByUser: what application.exclude names.
	excludedByUser map[Ref]bool
	// members, and by what each was selected.
	members map[Ref]string
	// included: everything that moves, the members among them, and why.
	included map[Ref]string
	// unbound are the RoleBindings that would move, if they bound a subject there.
	unbound map[Ref]bool
	// blocked members: they are not included, and a blocker says why.
	blocked map[Ref]bool
	// ledgers of workloads that this switch has stopped.
	ledgers map[Ref]*lineage.Ledger
	// left holds the reasons in plan.Left.
	left map[Ref]string
	// cluster holds the cluster-wide objects of the input.
	cluster []*node
	// referrers are the custom resources that name an object and belong to it.
	referrers map[Ref][]Ref
	// targetsOfTraffic are found when they are asked for.
	targetsOfTraffic *trafficTargets
	// controlled are the kinds of custom resources of which it is known whether their controller
	// moves.
	controlled map[string]bool
}

// isIncluded says whether an object of the kind and name moves.
func (v *view) isIncluded(kind, name string) bool {
	_, ok := v.included[refTo(kind, name)]
	return ok
}

func (v *view) moves(n *node) bool {
	_, ok := v.included[n.ref]
	return ok
}

// includedNodes lists what moves, in the order of creation.
func (v *view) includedNodes() []*node {
	var out []*node
	for _, n := range v.x.nodes {
		if _, ok := v.included[n.ref]; ok {
			out = append(out, n)
		}
	}
	return out
}
