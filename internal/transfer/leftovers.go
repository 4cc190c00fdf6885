package transfer

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubemove/kubemove/internal/cluster"
)

// Leftovers says whether anything of any run of the pair is at an endpoint: a worker Pod, one
// of its Secrets or Services, or a lease. It is what Cleanup removes.
func Leftovers(ctx context.Context, c *cluster.Cluster, pairUID string) (bool, error) {
	opts := metav1.ListOptions{LabelSelector: runsOf(pairUID)}
	pods, err := c.Kube.CoreV1().Pods(c.Namespace).List(ctx, opts)
	if err != nil {
		return false, fmt.Errorf("cannot list the workers of the %s: %w", c.Side, err)
	}
	secrets, err := c.Kube.CoreV1().Secrets(c.Namespace).List(ctx, opts)
	if err != nil {
		return false, fmt.Errorf("cannot list the Secrets of workers of the %s: %w", c.Side, err)
	}
	leases, err := c.Kube.CoordinationV1().Leases(c.Namespace).List(ctx, opts)
	if err != nil {
		return false, fmt.Errorf("cannot list the run leases of the %s: %w", c.Side, err)
	}
	services, err := c.Kube.CoreV1().Services(c.Namespace).List(ctx, opts)
	if err != nil {
		return false, fmt.Errorf("cannot list the Services of workers of the %s: %w", c.Side, err)
	}
	return len(pods.Items)+len(secrets.Items)+len(leases.Items)+len(services.Items) > 0, nil
}
