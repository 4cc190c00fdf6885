package transfer

import (
	"context"
	"encoding/json"
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
	_, err = s.Source.Kube.CoreV1().Pods(s.Source.Namespace).Create(ctx, pod, metav1.CreateOptions{})
	switch {
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err):
		return nil, permanent(api.ReasonRejected, fmt.Sprintf("the source would not let in a worker Pod for claim %s: %s", v.Name, clip(err.Error())))
	case err != nil && !apierrors.IsAlreadyExists(err):
		return nil, fmt.Errorf("cannot create the survey's Pod of %s at the source: %w", v.Name, err)
	}
	defer forgetSurvey(ctx, s, pod.Name)
	return awaitSurvey(ctx, s, v, pod.Name)
}

// forgetSurvey deletes the Pod; what is left here is removed by the pair's clean-up.
func forgetSurvey(ctx context.Context, s Spec, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := s.Source.Kube.CoreV1().Pods(s.Source.Namespace).Delete(ctx, name, metav1.DeleteOptions{GracePeriodSeconds: new(int64(1))})
	if err != nil && !apierrors.IsNotFound(err) {
		s.Log.Warn("the survey's Pod is left", "pod", name, "error", err.Error())
	}
}

// awaitSurvey waits for the report. A Pod that does not start in time would not start as a
// worker either.
func awaitSurvey(ctx context.Context, s Spec, v application.Volume, name string) (*survey.Report, error) {
	created := time.Now()
	for {
		pod, err := s.Source.Kube.CoreV1().Pods(s.Source.Namespace).Get(ctx, name, getOptions)
		switch {
		case apierrors.IsNotFound(err):
			return nil, failed(ReasonWorkerNotStarted, fmt.Sprintf("the survey's Pod of claim %s was removed by somebody", v.Name), task.RetrySoon)
		case err != nil: // It may pass.
		case ended(pod):
			return reported(pod, v.Name)
		case !surveyRuns(pod) && time.Since(created) > s.Limits.StartTimeout:
			return nil, failed(ReasonWorkerNotStarted, fmt.Sprintf("a worker Pod of claim %s does not start at the source within %s: %s",
				v.Name, s.Limits.StartTimeout, whyNot(ctx, s, pod)), task.RetryLater)
		}
		select {
		case <-ctx.Done():
			return nil, failed(ReasonWorkerNotStarted, fmt.Sprintf("the survey of claim %s did not end within %s", v.Name, surveyLimit), task.RetryLater)
		case <-time.After(pollInterval):
		}
	}
}

// whyNot a Pod starts, in the cluster's words.
func whyNot(ctx context.Context, s Spec, pod *corev1.Pod) string {
	if warning := warningOf(ctx, s.Source, pod.Name); warning != "" {
		return warning
	}
	return orUnknown(podProblem(pod))
}

func ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
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
	labels := s.labels(in.Role, v.Name)
	labels["sidecar.istio.io/inject"] = "false"
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: workerName(s.Run.ID, v.Name, surveyContainer), Namespace: s.Source.Namespace, Labels: labels,
			Annotations: map[string]string{ClaimAnnotation: v.Name, "sidecar.istio.io/inject": "false"},
		},
		Spec: corev1.PodSpec{
			RestartPolicy:                 corev1.RestartPolicyNever,
			AutomountServiceAccountToken:  new(false),
			EnableServiceLinks:            new(false),
			TerminationGracePeriodSeconds: new(int64(1)),
			ActiveDeadlineSeconds:         new(int64(surveyLimit / time.Second)),
			SecurityContext:               podSecurity(in.identity()),
			Affinity:                      affinity(where),
			Tolerations:                   where.Tolerations,
			Containers: []corev1.Container{{
				Name:            surveyContainer,
				Image:           s.AgentImage,
				ImagePullPolicy: s.PullPolicy,
				Command:         []string{"kubemove-task", surveyContainer},
				Env:             []corev1.EnvVar{{Name: survey.WorkerEnv, Value: string(worker)}},
				Resources:       resources("20m", "1", "32Mi", "256Mi"),
				SecurityContext: containerSecurity(in.identity().Capabilities...),
				VolumeMounts:    []corev1.VolumeMount{{Name: "volume", MountPath: survey.VolumeDir, ReadOnly: true}},
			}},
			Volumes: []corev1.Volume{{Name: "volume", VolumeSource: corev1.VolumeSource{
				PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: v.Name, ReadOnly: true}}}},
		},
	}, nil
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
