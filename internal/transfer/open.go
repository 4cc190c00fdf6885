package transfer

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
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
	errs := make([]error, len(s.Volumes))
	cluster.InTurns(len(s.Volumes), s.Limits.ConcurrentVolumes, func(i int) {
		if m, ok := s.mobilizer(s.Volumes[i]); ok && len(m.Open) > 0 && m.OwnState() != "" {
			errs[i] = openBoth(ctx, s, s.Volumes[i], m)
		}
	})
	for _, err := range errs {
		if err != nil {
			return AsError(err)
		}
	}
	return nil
}

func openBoth(ctx context.Context, s Spec, v application.Volume, m task.Mobilizer) error {
	for _, role := range []task.Role{task.RoleTarget, task.RoleSource} {
		if err := openOne(ctx, s, openInput(s, role, v, m)); err != nil {
			return err
		}
	}
	return nil
}

// openInput: where the state lies in a claim, that one may be bound to where this Pod runs, and the
// worker will have to mount it there.
func openInput(s Spec, role task.Role, v application.Volume, m task.Mobilizer) podInput {
	v.Usage = nil // It sees none of the files.
	in := podInput{Role: role, Volume: v, Mobilizer: m, Try: 1}
	if role == task.RoleTarget && s.stateSide() == role && m.OwnClaim() != "" {
		in.Placement = targetPlacement(v)
		in.Placement.Group = ""
	}
	return in
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
	// They are of no use any more.
	defer forgetSecret(ctx, s, c, credentialsSecretName(pod.Name))
	pod, err = runToCompletion{
		cluster: c, volume: in.Volume.Name, limit: openLimit,
		pod:  fmt.Sprintf("the Pod that opens the place of %s at the %s", in.Volume.Name, c.Side),
		late: fmt.Sprintf("the place of %s was not opened at the %s", in.Volume.Name, c.Side),
	}.run(ctx, s, pod)
	if err != nil {
		return err
	}
	return opened(pod, s.Run.ID, in)
}

// opened is the failure of a worker that has ended; nil: it did its work.
func opened(pod *corev1.Pod, runID string, in podInput) error {
	o := observed{Volume: in.Volume.Name}
	s := observePod(pod, runID)
	if s.Exit == nil && s.Lost == "" {
		return failed(ReasonWorkerFailed,
			fmt.Sprintf("the opening of %s at the %s ended without its worker having run", o.Volume, in.Role), task.RetrySoon)
	}
	if err := o.verdict(in.Role, s); err != nil {
		return err.about(o.Volume)
	}
	return nil
}

// openTask is what a mobilizer is given for the verb open.
func openTask(s Spec, in podInput) task.Task {
	in.Whole = false // It does not see the volume.
	t := buildTask(s, in)
	t.Verb, t.Peer, t.Passes = task.VerbOpen, nil, false // It is opened once, whatever follows.
	return t
}

// openRole is the role in the names of such Pods.
func openRole(role task.Role) task.Role { return "open-" + role }

// buildOpen makes a Pod with the mobilizer and, beside it, a container of ours that hands its
// last status over. It runs as the worker would, which may own what is made, and mounts no
// volume of the application.
func buildOpen(s Spec, in podInput) (*corev1.Pod, error) {
	data, err := json.Marshal(openTask(s, in))
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
	spec.InitContainers = []corev1.Container{buildFinalStatus(s)}
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

// buildFinalStatus takes the place of the agent in such a Pod: it has no peer and no coordinator.
func buildFinalStatus(s Spec) corev1.Container {
	c := buildAgent(s, podInput{})
	c.Command = []string{"kubemove-task", "final-status"}
	c.StartupProbe = nil
	c.VolumeMounts = without(c.VolumeMounts, func(m corev1.VolumeMount) string { return m.Name })
	return c
}
