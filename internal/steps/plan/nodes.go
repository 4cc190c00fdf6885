package plan

import (
	"context"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/nodefit"
	"github.com/kubemove/kubemove/internal/quota"
)

// checkNodes warns of workloads whose Pods would find no node at the target. It is no more than a
// warning: an autoscaler may add nodes, and the cluster goes on changing.
func checkNodes(ctx context.Context, target *cluster.Cluster, p *application.Plan) error {
	if p.BlockedBy(api.ReasonNamespaceNotFound) {
		return nil
	}
	limits, err := target.Kube.CoreV1().LimitRanges(target.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil && cluster.KindOf(err) != cluster.Forbidden {
		return target.Wrap("list the LimitRanges", err)
	}
	var defaults []corev1.LimitRange
	if err == nil {
		defaults = limits.Items
	}
	groups, err := groupsOf(ctx, target, p, defaults)
	if err != nil || len(groups) == 0 {
		return err
	}
	nodes, err := nodesOf(ctx, target)
	if cluster.KindOf(err) == cluster.Forbidden {
		if slices.ContainsFunc(groups, asksForNodes) {
			p.AddWarning(application.Ref{}, "the account at the target may not list nodes, "+
				"so KubeMove cannot tell whether they have room for the Pods of the application: grant it `list` on nodes, for the whole cluster")
		}
		return nil
	}
	if err != nil {
		return err
	}
	there, err := podsThere(ctx, target, p)
	if err != nil {
		return err
	}
	for _, short := range nodefit.Place(nodes, there, groups) {
		p.AddWarning(application.Ref{}, "the nodes of the target have room for %d of %d Pods of %s: %s Free some, or let its Pods ask for less, "+
			"unless an autoscaler adds nodes: else the switch waits until healthTimeout and rolls back",
			short.Placed, short.Count, short.Name, short.Why)
	}
	return nil
}

// groupsOf the workloads that start at the target.
func groupsOf(ctx context.Context, target *cluster.Cluster, p *application.Plan, limits []corev1.LimitRange) ([]nodefit.Group, error) {
	var out []nodefit.Group
	for i := range p.Objects {
		o := &p.Objects[i]
		if k := o.Workload(); k == nil || k.Scheduled() {
			continue
		}
		made := podOf(p, o)
		if made == nil {
			continue
		}
		var pod corev1.Pod
		if err := decode(made.Object, &pod); err != nil {
			return nil, err
		}
		pod.Spec = *quota.WithDefaults(&pod.Spec, limits)
		priority, err := priorityOf(ctx, target, p, o)
		if err != nil {
			return nil, err
		}
		out = append(out, nodefit.Group{Name: o.Ref.String(), Pod: &pod, Count: replicasWanted(o), Priority: priority})
	}
	return out, nil
}

// replicasWanted of a workload; one that says nothing wants one.
func replicasWanted(o *application.Object) int64 {
	n, found, err := unstructured.NestedInt64(o.Object.Object, "spec", "replicas")
	if err != nil || !found {
		return 1
	}
	return n
}

// priorityOf the Pods of a workload at the target. One that is not known counts as the highest: they
// find room where others would be preempted, and what is not known is no reason for a warning.
func priorityOf(ctx context.Context, target *cluster.Cluster, p *application.Plan, o *application.Object) (int32, error) {
	name, _, _ := unstructured.NestedString(o.Object.Object, "spec", "template", "spec", "priorityClassName")
	if name == "" {
		return 0, nil
	}
	var class *unstructured.Unstructured
	for i := range p.Objects {
		if c := &p.Objects[i]; c.Cluster && c.Kind == "PriorityClass" && c.Name == name {
			class = &c.Object
		}
	}
	if class == nil {
		var err error
		class, err = target.Get(ctx, schedulingv1.SchemeGroupVersion.WithKind("PriorityClass"), name)
		if err != nil && cluster.KindOf(err) != cluster.Forbidden && cluster.KindOf(err) != cluster.NotFound {
			return 0, err
		}
	}
	if class == nil {
		return math.MaxInt32, nil
	}
	value, _, _ := unstructured.NestedInt64(class.Object, "value")
	if policy, _, _ := unstructured.NestedString(class.Object, "preemptionPolicy"); policy == string(corev1.PreemptNever) {
		return math.MinInt32, nil // They preempt nothing.
	}
	return int32(value), nil
}

// asksForNodes says whether Pods need more than any node.
func asksForNodes(g nodefit.Group) bool {
	spec := &g.Pod.Spec
	asks := slices.ContainsFunc(spec.Containers, func(c corev1.Container) bool { return len(c.Resources.Requests) > 0 })
	return g.Count > 0 && (asks || len(spec.NodeSelector) > 0 || spec.Affinity != nil || len(spec.TopologySpreadConstraints) > 0)
}

const (
	// pageSize of lists of the whole cluster, and mostPods of it that are looked at: a plan has little
	// memory. In a cluster with more of them only those of the namespace count.
	pageSize = 500
	mostPods = 20_000
)

// nodesOf the target, without what is of no interest and takes much memory.
func nodesOf(ctx context.Context, target *cluster.Cluster) ([]corev1.Node, error) {
	var out []corev1.Node
	for opts := (metav1.ListOptions{Limit: pageSize}); ; {
		list, err := target.Kube.CoreV1().Nodes().List(ctx, opts)
		if err != nil {
			return nil, target.Wrap("list the nodes", err)
		}
		for _, n := range list.Items {
			out = append(out, corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: n.Labels}, Spec: n.Spec,
				Status: corev1.NodeStatus{Allocatable: n.Status.Allocatable}})
		}
		if opts.Continue = list.Continue; opts.Continue == "" {
			return out, nil
		}
	}
}

