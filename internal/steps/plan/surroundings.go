package plan

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

// compareSurroundings warns of what the source's namespace gives to Pods and the target's does not.
func compareSurroundings(ctx context.Context, source, target *cluster.Cluster, where places, p *application.Plan) error {
	if p.BlockedBy(api.ReasonNamespaceNotFound) {
		return nil
	}
	from, err := readSurroundings(ctx, source, where.source)
	if err != nil {
		return err
	}
	to, err := readSurroundings(ctx, target, where.target)
	if err != nil {
		return err
	}
	p.Report(p.CompareSurroundings(from, to))
	return nil
}

// readSurroundings reads what the account may read.
func readSurroundings(ctx context.Context, c *cluster.Cluster, where place) (application.Surroundings, error) {
	out := application.Surroundings{Name: c.Namespace, Namespace: where.namespace}
	account, err := c.Kube.CoreV1().ServiceAccounts(c.Namespace).Get(ctx, "default", metav1.GetOptions{})
	switch {
	case err == nil:
		out.Account = account
	case !apierrors.IsForbidden(err) && !apierrors.IsNotFound(err):
		return out, c.Wrap("read ServiceAccount/default", err)
	}
	limits, err := c.Kube.CoreV1().LimitRanges(c.Namespace).List(ctx, metav1.ListOptions{})
	switch {
	case err == nil:
		out.Limits, out.LimitsRead = limits.Items, true
	case !apierrors.IsForbidden(err):
		return out, c.Wrap("list the LimitRanges", err)
	}
	return out, nil
}
