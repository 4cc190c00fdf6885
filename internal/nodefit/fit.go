// Package nodefit works out whether Pods find a node, as far as that follows from the nodes and from the
// Pods that are there: requests, taints, node selectors, ports, required affinity and topology spread.
// It creates nothing, so a plan can ask it as often as it likes. It is pure.
package nodefit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	helper "k8s.io/component-helpers/resource"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"github.com/kubemove/kubemove/internal/podstate"
)

// Group is a workload whose Pods are all alike.
type Group struct {
	// Name of the workload, for messages.
	Name string
	// Pod as the workload makes it, with the defaults of its namespace, and Count of them.
	Pod   *corev1.Pod
	Count int64
	// Priority of its Pods: those of less than that are preempted by them.
	Priority int32
}

// Shortage is a workload that does not find room for all of its Pods.
type Shortage struct {
	Name string
	// Placed of Count Pods.
	Placed, Count int64
	// Why the next one finds no node, in the scheduler's words: "0/3 nodes are available: 3
	// Insufficient cpu."
	Why string
}

// Place puts all Pods of the groups on nodes together with the Pods that are there, the largest first and
// each where the least is left, and returns what found no room. The scheduler, which spreads them, may
// find no room where this does. The other way round it is rare: that something is reported which
// would fit takes Pods that fill their nodes in more than one resource.
func Place(nodes []corev1.Node, there []corev1.Pod, groups []Group) []Shortage {
	if len(nodes) == 0 {
		return nil // Nothing is known.
	}
	s := newState(nodes, there)
	var all []*pending
	for _, g := range groups {
		all = append(all, s.pending(g))
	}
	slices.SortStableFunc(all, func(a, b *pending) int { return compareRequests(b.needs, a.needs) })
	// A Pod may want to be near one of another group, which is placed after it.
	for progress := true; progress; {
		progress = false
		for _, g := range all {
			for g.left > 0 && s.place(g) {
				g.left--
				progress = true
			}
		}
	}
	var out []Shortage
	for _, g := range all {
		if g.left > 0 {
			out = append(out, Shortage{Name: g.Name, Placed: g.Count - g.left, Count: g.Count, Why: s.why(g)})
		}
	}
	return out
}

// pending is a group of which so many Pods are left to be placed.
type pending struct {
	Group
	left  int64
	needs corev1.ResourceList
	// unfit is why a node never takes such a Pod, whatever else it has; it is not there for those
	// that may. matched are the nodes that its selector and its node affinity mean.
	unfit   map[*node]string
	matched map[*node]bool
}

func (s *state) pending(g Group) *pending {
	p := &pending{Group: g, left: g.Count, needs: requests(g.Pod), unfit: map[*node]string{}, matched: map[*node]bool{}}
	affinity := nodeaffinity.GetRequiredNodeAffinity(g.Pod)
	for _, n := range s.nodes {
		match, err := affinity.Match(n.Node)
		p.matched[n] = match && err == nil
		if why := taints(n, g.Pod); why != "" {
			p.unfit[n] = why
		} else if !match && err == nil {
			p.unfit[n] = "node(s) didn't match Pod's node affinity/selector"
		}
	}
	return p
}

func compareRequests(a, b corev1.ResourceList) int {
	return cmp.Or(a.Cpu().Cmp(*b.Cpu()), a.Memory().Cmp(*b.Memory()))
}

// requests of a Pod, as the scheduler counts them.
func requests(p *corev1.Pod) corev1.ResourceList {
	return helper.PodRequests(p, helper.PodResourcesOptions{})
}

// state of the nodes while Pods are placed.
type state struct {
	nodes []*node
	// guards are the Pods that do not want others near themselves.
	guards []guard
}

type guard struct {
	node *node
	pod  *corev1.Pod
}

func newState(nodes []corev1.Node, there []corev1.Pod) *state {
	s := &state{}
	byName := map[string]*node{}
	for i := range nodes {
		n := &node{Node: &nodes[i]}
		s.nodes = append(s.nodes, n)
		byName[n.Name] = n
	}
	for i := range there {
		if n := byName[there[i].Spec.NodeName]; n != nil && !podstate.Ended(&there[i]) {
			s.add(n, &there[i])
		}
	}
	return s
}

func (s *state) add(n *node, pod *corev1.Pod) {
	n.add(pod)
	if len(antiTerms(pod)) > 0 {
		s.guards = append(s.guards, guard{n, pod})
	}
}

// place puts one more Pod of the group on a node; false: none takes it.
func (s *state) place(g *pending) bool {
	var best *node
	var least resource.Quantity
	near := s.neighbours(g)
	for _, n := range s.nodes {
		if len(n.refusal(g, near)) > 0 {
			continue
		}
		free := n.free(corev1.ResourceCPU, g.Priority)
		if best == nil || free.Cmp(least) < 0 {
			best, least = n, free
		}
	}
	if best == nil {
		return false
	}
	pod := g.Pod.DeepCopy()
	pod.Spec.Priority, pod.Spec.NodeName = &g.Priority, best.Name
	s.add(best, pod)
	return true
}

// why the next Pod of the group finds no node.
func (s *state) why(g *pending) string {
	counts := map[string]int{}
	near := s.neighbours(g)
	for _, n := range s.nodes {
		for _, r := range n.refusal(g, near) {
			counts[r]++
		}
	}
	var parts []string
	for r, n := range counts {
		parts = append(parts, fmt.Sprintf("%d %s", n, r))
	}
	slices.Sort(parts)
	return fmt.Sprintf("0/%d nodes are available: %s.", len(s.nodes), strings.Join(parts, ", "))
}
