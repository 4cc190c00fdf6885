package plan

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

// place is the namespace of an endpoint, read once for a plan.
type place struct {
	// namespace; nil: the endpoint's account may not read it, or it is missing.
	namespace *corev1.Namespace
	missing   bool
	// cluster is its UID; empty: the account may not know it.
	cluster string
}

// places are the two namespaces of a move.
type places struct{ source, target place }

// same says whether both are of one cluster. Where it must not be known, they count as two: less is
// carried over then.
func (p places) same() bool {
	return p.source.cluster != "" && p.source.cluster == p.target.cluster
}

func readPlaces(ctx context.Context, source, target *cluster.Cluster) (places, error) {
	from, err := readPlace(ctx, source)
	if err != nil {
		return places{}, err
	}
	to, err := readPlace(ctx, target)
	return places{from, to}, err
}

// readPlace reads what is known of an endpoint's namespace and cluster.
func readPlace(ctx context.Context, c *cluster.Cluster) (place, error) {
	uid, err := c.ClusterUID(ctx)
	if err != nil && cluster.KindOf(err) != cluster.Forbidden {
		return place{}, err
	}
	p, err := readNamespace(ctx, c)
	p.cluster = uid
	return p, err
}

func readNamespace(ctx context.Context, c *cluster.Cluster) (place, error) {
	ns, err := c.Kube.CoreV1().Namespaces().Get(ctx, c.Namespace, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return place{missing: true}, nil
	case apierrors.IsForbidden(err):
		return place{}, nil // Whether it exists shows when something in it is asked for.
	case err != nil:
		return place{}, c.Wrap("read the namespace "+c.Namespace, err)
	}
	return place{namespace: ns}, nil
}

// privileged: an administrator has allowed privileged workers there. Without the right to read
// the namespace there is no such permission.
func (p place) privileged() bool {
	return p.namespace != nil && p.namespace.Annotations[api.PrivilegedMoversAnnotation] == "true"
}

func (p place) going() bool { return p.namespace != nil && p.namespace.DeletionTimestamp != nil }

// checkSource adds a blocker when there is nothing that could be moved.
func (p place) checkSource(plan *application.Plan) {
	name := plan.SourceNamespace
	switch {
	case p.missing:
		plan.AddBlocker(api.ReasonNamespaceNotFound, namespaceRef(name),
			"the source cluster has no namespace %s: correct the namespace of the source, or its kubeconfig", name)
	case p.going():
		plan.AddBlocker(api.ReasonNamespaceNotFound, namespaceRef(name),
			"the namespace %s of the source cluster is being deleted, and all that is in it goes with it: choose another one", name)
	}
}

// checkTarget adds a blocker when nothing can be created there.
func (p place) checkTarget(plan *application.Plan) {
	name := plan.TargetNamespace
	switch {
	case p.missing:
		plan.AddBlocker(api.ReasonNamespaceNotFound, namespaceRef(name),
			"the target cluster has no namespace %s, and KubeMove creates none: create it (kubectl create namespace %s)", name, name)
	case p.going():
		plan.AddBlocker(api.ReasonNamespaceNotFound, namespaceRef(name),
			"the namespace %s of the target cluster is being deleted: wait until it is gone and create it again, or choose another one", name)
	}
}

func namespaceRef(name string) application.Ref { return application.Ref{Kind: "Namespace", Name: name} }
