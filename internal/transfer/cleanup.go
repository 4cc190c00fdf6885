package transfer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/relay"
)

// MasterLength is the length of a channel's master key in bytes.
const MasterLength = 32

// NewChannel makes the secret of a pair's channel.
func NewChannel(now time.Time) (Channel, error) {
	cert, key, err := relay.NewCA(now)
	if err != nil {
		return Channel{}, fmt.Errorf("cannot make the certificate authority of a channel: %w", err)
	}
	master := make([]byte, MasterLength)
	if _, err := rand.Read(master); err != nil {
		return Channel{}, fmt.Errorf("cannot make the master key of a channel: %w", err)
	}
	return Channel{CACertPEM: cert, CAKeyPEM: key, Master: master}, nil
}

// removeAll removes the Pods that a selector selects, and then what they needed.
func removeAll(ctx context.Context, c *cluster.Cluster, selector string) error {
	if err := removeWorkers(ctx, c, selector); err != nil {
		return err
	}
	return errors.Join(deleteSecrets(ctx, c, selector), deleteServices(ctx, c, selector))
}

// deleteLeases deletes the run leases that a selector selects.
func deleteLeases(ctx context.Context, c *cluster.Cluster, selector string) error {
	client := c.Kube.CoordinationV1().Leases(c.Namespace)
	list, err := client.List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return fmt.Errorf("cannot list the run leases of the %s: %w", c.Side, err)
	}
	var errs []error
	for _, lease := range list.Items {
		if err := client.Delete(ctx, lease.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			errs = append(errs, fmt.Errorf("cannot delete Lease %s of the %s: %w", lease.Name, c.Side, err))
		}
	}
	return errors.Join(errs...)
}

// deleteServices deletes the Services that a selector selects.
func deleteServices(ctx context.Context, c *cluster.Cluster, selector string) error {
	client := c.Kube.CoreV1().Services(c.Namespace)
	list, err := client.List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return fmt.Errorf("cannot list the Services of workers at the %s: %w", c.Side, err)
	}
	var errs []error
	for _, service := range list.Items {
		if err := client.Delete(ctx, service.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			errs = append(errs, fmt.Errorf("cannot delete Service %s of the %s: %w", service.Name, c.Side, err))
		}
	}
	return errors.Join(errs...)
}

// deleteClaims deletes the claims of ours that a selector selects; what says what they are.
func deleteClaims(ctx context.Context, c *cluster.Cluster, selector, what string) error {
	client := c.Kube.CoreV1().PersistentVolumeClaims(c.Namespace)
	list, err := client.List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return fmt.Errorf("cannot list the %s claims of the %s: %w", what, c.Side, err)
	}
	var errs []error
	for _, claim := range list.Items {
		if err := client.Delete(ctx, claim.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			errs = append(errs, fmt.Errorf("cannot delete the %s claim %s of the %s: %w", what, claim.Name, c.Side, err))
		}
	}
	return errors.Join(errs...)
}

// Dismiss asks for the end of all workers of the pair at an endpoint, and does not wait for it.
func Dismiss(ctx context.Context, c *cluster.Cluster, pairUID string) error {
	return deleteWorkers(ctx, c, runsOf(pairUID))
}

// runsOf selects what runs of a pair have made.
func runsOf(pairUID string) string { return ofPair(pairUID) + "," + api.RunLabel }

func ofPair(pairUID string) string {
	return selector(map[string]string{api.ManagedByLabel: api.ManagedByValue, api.PairLabel: pairUID})
}

// CleanupOptions of Cleanup.
type CleanupOptions struct {
	// All removes probe claims, too: the pair is at its end.
	All bool
	// Lineage whose claims with the state of mobilizers are removed, too, as no pair of it needs them any more; empty: none.
	Lineage string
}

// Cleanup removes everything that runs of the pair have left at an endpoint: worker Pods,
// their Secrets, Services and leases, and on request the repositories. It waits until the Pods are
// gone. Claims of the application are never touched.
func Cleanup(ctx context.Context, c *cluster.Cluster, pairUID string, opts CleanupOptions) error {
	runs := runsOf(pairUID)
	if err := removeAll(ctx, c, runs); err != nil {
		return err
	}
	errs := []error{deleteLeases(ctx, c, runs)}
	if opts.Lineage != "" {
		errs = append(errs, deleteClaims(ctx, c, ofPair(opts.Lineage)+","+RepositoryLabel, "repository"))
	}
	if opts.All {
		errs = append(errs, deleteClaims(ctx, c, ofPair(pairUID)+","+ProbeLabel, "probe"))
	}
	return errors.Join(errs...)
}
