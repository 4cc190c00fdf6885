package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/task"
)

// openLimit for one volume on one side, with the image to be pulled.
const openLimit = 10 * time.Minute

// OpenPlaces lets the mobilizers prove the places that the user has named for their state,
// before anything is stopped: each volume at the target first, where the mobilizer makes what is
// missing, then at the source. Mobilizers without the verb open, and volumes without such a
// place, are left out. It returns an *Error for the first volume that failed.
func OpenPlaces(ctx context.Context, s Spec) error {
	s = s.withDefaults()
	turn := make(chan struct{}, s.Limits.ConcurrentVolumes)
	answers := make(chan error)
	count := 0
	for _, v := range s.Volumes {
		m, ok := s.mobilizer(v)
		if !ok || len(m.Open) == 0 || m.OwnState() == "" {
			continue
		}
		count++
		go func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			answers <- openBoth(ctx, s, v, m)
		}()
	}
	var failure error
	for range count {
		if err := <-answers; err != nil && failure == nil {
			failure = err
		}
	}
	if failure == nil {
		return nil
	}
	return AsError(failure)
}

func openBoth(ctx context.Context, s Spec, v application.Volume, m task.Mobilizer) error {
	for _, role := range []task.Role{task.RoleTarget, task.RoleSource} {
		if err := openOne(ctx, s, podInput{Role: role, Volume: v, Mobilizer: m, Try: 1}); err != nil {
			return err
		}
	}
	return nil
}

func openOne(ctx context.Context, s Spec, in podInput) error {
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	pod, err := buildOpen(s, in)
	if err != nil {
		return permanent("InvalidSpec", err.Error())
	}
	if err := ensureCredentials(ctx, s, in, pod.Name); err != nil {
		return err
	}
	c := s.endpoint(in.Role)
	err = runOpen(ctx, s, in, pod)
	// They are of no use any more.
	forgetting, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	gone := c.Kube.CoreV1().Secrets(c.Namespace).Delete(forgetting, credentialsSecretName(pod.Name), metav1.DeleteOptions{})
	if gone != nil {
		s.Log.Warn("the credentials of an opening are left for the clean-up", "error", gone.Error())
	}
	return err
}

// runOpen runs the Pod to its end. One that does not start in time would not start as a worker
// either.
func runOpen(ctx context.Context, s Spec, in podInput, pod *corev1.Pod) (err error) {
	c, volume := s.endpoint(in.Role), in.Volume.Name
	switch err := startProbe(ctx, c, pod); {
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err):
		return failed(api.ReasonRejected, fmt.Sprintf("the %s would not let in a worker Pod for claim %s: %s", c.Side, volume, clip(err.Error())), task.RetryLater)
	case err != nil:
		return fmt.Errorf("cannot create the Pod that opens the place of %s at the %s: %w", volume, c.Side, err)
	}
	defer forgetProbe(ctx, s, c, pod.Name)
	done := false
	end := awaitProbe(ctx, c, pod.Name, func(pod *corev1.Pod, waited time.Duration) bool {
		switch {
		case ended(pod):
			done, err = true, opened(pod, s.Run.ID, in)
		case !slices.ContainsFunc(pod.Spec.InitContainers, isSidecar):
			err = noSidecars(c)
		case !surveyRuns(pod) && waited > s.Limits.StartTimeout:
			err = failed(ReasonWorkerNotStarted, fmt.Sprintf("a worker Pod of claim %s does not start at the %s within %s: %s",
				volume, c.Side, s.Limits.StartTimeout, whyNot(ctx, c, pod)), task.RetryLater)
		}
		return done || err != nil
	})
	switch {
	case errors.Is(end, errProbeGone):
		return failed(ReasonWorkerNotStarted, fmt.Sprintf("the Pod that opens the place of %s at the %s: %v", volume, c.Side, end), task.RetrySoon)
	case end != nil:
		return failed(ReasonWorkerNotStarted, fmt.Sprintf("the place of %s was not opened at the %s within %s", volume, c.Side, openLimit), task.RetryLater)
	}
	return err
}

// opened is the failure of a worker that has ended; nil: it did its work.
func opened(pod *corev1.Pod, runID string, in podInput) error {
	o := observed{Volume: in.Volume.Name}
	s := observePod(pod, runID)
	if s.Exit == nil && s.Lost == "" {
		return failed(ReasonWorkerFailed, fmt.Sprintf("the opening of %s at the %s ended without its worker having run", o.Volume, in.Role), task.RetrySoon)
	}
	if err := o.verdict(in.Role, s); err != nil {
		return err.about(o.Volume)
	}
	return nil
}

// openRole is the role in the names of such Pods.
func openRole(role task.Role) task.Role { return "open-" + role }

// buildOpen makes a Pod with the mobilizer and, beside it, a container of ours that hands its
// last status over. It runs as the worker would, which may own what is made, and mounts no
// volume of the application.
func buildOpen(s Spec, in podInput) (*corev1.Pod, error) {
	t := buildTask(s, in)
	t.Verb, t.Peer = task.VerbOpen, nil
	data, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("cannot encode the task of a worker: %w", err)
	}
	name := workerName(s.Run.ID, in.Volume.Name, openRole(in.Role))
	pod, err := buildPod(s, in)
	if err != nil {
		return nil, err
	}
	pod.Name = name
	pod.Annotations[task.TaskAnnotation] = string(data)
	spec := &pod.Spec
	spec.TerminationGracePeriodSeconds = new(int64(10))
	spec.ActiveDeadlineSeconds = new(int64(openLimit / time.Second))
	spec.Affinity, spec.Tolerations = nil, nil
	spec.InitContainers = []corev1.Container{buildLastWords(s)}
	spec.Containers[0].Command = in.Mobilizer.Open
	spec.Containers[0].VolumeMounts = without(spec.Containers[0].VolumeMounts, func(m corev1.VolumeMount) string { return m.Name })
	spec.Volumes = without(buildVolumes(s, in, name), func(v corev1.Volume) string { return v.Name })
	return pod, nil
}

// without leaves out what an opening does not need.
func without[T any](list []T, name func(T) string) []T {
	var out []T
	for _, x := range list {
		switch name(x) {
		case "volume", "agent", "agent-tls", "tools":
		default:
			out = append(out, x)
		}
	}
	return out
}

// buildLastWords is the agent's place in such a Pod: it speaks with nobody.
func buildLastWords(s Spec) corev1.Container {
	c := buildAgent(s, podInput{})
	c.Command = []string{"kubemove-task", "last-words"}
	c.StartupProbe = nil
	c.VolumeMounts = without(c.VolumeMounts, func(m corev1.VolumeMount) string { return m.Name })
	return c
}
