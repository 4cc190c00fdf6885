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
	"github.com/kubemove/kubemove/internal/survey"
	"github.com/kubemove/kubemove/task"
)

const (
	surveyContainer = "survey"
	// surveyLimit for one volume: some ten million files.
	surveyLimit = 15 * time.Minute
)

// Survey looks through the source claims of the volumes, a few at a time, with Pods that mount
// them read-only as the workers would. It returns a report, or an *Error, for each name. What
// a killed survey has left it goes on with.
func Survey(ctx context.Context, s Spec) (map[string]*survey.Report, map[string]*Error) {
	s = s.withDefaults()
	type answer struct {
		volume string
		report *survey.Report
		err    error
	}
	turn := make(chan struct{}, s.Limits.ConcurrentVolumes)
	answers := make(chan answer)
	for _, v := range s.Volumes {
		go func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			report, err := surveyOne(ctx, s, v)
			answers <- answer{v.Name, report, err}
		}()
	}
	reports, failures := map[string]*survey.Report{}, map[string]*Error{}
	for range s.Volumes {
		a := <-answers
		if a.err != nil {
			failures[a.volume] = AsError(a.err).about(a.volume)
			continue
		}
		reports[a.volume] = a.report
	}
	return reports, failures
}

func surveyOne(ctx context.Context, s Spec, v application.Volume) (*survey.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, surveyLimit)
	defer cancel()
	claim, err := s.Source.Kube.CoreV1().PersistentVolumeClaims(s.Source.Namespace).Get(ctx, v.Name, getOptions)
	if err != nil {
		return nil, fmt.Errorf("cannot read claim %s of the source: %w", v.Name, err)
	}
	pods, err := s.Source.Kube.CoreV1().Pods(s.Source.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("cannot list the Pods of the source: %w", err)
	}
	pod, err := buildSurvey(s, v, place(claim, pods.Items))
	if err != nil {
		return nil, err
	}
	err = startProbe(ctx, s.Source, pod)
	switch {
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err):
		return nil, permanent(api.ReasonRejected, fmt.Sprintf("the source would not let in a worker Pod for claim %s: %s", v.Name, clip(err.Error())))
	case err != nil:
		return nil, fmt.Errorf("cannot create the survey's Pod of %s at the source: %w", v.Name, err)
	}
	defer forgetProbe(ctx, s, s.Source, pod.Name)
	return awaitSurvey(ctx, s, v, pod.Name)
}

// awaitSurvey waits for the report. A Pod that does not start in time would not start as a
// worker either.
func awaitSurvey(ctx context.Context, s Spec, v application.Volume, name string) (report *survey.Report, err error) {
	end := awaitProbe(ctx, s.Source, name, func(pod *corev1.Pod, waited time.Duration) bool {
		switch {
		case ended(pod):
			report, err = reported(pod, v.Name)
		case !surveyRuns(pod) && waited > s.Limits.StartTimeout:
			err = failed(ReasonWorkerNotStarted, fmt.Sprintf("a worker Pod of claim %s does not start at the source within %s: %s",
				v.Name, s.Limits.StartTimeout, whyNot(ctx, s.Source, pod)), task.RetryLater)
		}
		return report != nil || err != nil
	})
	switch {
	case errors.Is(end, errProbeGone):
		return nil, failed(ReasonWorkerNotStarted, fmt.Sprintf("the survey's Pod of claim %s: %v", v.Name, end), task.RetrySoon)
	case end != nil:
		return nil, failed(ReasonWorkerNotStarted, fmt.Sprintf("the survey of claim %s did not end within %s", v.Name, surveyLimit), task.RetryLater)
	}
	return report, err
}

func surveyRuns(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool { return c.State.Running != nil })
}

// reported is the report of a Pod that has ended.
func reported(pod *corev1.Pod, volume string) (*survey.Report, error) {
	message := pod.Status.Message
	for _, c := range pod.Status.ContainerStatuses {
		if t := c.State.Terminated; t != nil {
			message = t.Message
		}
	}
	if pod.Status.Phase == corev1.PodFailed {
		return nil, failed(ReasonWorkerFailed, fmt.Sprintf("the survey of claim %s failed: %s", volume, orUnknown(clip(message))), task.RetrySoon)
	}
	r, err := survey.Decode(message)
	if err != nil {
		return nil, failed(ReasonWorkerFailed, err.Error(), task.RetrySoon)
	}
	return r, nil
}

// buildSurvey makes a Pod that runs as the worker of the source would.
func buildSurvey(s Spec, v application.Volume, where placement) (*corev1.Pod, error) {
	in := podInput{Role: task.RoleSource, Volume: v, Placement: where}
	worker, err := json.Marshal(targetWorker(v))
	if err != nil {
		return nil, fmt.Errorf("cannot encode the worker of the target: %w", err)
	}
	pod := probePod(s.Source, workerName(s.Run.ID, v.Name, surveyContainer), s.labels(in.Role, v.Name), in.identity(), surveyLimit)
	pod.Annotations[ClaimAnnotation] = v.Name
	pod.Spec.Affinity, pod.Spec.Tolerations = affinity(where), where.Tolerations
	pod.Spec.Containers = []corev1.Container{{
		Name:            surveyContainer,
		Image:           s.AgentImage,
		ImagePullPolicy: s.PullPolicy,
		Command:         []string{"kubemove-task", surveyContainer},
		Env:             []corev1.EnvVar{{Name: survey.WorkerEnv, Value: string(worker)}},
		Resources:       resources("20m", "1", "32Mi", "256Mi"),
		SecurityContext: containerSecurity(in.identity().Capabilities...),
		VolumeMounts:    []corev1.VolumeMount{{Name: "volume", MountPath: survey.VolumeDir, ReadOnly: true}},
	}}
	pod.Spec.Volumes = []corev1.Volume{{Name: "volume", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: v.Name, ReadOnly: true}}}}
	return pod, nil
}

// targetWorker is what the survey has to know of the worker that writes the copy.
func targetWorker(v application.Volume) survey.Worker {
	id := v.Worker(true)
	w := survey.Worker{
		UID:                 *id.UID,
		GIDs:                slices.Clone(id.Groups),
		AnyOwner:            slices.Contains(id.Capabilities, "CHOWN"),
		ProgramCapabilities: slices.Contains(id.Capabilities, "SETFCAP"),
	}
	if id.GID != nil {
		w.GIDs = append(w.GIDs, *id.GID)
	} else {
		// Without a group in its spec a container runs with that of its user in the image,
		// and that is root's where the image does not say it.
		w.GIDs = append(w.GIDs, 0)
	}
	return w
}

// WorkerPod is the Pod that would copy a volume on one side, for a cluster to judge. Nothing
// is created.
func WorkerPod(s Spec, v application.Volume, role task.Role) (*corev1.Pod, error) {
	s = s.withDefaults()
	m, ok := s.mobilizer(v)
	if !ok {
		return nil, permanent(api.ReasonUnknownMobilizer, fmt.Sprintf("claim %s wants the mobilizer %q, which is not registered", v.Name, v.Mobilizer))
	}
	return buildPod(s, podInput{Role: role, Volume: v, Mobilizer: m, Try: 1})
}
