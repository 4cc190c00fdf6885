package nodefit

import (
	"fmt"
	"iter"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	scheduling "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/klog/v2"
)

// unschedulable is the taint that a cordoned node has.
const unschedulable = "node.kubernetes.io/unschedulable"

// taints is why the taints of a node keep a Pod away; empty: they do not.
func taints(n *node, pod *corev1.Pod) string {
	keeps := func(t *corev1.Taint) bool {
		return t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute
	}
	cordon := corev1.Taint{Key: unschedulable, Effect: corev1.TaintEffectNoSchedule}
	if n.Spec.Unschedulable && !scheduling.TolerationsTolerateTaint(klog.Background(), pod.Spec.Tolerations, &cordon, false) {
		return "node(s) were unschedulable"
	}
	if t, found := scheduling.FindMatchingUntoleratedTaint(klog.Background(), n.Spec.Taints, pod.Spec.Tolerations, keeps, false); found {
		return fmt.Sprintf("node(s) had untolerated taint {%s: %s}", t.Key, t.Value)
	}
	return ""
}

// node with its Pods.
type node struct {
	*corev1.Node
	residents []resident
	// used is what the Pods take that one of a priority does not preempt.
	used map[int32]corev1.ResourceList
}

// resident is a Pod on a node.
type resident struct {
	pod      *corev1.Pod
	requests corev1.ResourceList
}

func (n *node) add(pod *corev1.Pod) {
	n.residents = append(n.residents, resident{pod, requests(pod)})
	n.used = map[int32]corev1.ResourceList{}
}

// staying are the Pods of the node that one of a priority does not preempt.
func (n *node) staying(priority int32) iter.Seq[resident] {
	return func(yield func(resident) bool) {
		for _, r := range n.residents {
			if scheduling.PodPriority(r.pod) >= priority && !yield(r) {
				return
			}
		}
	}
}

// taken is what Pods take of the node that one of a priority does not preempt; of ResourcePods their
// number.
func (n *node) taken(priority int32) corev1.ResourceList {
	if sum, known := n.used[priority]; known {
		return sum
	}
	sum, count := corev1.ResourceList{}, int64(0)
	for r := range n.staying(priority) {
		count++
		for name, q := range r.requests {
			total := sum[name]
			total.Add(q)
			sum[name] = total
		}
	}
	sum[corev1.ResourcePods] = *resource.NewQuantity(count, resource.DecimalSI)
	if n.used != nil {
		n.used[priority] = sum
	}
	return sum
}

// free is what a node has left of a resource, for a Pod of a priority.
func (n *node) free(name corev1.ResourceName, priority int32) resource.Quantity {
	left := n.Status.Allocatable[name].DeepCopy()
	left.Sub(n.taken(priority)[name])
	return left
}

// refusal is why a node does not take a Pod of the group, in the scheduler's words; empty: it does.
// As in the scheduler the first filter that refuses counts.
func (n *node) refusal(g *pending, near neighbours) []string {
	if why := g.unfit[n]; why != "" {
		return []string{why}
	}
	if n.portTaken(g.Pod, g.Priority) {
		return []string{"node(s) didn't have free ports for the requested pod ports"}
	}
	if short := n.insufficient(g); len(short) > 0 {
		return short
	}
	if why := near.refusal(n); why != "" {
		return []string{why}
	}
	return nil
}

// insufficient are the resources of which the node has too little left for the Pod.
func (n *node) insufficient(g *pending) []string {
	var out []string
	if _, said := n.Status.Allocatable[corev1.ResourcePods]; said {
		if free := n.free(corev1.ResourcePods, g.Priority); free.Sign() <= 0 {
			out = append(out, "Too many pods")
		}
	}
	for name, want := range g.needs {
		if free := n.free(name, g.Priority); want.Sign() > 0 && want.Cmp(free) > 0 {
			out = append(out, "Insufficient "+string(name))
		}
	}
	slices.Sort(out)
	return out
}

// portTaken says whether another Pod has a port of the node that the Pod wants.
func (n *node) portTaken(pod *corev1.Pod, priority int32) bool {
	wanted := hostPorts(pod)
	if len(wanted) == 0 {
		return false
	}
	for r := range n.staying(priority) {
		for _, taken := range hostPorts(r.pod) {
			if slices.ContainsFunc(wanted, func(w corev1.ContainerPort) bool { return collide(w, taken) }) {
				return true
			}
		}
	}
	return false
}

func hostPorts(pod *corev1.Pod) []corev1.ContainerPort {
	var out []corev1.ContainerPort
	for _, c := range pod.Spec.Containers {
		for _, p := range c.Ports {
			if pod.Spec.HostNetwork && p.HostPort == 0 {
				p.HostPort = p.ContainerPort
			}
			if p.HostPort != 0 {
				out = append(out, p)
			}
		}
	}
	return out
}

func collide(a, b corev1.ContainerPort) bool {
	protocol := func(p corev1.ContainerPort) corev1.Protocol {
		if p.Protocol == "" {
			return corev1.ProtocolTCP
		}
		return p.Protocol
	}
	anywhere := func(p corev1.ContainerPort) bool { return p.HostIP == "" || p.HostIP == "0.0.0.0" || p.HostIP == "::" }
	return a.HostPort == b.HostPort && protocol(a) == protocol(b) && (a.HostIP == b.HostIP || anywhere(a) || anywhere(b))
}
