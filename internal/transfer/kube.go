package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/podstate"
	"github.com/kubemove/kubemove/task"
)

const (
	// pollInterval between looks at the Pods.
	pollInterval = 500 * time.Millisecond
	// checkInterval between checks during a run.
	checkInterval = 4 * time.Second
	// deleteGrace of a worker that is not wanted any more: it has nothing to save.
	deleteGrace = int64(10)
)

// observeWorld reads what the checks need. The request sizes are bounded by the namespaces.
func observeWorld(ctx context.Context, s Spec) (world, error) {
	w := world{TargetClaims: map[string]*corev1.PersistentVolumeClaim{}, RunLeases: leases{}}
	target, err := s.Target.Kube.CoreV1().Pods(s.Target.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return w, fmt.Errorf("cannot list the Pods of the target: %w", err)
	}
	w.TargetPods = target.Items
	source, err := s.Source.Kube.CoreV1().Pods(s.Source.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return w, fmt.Errorf("cannot list the Pods of the source: %w", err)
	}
	w.SourcePods = source.Items
	for _, v := range s.Volumes {
		claim, err := s.Target.Kube.CoreV1().PersistentVolumeClaims(s.Target.Namespace).Get(ctx, v.Target, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			continue
		case err != nil:
			return w, fmt.Errorf("cannot read claim %s of the target: %w", v.Target, err)
		}
		w.TargetClaims[v.Target] = claim
		if w.RunLeases[v.Target], err = getLease(ctx, s.Target, runLeaseName(v.Target)); err != nil {
			return w, err
		}
	}
	if w.SourceLock, err = getLease(ctx, s.Source, api.LockName); err != nil {
		return w, err
	}
	w.TargetLock, err = getLease(ctx, s.Target, api.LockName)
	return w, err
}

// listWorkers lists the Pods that a selector selects, by name.
func listWorkers(ctx context.Context, c *cluster.Cluster, selector string) (map[string]*corev1.Pod, error) {
	list, err := c.Kube.CoreV1().Pods(c.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, fmt.Errorf("cannot list the worker Pods of the %s: %w", c.Side, err)
	}
	out := make(map[string]*corev1.Pod, len(list.Items))
	for i := range list.Items {
		out[list.Items[i].Name] = &list.Items[i]
	}
	return out, nil
}

// deleteWorkers asks for the end of the Pods that a selector selects; they are not gone yet.
func deleteWorkers(ctx context.Context, c *cluster.Cluster, selector string) error {
	pods, err := listWorkers(ctx, c, selector)
	if err != nil {
		return err
	}
	for _, pod := range pods {
		if err := deletePod(ctx, c, pod); err != nil {
			return err
		}
	}
	return nil
}

func deletePod(ctx context.Context, c *cluster.Cluster, pod *corev1.Pod) error {
	grace, ask := graceOf(pod)
	if !ask {
		return nil
	}
	err := c.Kube.CoreV1().Pods(c.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		GracePeriodSeconds: &grace,
		Preconditions:      &metav1.Preconditions{UID: &pod.UID},
	})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("cannot delete Pod %s of the %s: %w", pod.Name, c.Side, err)
	}
	return nil
}

// graceOf the deletion of a Pod, and whether it is to be asked for. When nothing of the Pod runs any
// more, as its kubelet has said, it goes at once, as the cluster's own garbage collector lets such
// Pods go; the kubelet takes a second longer, which is downtime.
func graceOf(pod *corev1.Pod) (seconds int64, ask bool) {
	switch {
	case pod == nil:
		return 0, false
	case podstate.Ended(pod):
		return 0, true
	}
	return deleteGrace, pod.DeletionTimestamp == nil
}

// removeWorkers deletes the Pods that a selector selects and waits until they are gone. What the
// connection to the cluster has swallowed is asked again: nothing else would.
func removeWorkers(ctx context.Context, c *cluster.Cluster, selector string) error {
	for {
		pods, err := listWorkers(ctx, c, selector)
		if err == nil && len(pods) == 0 {
			return nil
		}
		if err == nil {
			err = deleteWorkers(ctx, c, selector)
		}
		// Credentials that were revoked do not come back: who has others removes the Pods.
		if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
			return err
		}
		select {
		case <-ctx.Done():
			if err != nil {
				return err
			}
			return fmt.Errorf("worker Pods of the %s do not go away (%s): their node may be down; bring it back or remove it from the cluster: %w",
				c.Side, strings.Join(names(pods), ", "), ctx.Err())
		case <-time.After(pollInterval / 2):
		}
	}
}

func names(pods map[string]*corev1.Pod) []string {
	out := make([]string, 0, len(pods))
	for name := range pods {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// ensurePod creates the Secrets of a worker and its Pod, where they are missing.
func ensurePod(ctx context.Context, s Spec, in podInput) error {
	c := s.endpoint(in.Role)
	pod, err := buildPod(s, in)
	if err != nil {
		return permanent("InvalidSpec", err.Error())
	}
	if err := ensureSecrets(ctx, s, in, pod.Name); err != nil {
		return err
	}
	created, err := c.Kube.CoreV1().Pods(c.Namespace).Create(ctx, pod, metav1.CreateOptions{})
	switch {
	case apierrors.IsAlreadyExists(err):
		return nil
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err):
		// Admission, quota and Pod security speak here: their words are the best.
		return &Error{Outcome: task.OutcomeFailed, Reason: ReasonWorkerNotStarted, Volume: in.Volume.Name, Retry: task.RetryLater, Err: err,
			Message: fmt.Sprintf("the %s refuses the worker Pod of %s: %s", c.Side, in.Volume.Name, clip(err.Error()))}
	case err != nil:
		return fmt.Errorf("cannot create the worker Pod of %s at the %s: %w", in.Volume.Name, c.Side, err)
	}
	if !slices.ContainsFunc(created.Spec.InitContainers, isSidecar) {
		return noSidecars(c)
	}
	return nil
}

func noSidecars(c *cluster.Cluster) *Error {
	return permanent(api.ReasonUnsupportedVersion,
		fmt.Sprintf("the %s does not know sidecar containers, which Kubernetes has since 1.29: upgrade it", c.Side))
}

// isSidecar: an API server that does not know sidecars drops the field.

func isSidecar(c corev1.Container) bool {
	return c.Name == agentContainer && c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// deleteSecrets deletes the Secrets that a selector selects.
func deleteSecrets(ctx context.Context, c *cluster.Cluster, selector string) error {
	list, err := c.Kube.CoreV1().Secrets(c.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return fmt.Errorf("cannot list the Secrets of workers at the %s: %w", c.Side, err)
	}
	var errs []error
	for _, secret := range list.Items {
		if err := c.Kube.CoreV1().Secrets(c.Namespace).Delete(ctx, secret.Name, metav1.DeleteOptions{}); err != nil &&
			!apierrors.IsNotFound(err) {
			errs = append(errs, fmt.Errorf("cannot delete Secret %s at the %s: %w", secret.Name, c.Side, err))
		}
	}
	return errors.Join(errs...)
}
