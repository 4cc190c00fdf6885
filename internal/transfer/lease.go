package transfer

import (
	"context"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/task"
)

// leases by claim.
type leases = map[string]*coordinationv1.Lease

const (
	// renewInterval between signs of life of a run.
	renewInterval = 10 * time.Second
	// deadAfter: a run that gives no sign of life for so long, while it is watched, is dead.
	// It is measured with one clock, so clocks that differ do no harm.
	deadAfter = 25 * time.Second
)

// getLease returns nil when there is none.
func getLease(ctx context.Context, c *cluster.Cluster, name string) (*coordinationv1.Lease, error) {
	lease, err := c.Kube.CoordinationV1().Leases(c.Namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read Lease %s of the %s: %w", name, c.Side, err)
	}
	return lease, nil
}

// acquire makes this session the holder of a claim at the target and removes the workers of every
// other run from both sides of the volume.
func acquire(ctx context.Context, s Spec, v application.Volume) error {
	for {
		lease, err := getLease(ctx, s.Target, runLeaseName(v.Target))
		if err != nil {
			return err
		}
		if holder := holderOf(lease); holder != "" && holder != s.session() && !s.final() {
			alive, err := isAlive(ctx, s.Target, lease)
			if err != nil {
				return err
			}
			if alive {
				return declined(ReasonClaimInUse,
					fmt.Sprintf("run %s is copying to claim %s at the target: wait until it has ended", holder, v.Target)).about(v.Name)
			}
		}
		taken, err := take(ctx, s, v, lease)
		if err != nil {
			return err
		}
		if taken {
			break
		}
	}
	// The former holder sees that it was replaced; its workers go in any case.
	if err := removeOthers(ctx, s, s.Target, task.RoleTarget, v.Target); err != nil {
		return err
	}
	return removeOthers(ctx, s, s.Source, task.RoleSource, v.Name)
}

// isAlive watches the lease of another run for a while.
func isAlive(ctx context.Context, c *cluster.Cluster, seen *coordinationv1.Lease) (bool, error) {
	deadline := time.Now().Add(deadAfter)
	for time.Now().Before(deadline) {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(time.Second):
		}
		lease, err := getLease(ctx, c, seen.Name)
		if err != nil {
			return false, err
		}
		if lease == nil {
			return false, nil
		}
		if lease.ResourceVersion != seen.ResourceVersion {
			return true, nil
		}
	}
	return false, nil
}

// take writes this run into the lease; false: another run was faster.
func take(ctx context.Context, s Spec, v application.Volume, lease *coordinationv1.Lease) (bool, error) {
	client := s.Target.Kube.CoordinationV1().Leases(s.Target.Namespace)
	now := metav1.NewMicroTime(time.Now())
	var err error
	if lease == nil {
		_, err = client.Create(ctx, &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{
				Name: runLeaseName(v.Target), Namespace: s.Target.Namespace, Labels: s.labels("", v.Target),
				Annotations: map[string]string{ClaimAnnotation: v.Target},
			},
			Spec: coordinationv1.LeaseSpec{HolderIdentity: new(s.session()), AcquireTime: &now, RenewTime: &now},
		}, metav1.CreateOptions{})
	} else {
		lease = lease.DeepCopy()
		lease.Labels = s.labels("", v.Target)
		if holderOf(lease) != s.session() {
			lease.Spec.AcquireTime = &now
		}
		lease.Spec.HolderIdentity, lease.Spec.RenewTime = new(s.session()), &now
		_, err = client.Update(ctx, lease, metav1.UpdateOptions{})
	}
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err) && lease != nil {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot take the lease of claim %s at the target: %w", v.Target, err)
	}
	return true, nil
}

// removeOthers deletes the workers of other runs from a claim and waits until they are gone.
// At the source only those of the same pair: others read the same claim for their own target.
// One on a node that is down does not go away: that is a failure after a while, since the
// application may be stopped meanwhile.
func removeOthers(ctx context.Context, s Spec, c *cluster.Cluster, role task.Role, claim string) error {
	ctx, cancel := context.WithTimeout(ctx, s.startTimeout)
	defer cancel()
	for {
		pods, err := listWorkers(ctx, c, claimSelector(role, claim))
		if err != nil {
			return err
		}
		left := 0
		for _, pod := range pods {
			if s.ownWorker(pod) || role == task.RoleSource && !lineage.IsWorkOf(pod.Labels, s.PairUID) {
				continue
			}
			left++
			if err := deletePod(ctx, c, pod); err != nil {
				return err
			}
		}
		if left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return failed(ReasonWorkerNotStarted, fmt.Sprintf("worker Pods of an earlier run of claim %s at the %s do not go away: "+
				"their node may be down; bring it back or remove it from the cluster", claim, c.Side), task.RetryLater)
		case <-time.After(pollInterval / 2):
		}
	}
}

// renew gives signs of life until the context ends, or another run holds a claim: the
// checks see that, too.
func renew(ctx context.Context, s Spec) {
	ticker := time.NewTicker(renewInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, v := range s.Volumes {
			lease, err := getLease(ctx, s.Target, runLeaseName(v.Target))
			if err != nil || holderOf(lease) != s.session() {
				continue
			}
			if _, err := take(ctx, s, v, lease); err != nil {
				s.Log.Warn("cannot renew the lease of a claim", "claim", v.Target, "error", err)
			}
		}
	}
}

// release gives a claim back, if this run still holds it.
func release(ctx context.Context, s Spec, v application.Volume) error {
	lease, err := getLease(ctx, s.Target, runLeaseName(v.Target))
	if err != nil || holderOf(lease) != s.session() {
		return err
	}
	err = s.Target.Kube.CoordinationV1().Leases(s.Target.Namespace).Delete(ctx, lease.Name, metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &lease.UID, ResourceVersion: &lease.ResourceVersion},
	})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("cannot delete the lease of claim %s at the target: %w", v.Target, err)
	}
	return nil
}
