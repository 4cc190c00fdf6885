package nodefit

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// domains are the values of a label of nodes, and how many Pods of some sort there are in each.
type domains struct {
	key    string
	counts map[string]int32
}

// has says whether the node is in a domain with such a Pod.
func (d domains) has(n *node) bool {
	value, labelled := n.Labels[d.key]
	return labelled && d.counts[value] > 0
}

// neighbours are the Pods that matter for one more Pod of a group, by where they are.
type neighbours struct {
	// against are those that it does not want near, or that do not want it near.
	against, repel []domains
	// with are those that it wants near.
	with []attraction
	// spread is how many of its like there are in each domain.
	spread []spread
}

type attraction struct {
	domains
	// first: there is none yet, and it would do for its like.
	first bool
}

type spread struct {
	domains
	most, fewest, self int32
}

// neighbours of one more Pod of the group.
func (s *state) neighbours(group *pending) neighbours {
	var out neighbours
	pod := group.Pod
	for _, t := range antiTerms(pod) {
		out.against = append(out.against, s.count(t.TopologyKey, func(p *corev1.Pod) bool { return matches(t, pod, p) }))
	}
	for _, g := range s.guards {
		for _, t := range antiTerms(g.pod) {
			if value, labelled := g.node.Labels[t.TopologyKey]; labelled && matches(t, g.pod, pod) {
				out.repel = append(out.repel, domains{t.TopologyKey, map[string]int32{value: 1}})
			}
		}
	}
	for _, t := range affinityTerms(pod) {
		a := attraction{domains: s.count(t.TopologyKey, func(p *corev1.Pod) bool { return matches(t, pod, p) })}
		a.first = len(a.counts) == 0 && matches(t, pod, pod)
		out.with = append(out.with, a)
	}
	for _, c := range pod.Spec.TopologySpreadConstraints {
		if c.WhenUnsatisfiable == corev1.DoNotSchedule {
			out.spread = append(out.spread, s.spread(group, c))
		}
	}
	return out
}

// count the Pods of some sort in each domain.
func (s *state) count(key string, is func(*corev1.Pod) bool) domains {
	d := domains{key, map[string]int32{}}
	for _, n := range s.nodes {
		value, labelled := n.Labels[key]
		if !labelled {
			continue
		}
		for _, r := range n.residents {
			if is(r.pod) {
				d.counts[value]++
			}
		}
	}
	return d
}

// spread of a constraint over the nodes that count for it.
func (s *state) spread(g *pending, c corev1.TopologySpreadConstraint) spread {
	out := spread{domains: domains{c.TopologyKey, map[string]int32{}}, most: c.MaxSkew}
	selector, pod := asSelector(c.LabelSelector), g.Pod
	for _, n := range s.nodes {
		value, labelled := n.Labels[c.TopologyKey]
		if !labelled || !g.counts(n, c) {
			continue
		}
		out.counts[value] += 0
		for _, r := range n.residents {
			if r.pod.Namespace == pod.Namespace && selector.Matches(labels.Set(r.pod.Labels)) {
				out.counts[value]++
			}
		}
	}
	first := true
	for _, count := range out.counts {
		if first || count < out.fewest {
			out.fewest, first = count, false
		}
	}
	if c.MinDomains != nil && len(out.counts) < int(*c.MinDomains) {
		out.fewest = 0
	}
	if selector.Matches(labels.Set(pod.Labels)) {
		out.self = 1
	}
	return out
}

// counts: the node is one of those that a constraint compares.
func (g *pending) counts(n *node, c corev1.TopologySpreadConstraint) bool {
	if (c.NodeAffinityPolicy == nil || *c.NodeAffinityPolicy == corev1.NodeInclusionPolicyHonor) && !g.matched[n] {
		return false
	}
	return c.NodeTaintsPolicy == nil || *c.NodeTaintsPolicy == corev1.NodeInclusionPolicyIgnore || taints(n, g.Pod) == ""
}

// refusal is why the neighbours keep the Pod from a node; empty: they do not.
func (w neighbours) refusal(n *node) string {
	has := func(d domains) bool { return d.has(n) }
	for _, sp := range w.spread {
		value, labelled := n.Labels[sp.key]
		if !labelled || sp.counts[value]+sp.self-sp.fewest > sp.most {
			return "node(s) didn't match pod topology spread constraints"
		}
	}
	for _, a := range w.with {
		if _, labelled := n.Labels[a.key]; !labelled || !a.has(n) && !a.first {
			return "node(s) didn't match pod affinity rules"
		}
	}
	switch {
	case slices.ContainsFunc(w.against, has):
		return "node(s) didn't match pod anti-affinity rules"
	case slices.ContainsFunc(w.repel, has):
		return "node(s) didn't satisfy existing pods anti-affinity rules"
	}
	return ""
}

func antiTerms(p *corev1.Pod) []corev1.PodAffinityTerm {
	if a := p.Spec.Affinity; a != nil && a.PodAntiAffinity != nil {
		return a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	}
	return nil
}

func affinityTerms(p *corev1.Pod) []corev1.PodAffinityTerm {
	if a := p.Spec.Affinity; a != nil && a.PodAffinity != nil {
		return a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	}
	return nil
}

// matches says whether a term of one Pod means another one. Namespaces that are selected by their
// labels are not known here: only its own and those that it names count, and all of them.
func matches(t corev1.PodAffinityTerm, of, other *corev1.Pod) bool {
	all := t.NamespaceSelector != nil && len(t.NamespaceSelector.MatchLabels)+len(t.NamespaceSelector.MatchExpressions) == 0
	own := len(t.Namespaces) == 0 && t.NamespaceSelector == nil && other.Namespace == of.Namespace
	return (all || own || slices.Contains(t.Namespaces, other.Namespace)) && asSelector(t.LabelSelector).Matches(labels.Set(other.Labels))
}

// asSelector of labels; one that is malformed selects nothing.
func asSelector(s *metav1.LabelSelector) labels.Selector {
	out, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return labels.Nothing()
	}
	return out
}
