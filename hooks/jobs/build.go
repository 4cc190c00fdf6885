package jobs

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/task"
)

// Spec of a Job.
type Spec struct {
	// Subject that it works for.
	Subject Subject
	// Intent, Round (optional) and Attempt, which starts at 1.
	Intent, Round string
	Attempt       int
	// Task to carry out. The kubeconfigs of its endpoints are mounted.
	Task task.Task
	// Credentials are the mobilizers whose Secrets are mounted, for the verbs that read them.
	Credentials []task.Mobilizer
	// Account is the ServiceAccount.
	Account string
	// Driver is the foreign image that carries the task out instead of KubeMove's own.
	Driver *config.Mobilizer
	// Annotations of the Job in addition.
	Annotations map[string]string
	// Config of the installation.
	Config config.Config
}

// Name of the Job.
func (s Spec) Name() string {
	return Name(s.Subject.Prefix, s.Subject.Namespace, s.Subject.Name, string(s.Task.Verb), s.Intent, s.Attempt)
}

// Build makes the Job. It fails only for a task that is too large.
func Build(s Spec) (*batchv1.Job, error) {
	name := s.Name()
	text, err := encode(s.Task, name)
	if err != nil {
		return nil, err
	}
	labels := map[string]string{
		api.ManagedByLabel: api.ManagedByValue,
		api.StepLabel:      string(s.Task.Verb),
		api.IntentLabel:    s.Intent,
		api.AttemptLabel:   strconv.Itoa(s.Attempt),
	}
	maps.Copy(labels, s.Subject.Labels)
	if s.Round != "" {
		labels[RoundLabel] = s.Round
	}
	podLabels := maps.Clone(labels)
	// Istio reads the label, older versions of it the annotation.
	podLabels[noSidecar] = "false"
	return &batchv1.Job{
		TypeMeta:   hooks.KindJob.TypeMeta(),
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: s.Subject.Namespace, Labels: labels, Annotations: s.Annotations},
		Spec: batchv1.JobSpec{
			Parallelism:          ptr[int32](1),
			Completions:          ptr[int32](1),
			BackoffLimit:         ptr[int32](2),
			PodReplacementPolicy: ptr(batchv1.Failed),
			PodFailurePolicy:     failurePolicy(),
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{
					Labels: podLabels,
					Annotations: map[string]string{
						noSidecar:           "false",
						task.TaskAnnotation: text,
					},
				},
				Spec: podSpec(s),
			},
		},
	}, nil
}

const noSidecar = "sidecar.istio.io/inject"

// encode writes the task of a run.
func encode(t task.Task, run string) (string, error) {
	t.Run.ID = run
	if t.Move != nil {
		move := *t.Move
		move.Job = run
		t.Move = &move
	}
	data, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("cannot encode the task of %s: %w", run, err)
	}
	if most := maxSize(t.Verb); len(data) > most {
		return "", &TooLargeError{Verb: t.Verb, Size: len(data), Most: most}
	}
	return string(data), nil
}

// maxSize of a task. A plan leaves room for what a switch adds to it (names, times and a hash),
// so that what is too large is told before anything depends on it.
func maxSize(verb task.Verb) int {
	const reserve = 2 << 10
	if verb == task.VerbPlan {
		return task.MaxSize - reserve
	}
	return task.MaxSize
}

// TooLargeError says that a task is larger than the contract allows.
type TooLargeError struct {
	Verb task.Verb
	// Size that it has and Most that it may have, in bytes.
	Size, Most int
}

// TooLarge is what a person has to fix when a Job could not be built for the size of its task; nil:
// it is another error, or none.
func TooLarge(err error) *config.Problem {
	if e, ok := errors.AsType[*TooLargeError](err); ok {
		return &config.Problem{Reason: api.ReasonInvalidSpec, Message: e.Error()}
	}
	return nil
}

// Error says what was found and how to fix it.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the task %s is %d bytes long, at most %d are allowed: "+
		"name fewer workloads or claims, use a selector, or shorten the patches of the kustomization", e.Verb, e.Size, e.Most)
}

// failurePolicy ends the Job at once when trying again is useless, and does not count Pods
// that the cluster has disrupted.
func failurePolicy() *batchv1.PodFailurePolicy {
	return &batchv1.PodFailurePolicy{Rules: []batchv1.PodFailurePolicyRule{
		{
			Action: batchv1.PodFailurePolicyActionFailJob,
			OnExitCodes: &batchv1.PodFailurePolicyOnExitCodesRequirement{
				ContainerName: ptr(mainContainer),
				Operator:      batchv1.PodFailurePolicyOnExitCodesOpIn,
				Values:        []int32{task.ExitPermanent, task.ExitDeclined},
			},
		},
		{
			Action: batchv1.PodFailurePolicyActionIgnore,
			OnPodConditions: []batchv1.PodFailurePolicyOnPodConditionsPattern{
				{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue},
			},
		},
	}}
}

// Kept desires an observed Job to stay as it is. Jobs are never updated (OnDelete), so the
// name is enough.
func Kept(a Attempt) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetAPIVersion(hooks.KindJob.APIVersion)
	u.SetKind(hooks.KindJob.Kind)
	u.SetNamespace(a.Job.Namespace)
	u.SetName(a.Job.Name)
	return u
}

func ptr[T any](v T) *T { return &v }
