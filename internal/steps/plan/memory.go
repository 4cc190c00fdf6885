package plan

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/transfer"
)

// memory that an endpoint gives to Pods, as far as its account may know.
type memory struct {
	side, namespace string
	limits          []corev1.LimitRange
	nodes           []corev1.Node
}

// checkMemory adds a blocker for each volume with so many files that an endpoint cannot run its worker.
// That a cluster refuses a usual one its answer to a dry run says.
func checkMemory(ctx context.Context, p *application.Plan, endpoints ...*cluster.Cluster) error {
	var large []application.Volume
	for _, v := range p.Volumes {
		if v.Policy == api.ClaimCopy && transfer.MemoryOf(v.Usage).Large() {
			large = append(large, v)
		}
	}
	if len(large) == 0 {
		return nil
	}
	for _, c := range endpoints {
		m, err := readMemory(ctx, c)
		if err != nil {
			return err
		}
		for _, v := range large {
			m.judge(p, v)
		}
	}
	return nil
}

func readMemory(ctx context.Context, c *cluster.Cluster) (memory, error) {
	m := memory{side: c.Side, namespace: c.Namespace}
	limits, err := c.Kube.CoreV1().LimitRanges(c.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil && !apierrors.IsForbidden(err) {
		return m, c.Wrap("list the LimitRanges", err)
	}
	if err == nil {
		m.limits = limits.Items
	}
	nodes, err := c.Kube.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil && !apierrors.IsForbidden(err) {
		return m, c.Wrap("list the nodes", err)
	}
	if err == nil {
		m.nodes = nodes.Items
	}
	return m, nil
}

// judge whether the worker of a volume can run here.
func (m memory) judge(p *application.Plan, v application.Volume) {
	needs := transfer.MemoryOf(v.Usage)
	what := fmt.Sprintf("claim %s holds %d files, for which its worker at the %s reserves %s of memory and may use %s, "+
		"with room for half as many files again",
		v.Name, v.Usage.Files, m.side, quantity(needs.Request), quantity(needs.Limit))
	if name, limit := m.tooSmall(needs.Limit); name != "" {
		p.AddBlocker(api.ReasonNotEnoughMemory, claimRef(v.Name),
			"%s. The LimitRange %s of namespace %s allows %s at most: raise it (kubectl -n %s edit limitrange %s), or split the volume",
			what, name, m.namespace, limit, m.namespace, name)
	}
	if largest, known := m.largest(v); known && largest.Value() < needs.Request {
		p.AddBlocker(api.ReasonNotEnoughMemory, claimRef(v.Name),
			"%s. The largest node that it may run on gives %s to Pods: add a larger one, or split the volume", what, largest.String())
	}
}

// tooSmall is the first LimitRange that does not allow a worker so much memory; empty: none.
func (m memory) tooSmall(limit int64) (name, allowed string) {
	for _, l := range m.limits {
		for _, item := range l.Spec.Limits {
			most, set := item.Max[corev1.ResourceMemory]
			if set && (item.Type == corev1.LimitTypeContainer || item.Type == corev1.LimitTypePod) && most.Value() < limit {
				return l.Name, most.String()
			}
		}
	}
	return "", ""
}

// largest node that a worker may run on, by what it gives to Pods; not known: the account may not list
// nodes, or none is there now.
func (m memory) largest(v application.Volume) (most resource.Quantity, known bool) {
	selector := labels.Everything()
	if m.side == cluster.SideTarget {
		selector = labels.SelectorFromSet(v.Placement.NodeSelector)
	}
	for _, n := range m.nodes {
		size, set := n.Status.Allocatable[corev1.ResourceMemory]
		if set && !n.Spec.Unschedulable && selector.Matches(labels.Set(n.Labels)) && (!known || size.Cmp(most) > 0) {
			most, known = size, true
		}
	}
	return most, known
}

func quantity(bytes int64) string { return resource.NewQuantity(bytes, resource.BinarySI).String() }
