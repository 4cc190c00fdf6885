package transfer

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
)

// placement is where a worker must run.
type placement struct {
	// Node that the source's Pod runs on; empty: any.
	Node string
	// Placement of the Pods that will mount the claim.
	application.Placement
}

// targetPlacement is where the worker of the target must run, so that the volume is bound to where
// the application can mount it.
func targetPlacement(v application.Volume) placement { return placement{Placement: v.Placement} }

// apply puts the Pod of a worker where it must run.
func (p placement) apply(pod *corev1.Pod) {
	pod.Spec.NodeSelector, pod.Spec.Tolerations = p.NodeSelector, p.Tolerations
	pod.Spec.Affinity = nil
	var a corev1.Affinity
	if selector := p.nodes(); selector != nil {
		a.NodeAffinity = &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: selector}
	}
	if p.Group != "" {
		pod.Labels[GroupLabel] = hash10(p.Group)
		a.PodAffinity = besideGroup(pod.Labels)
	}
	if a != (corev1.Affinity{}) {
		pod.Spec.Affinity = &a
	}
}

// nodes that the Pod may run on; nil: any. A node is bound by its name; unlike nodeName this goes
// through the scheduler, which sees resources and volumes.
func (p placement) nodes() *corev1.NodeSelector {
	if p.Node == "" {
		return p.NodeAffinity
	}
	return &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
		MatchFields: []corev1.NodeSelectorRequirement{{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{p.Node}}},
	}}}
}

// besideGroup binds a worker to the node of the other workers of its group. The first one may go
// anywhere, as Kubernetes lets a Pod alone that would only wait for its like. Workers of other runs
// do not count: one that cannot be deleted because its node is down must not hold up this run.
func besideGroup(labels map[string]string) *corev1.PodAffinity {
	like := map[string]string{}
	for _, key := range []string{api.PairLabel, api.RunLabel, api.RoleLabel, GroupLabel} {
		like[key] = labels[key]
	}
	return &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
		LabelSelector: &metav1.LabelSelector{MatchLabels: like},
		TopologyKey:   corev1.LabelHostname,
	}}}
}

// selectedNode is where Kubernetes notes on a claim for which node its volume is made.
const selectedNode = "volume.kubernetes.io/selected-node"

// isBound tells whether a claim has a place already, or is about to get one.
func isBound(claim *corev1.PersistentVolumeClaim) bool {
	return claim != nil && (claim.Spec.VolumeName != "" || claim.Annotations[selectedNode] != "")
}

// leaderOf is another volume of the group whose worker at the target has to get a node first; nil:
// the volume's own may be created. A claim that is not bound yet can go to where those of its group
// are, but not the other way round, and the first worker that is scheduled says where the group is.
// After an interrupted run some may be bound and some not.
func leaderOf(v *volumePass, all []*volumePass, claims map[string]*corev1.PersistentVolumeClaim) *volumePass {
	group := v.volume.Placement.Group
	if group == "" || isBound(claims[v.volume.Target]) {
		return nil
	}
	for _, o := range all {
		if o.volume.Placement.Group == group && isBound(claims[o.volume.Target]) && !o.settled && !o.done {
			return o
		}
	}
	return nil
}