// podsThere are the Pods that keep their places at the target: those of the whole cluster, as far as
// the account may list them and they are not too many, else those of the namespace.
func podsThere(ctx context.Context, target *cluster.Cluster, p *application.Plan) ([]corev1.Pod, error) {
	out, whole, err := listPods(ctx, target, metav1.NamespaceAll, p)
	if err == nil && !whole || cluster.KindOf(err) == cluster.Forbidden {
		out, _, err = listPods(ctx, target, target.Namespace, p)
	}
	return out, err
}

// listPods of a namespace, or of all, that will be there when the application comes; whole: these are all.
func listPods(
	ctx context.Context, target *cluster.Cluster, namespace string, p *application.Plan,
) (out []corev1.Pod, whole bool, err error) {
	for opts := (metav1.ListOptions{Limit: pageSize, FieldSelector: "status.phase!=Succeeded"}); ; {
		list, err := target.Kube.CoreV1().Pods(namespace).List(ctx, opts)
		if err != nil {
			return nil, false, target.Wrap("list the Pods", err)
		}
		for i := range list.Items {
			if pod := &list.Items[i]; !leaves(p, pod) {
				out = append(out, slim(pod))
			}
		}
		if opts.Continue = list.Continue; opts.Continue == "" {
			return out, true, nil
		}
		if len(out) > mostPods {
			return out, false, nil
		}
	}
}

// leaves: KubeMove's own runs are gone before the application comes, and so is the application itself
// where it moves within the cluster.
func leaves(p *application.Plan, pod *corev1.Pod) bool {
	same := p.SourceCluster != "" && p.SourceCluster == p.TargetCluster
	return lineage.IsWork(pod.Labels) || same && pod.Namespace == p.SourceNamespace && stops(p, pod)
}

// slim is a Pod with no more than what decides whether there is room beside it.
func slim(pod *corev1.Pod) corev1.Pod {
	out := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace, Labels: pod.Labels},
		Status: corev1.PodStatus{Phase: pod.Status.Phase}}
	if pod.Status.Phase == corev1.PodFailed {
		out.Status = pod.Status // Whether its containers have ended.
	}
	out.Spec = corev1.PodSpec{NodeName: pod.Spec.NodeName, Priority: pod.Spec.Priority, HostNetwork: pod.Spec.HostNetwork,
		Overhead: pod.Spec.Overhead, Resources: pod.Spec.Resources}
	if a := pod.Spec.Affinity; a != nil && a.PodAntiAffinity != nil {
		out.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: a.PodAntiAffinity}
	}
	few := func(list []corev1.Container) (out []corev1.Container) {
		for _, c := range list {
			out = append(out, corev1.Container{Name: c.Name, Ports: c.Ports, Resources: c.Resources, RestartPolicy: c.RestartPolicy})
		}
		return out
	}
	out.Spec.Containers, out.Spec.InitContainers = few(pod.Spec.Containers), few(pod.Spec.InitContainers)
	return out
}

// stops says whether a Pod of the source belongs to a workload that the switch stops, by the names that
// controllers give.
func stops(p *application.Plan, pod *corev1.Pod) bool {
	owner := metav1.GetControllerOf(pod)
	return owner != nil && slices.ContainsFunc(p.Workloads, func(w application.Workload) bool {
		return w.Kind == owner.Kind && w.Name == owner.Name ||
			w.Kind == "Deployment" && owner.Kind == "ReplicaSet" && strings.HasPrefix(owner.Name, w.Name+"-")
	})
}
