package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

// A probe is a Pod that finds something out for a plan and ends: it looks through a volume, or
// has images pulled.

// errProbeGone: the Pod is not there any more.
var errProbeGone = errors.New("it was removed by another client")

// probePod is what all probes have in common. The caller adds what they do.
func probePod(c *cluster.Cluster, name string, labels map[string]string, id application.Identity, limit time.Duration) *corev1.Pod {
	labels["sidecar.istio.io/inject"] = "false"
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: c.Namespace, Labels: labels,
			Annotations: map[string]string{"sidecar.istio.io/inject": "false"},
		},
		Spec: corev1.PodSpec{
			RestartPolicy:                 corev1.RestartPolicyNever,
			AutomountServiceAccountToken:  new(false),
			EnableServiceLinks:            new(false),
			TerminationGracePeriodSeconds: new(int64(1)),
			ActiveDeadlineSeconds:         new(int64(limit / time.Second)),
			SecurityContext:               podSecurity(id),
		},
	}
}

// startProbe creates the Pod. One of that name that a killed plan has left is taken over while
// it is of use; one that is on its way out is awaited.
func startProbe(ctx context.Context, c *cluster.Cluster, pod *corev1.Pod) error {
	client := c.Kube.CoreV1().Pods(c.Namespace)
	for {
		_, err := client.Create(ctx, pod, metav1.CreateOptions{})
		if !apierrors.IsAlreadyExists(err) {
			return err
		}
		there, err := client.Get(ctx, pod.Name, getOptions)
		switch {
		case apierrors.IsNotFound(err):
			continue
		case err != nil:
			return err
		case there.DeletionTimestamp == nil && there.Status.Phase != corev1.PodFailed:
			return nil
		}
		if err := deletePod(ctx, c, there); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("an earlier Pod %s does not go away: %w", pod.Name, ctx.Err())
		case <-time.After(pollInterval):
		}
	}
}

// awaitProbe shows the Pod to look again and again, with the time since the first look, until
// look has seen enough.
func awaitProbe(
	ctx context.Context, c *cluster.Cluster, name string, look func(pod *corev1.Pod, waited time.Duration) (enough bool),
) error {
	begun := time.Now()
	for {
		pod, err := c.Kube.CoreV1().Pods(c.Namespace).Get(ctx, name, getOptions)
		switch {
		case apierrors.IsNotFound(err):
			return errProbeGone
		case err != nil: // It may pass.
		case look(pod, time.Since(begun)):
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollInterval):
		}
	}
}

// runToCompletion is a probe that does something for a volume, as the worker would, and ends by itself.
type runToCompletion struct {
	cluster *cluster.Cluster
	volume  string
	// pod and late are words for messages: what the Pod is, and what did not happen when the time
	// was over.
	pod, late string
	limit     time.Duration
}

// run the Pod to its end, and return it as it was then. One that does not start in time would not
// start as a worker either.
func (e runToCompletion) run(ctx context.Context, s Spec, pod *corev1.Pod) (ran *corev1.Pod, err error) {
	c := e.cluster
	switch err := startProbe(ctx, c, pod); {
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err):
		return nil, failed(api.ReasonRejected,
			fmt.Sprintf("the %s would not let in a worker Pod for claim %s: %s", c.Side, e.volume, clip(err.Error())), task.RetryLater)
	case err != nil:
		return nil, fmt.Errorf("cannot create %s: %w", e.pod, err)
	}
	defer forgetProbe(ctx, s, c, pod.Name)
	needsSidecar := slices.ContainsFunc(pod.Spec.InitContainers, isSidecar)
	end := awaitProbe(ctx, c, pod.Name, func(seen *corev1.Pod, waited time.Duration) bool {
		switch {
		case ended(seen):
			ran = seen
		case needsSidecar && !slices.ContainsFunc(seen.Spec.InitContainers, isSidecar):
			err = noSidecars(c)
		case !runs(seen) && waited > s.startTimeout:
			err = failed(ReasonWorkerNotStarted, fmt.Sprintf("a worker Pod of claim %s does not start at the %s within %s: %s",
				e.volume, c.Side, s.startTimeout, orUnknown(whyNot(ctx, c, seen))), task.RetryLater)
		}
		return ran != nil || err != nil
	})
	switch {
	case errors.Is(end, errProbeGone):
		return nil, failed(ReasonWorkerNotStarted, fmt.Sprintf("%s: %v", e.pod, end), task.RetrySoon)
	case end != nil:
		return nil, failed(ReasonWorkerNotStarted, fmt.Sprintf("%s within %s", e.late, e.limit), task.RetryLater)
	}
	return ran, err
}

// forgetProbe deletes the Pod; what is left here is removed by the pair's clean-up.
func forgetProbe(ctx context.Context, s Spec, c *cluster.Cluster, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := c.Kube.CoreV1().Pods(c.Namespace).Delete(ctx, name, metav1.DeleteOptions{GracePeriodSeconds: new(int64(1))})
	if err != nil && !apierrors.IsNotFound(err) {
		s.Log.Warn("a Pod of the plan is left", "pod", name, "side", c.Side, "error", err.Error())
	}
}

// runs tells whether one of its containers has started.
func runs(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool { return c.State.Running != nil })
}

func ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}
