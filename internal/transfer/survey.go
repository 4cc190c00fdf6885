package transfer

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/survey"
	"github.com/kubemove/kubemove/task"
)

const (
	surveyContainer = "survey"
	// ownerRole is in the names of the Pods that only look at the root of a volume.
	ownerRole = "owner"
	// surveyLimit for one volume: some ten million files.
	surveyLimit = 15 * time.Minute
)

// Survey looks through the source claims of the volumes, a few at a time, with Pods that mount
// them read-only as the workers would. It returns a report, or an *Error, for each name. What
// a killed survey has left it goes on with.
func Survey(ctx context.Context, s Spec) (map[string]*survey.Report, map[string]*Error) {
	return lookIntoAll(ctx, s, buildSurvey)
}

// Owners is Survey with Pods of no rights, which see nothing but the roots of the volumes.
func Owners(ctx context.Context, s Spec) (map[string]*survey.Report, map[string]*Error) {
	return lookIntoAll(ctx, s, buildOwner)
}

// builder makes the Pod that looks into a volume.
type builder func(s Spec, v application.Volume, where placement) (*corev1.Pod, error)

func lookIntoAll(ctx context.Context, s Spec, build builder) (map[string]*survey.Report, map[string]*Error) {
	s = s.withDefaults()
	looked, errs := make([]*survey.Report, len(s.Volumes)), make([]error, len(s.Volumes))
	cluster.InTurns(len(s.Volumes), s.Limits.ConcurrentVolumes, func(i int) { looked[i], errs[i] = lookInto(ctx, s, s.Volumes[i], build) })
	reports, failures := map[string]*survey.Report{}, map[string]*Error{}
	for i, v := range s.Volumes {
		if errs[i] != nil {
			failures[v.Name] = AsError(errs[i]).about(v.Name)
			continue
		}
		reports[v.Name] = looked[i]
	}
	return reports, failures
}

// lookInto a source claim with a Pod, to the Pod's end.
func lookInto(ctx context.Context, s Spec, v application.Volume, build builder) (*survey.Report, error) {
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
	pod, err := build(s, v, place(claim, pods.Items))
	if err != nil {
		return nil, err
	}
	pod, err = runToCompletion{
		cluster: s.Source, volume: v.Name, limit: surveyLimit,
		pod:  fmt.Sprintf("the survey's Pod of claim %s", v.Name),
		late: fmt.Sprintf("the survey of claim %s did not end", v.Name),
	}.run(ctx, s, pod)
	if err != nil {
		return nil, err
	}
	return reported(pod, v.Name)
}

// reported is the report of a Pod that has ended.
func reported(pod *corev1.Pod, volume string) (*survey.Report, error) {
	message := pod.Status.Message
	for _, c := range pod.Status.ContainerStatuses {
		t := c.State.Terminated
		if t != nil && t.Reason == oomKilled {
			return nil, failed(api.ReasonOOMKilled,
				fmt.Sprintf("the survey of claim %s ran out of memory (limit %s): one of its folders holds too many files; split that folder",
					volume, orUnknown(memoryLimit(pod, surveyContainer))), task.RetryLater)
		}
		if t != nil {
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
	pod := probePod(s.Source, workerName(s.Run.ID, v.Name, surveyRole(v)), s.labels(in.Role, v.Name), in.identity(), surveyLimit)
	pod.Annotations[ClaimAnnotation] = v.Name
	where.apply(pod)
	pod.Spec.Containers = []corev1.Container{{
		Name:            surveyContainer,
		Image:           s.AgentImage,
		ImagePullPolicy: s.PullPolicy,
		Command:         []string{"kubemove-task", surveyContainer},
		Env:             []corev1.EnvVar{{Name: survey.WorkerEnv, Value: string(worker)}},
		Resources:       resources("20m", "1", "32Mi", "1Gi"),
		SecurityContext: containerSecurity(in.identity().Capabilities...),
		VolumeMounts:    []corev1.VolumeMount{{Name: "volume", MountPath: survey.VolumeDir, ReadOnly: true}},
	}}
	pod.Spec.Volumes = []corev1.Volume{{Name: "volume", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: v.Name, ReadOnly: true}}}}
	return pod, nil
}

// surveyRole is in the names of the Pods. One of several users that the workers can have has a Pod of
// its own: what a killed plan has left of another one must not be taken for it.
func surveyRole(v application.Volume) task.Role {
	if len(v.Candidates) == 0 {
		return surveyContainer
	}
	data, err := json.Marshal(v.Worker(false))
	if err != nil {
		panic(fmt.Sprintf("cannot encode an identity: %v", err)) // It is made of numbers and words.
	}
	return task.Role(surveyContainer + "-" + hash10(string(data))[:5])
}

// buildOwner makes a Pod that looks at the root of the volume: whose it is every user may see.
func buildOwner(s Spec, v application.Volume, where placement) (*corev1.Pod, error) {
	v.Identity = application.Identity{UID: new(unprivilegedUser), GID: new(unprivilegedUser)}
	pod, err := buildSurvey(s, v, where)
	if err != nil {
		return nil, err
	}
	pod.Name = workerName(s.Run.ID, v.Name, ownerRole)
	c := &pod.Spec.Containers[0]
	c.Command, c.Env = append(c.Command, survey.ArgRoot), nil
	return pod, nil
}

// targetWorker is what the survey has to know of the worker that writes the copy, and of those that
// could in its place.
func targetWorker(v application.Volume) survey.Worker {
	w := surveyWorker(v.Worker(true))
	w.Folder = VolumeFolder(v.Name)
	if len(v.Candidates) > 0 {
		for _, id := range v.Choices() {
			w.Others = append(w.Others, surveyWorker(application.Volume{Identity: id}.Worker(true)))
		}
	}
	return w
}

// surveyWorker is an identity as the survey sees it.
func surveyWorker(id application.Identity) survey.Worker {
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

// VolumeFolder is where the workers of both sides have a volume.
func VolumeFolder(name string) string { return task.VolumesDir + "/" + name }

// TargetWorker is the Pod that would write the copy of a volume, for the target to judge. Nothing
// is created.
func TargetWorker(s Spec, v application.Volume) (*corev1.Pod, error) {
	return Worker(s, task.RoleTarget, v)
}

// Worker is the Pod that a run would have on a side for a volume, for that side to judge. Nothing is
// created.
func Worker(s Spec, role task.Role, v application.Volume) (*corev1.Pod, error) {
	s = s.withDefaults()
	if _, ok := s.mobilizer(v); !ok {
		return nil, permanent(api.ReasonUnknownMobilizer,
			fmt.Sprintf("claim %s wants the mobilizer %q, which is not registered", v.Name, v.Mobilizer))
	}
	return buildPod(s, newWorkerPair(s, v).input(role))
}

// SecretsOfWorker is how many Secrets a worker has: its agent's and its credentials.
const SecretsOfWorker = 2

// Workers are the Pods that a run would have on a side, all at the same time, for a plan to look at.
// Volumes of unknown mobilizers have none.
func Workers(s Spec, role task.Role) ([]corev1.Pod, error) {
	s = s.withDefaults()
	var out []corev1.Pod
	for _, v := range s.Volumes {
		if _, ok := s.mobilizer(v); !ok {
			continue
		}
		pod, err := Worker(s, role, v)
		if err != nil {
			return nil, err
		}
		out = append(out, *pod)
	}
	return out, nil
}
