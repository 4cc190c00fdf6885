package transfer

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/task"
)

func ownMobilizer(place string) task.Mobilizer {
	return task.Mobilizer{Name: "restic", Image: "ddm:1", Command: []string{"ddm", "sync"}, Open: []string{"ddm", "open"}, State: true,
		StateParameter: "repository", Parameters: map[string]string{"repository": place}}
}

func TestBuildOpen(t *testing.T) {
	s := testSpec(api.TriggerRequest)
	s.Pair = task.Channel{Namespace: "home", Name: "shop-dst"}
	volume := application.Volume{Name: "data", Target: "copy", Identity: application.Identity{UID: new(int64(999))},
		Placement: application.Placement{NodeSelector: map[string]string{"disk": "ssd"}, Group: "copy"}}
	cases := map[string]podInput{
		"open-source":       openInput(Spec{}, task.RoleSource, volume, ownMobilizer("s3:https://s3/bucket")),
		"open-target-claim": openInput(Spec{}, task.RoleTarget, volume, ownMobilizer("claim:backups")),
	}
	for name, in := range cases {
		t.Run(name, func(t *testing.T) {
			pod, err := buildOpen(s, in)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "pod-"+name, pod)
			got, err := task.Decode([]byte(pod.Annotations[task.TaskAnnotation]))
			if err != nil || got.Verb != task.VerbOpen || got.Channel.Name != "shop-dst" {
				t.Errorf("the task is %+v, %v", got, err)
			}
		})
	}
}

// TestStateClaim: only a managed state has a claim of ours.
func TestStateClaim(t *testing.T) {
	s := testSpec(api.TriggerRequest)
	cases := map[string]struct {
		reason string
		m      task.Mobilizer
		role   task.Role
		want   string
	}{
		"managed": {"nothing was said", ownMobilizer(""), task.RoleTarget, lineage.Repository("pair-uid", "data-uid")},
		"source":  {"the state is the target's", ownMobilizer(""), task.RoleSource, ""},
		"claim":   {"the user's own", ownMobilizer("claim:backups"), task.RoleTarget, "backups"},
		"server":  {"it lies elsewhere", ownMobilizer("s3:https://s3/bucket"), task.RoleTarget, ""},
		"none":    {"it needs no state", task.Mobilizer{}, task.RoleTarget, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := stateClaim(s, podInput{Role: tc.role, Volume: s.Volumes[0], Mobilizer: tc.m, Origin: "data-uid"}); got != tc.want {
				t.Errorf("%s: got %q, want %q", tc.reason, got, tc.want)
			}
		})
	}
}

// played is a cluster in which a Pod ends as soon as it is created; end says how, by its role.
func played(end func(role string) corev1.PodStatus) *fake.Clientset {
	kube := fake.NewClientset()
	kube.PrependReactor("create", "pods", func(a clienttesting.Action) (bool, runtime.Object, error) {
		pod := a.(clienttesting.CreateAction).GetObject().(*corev1.Pod)
		pod.Status = end(pod.Labels[api.RoleLabel])
		return false, nil, nil
	})
	return kube
}

func ending(code int32, result string) corev1.PodStatus {
	status := corev1.PodStatus{Phase: corev1.PodSucceeded}
	if code != 0 {
		status.Phase = corev1.PodFailed
	}
	status.InitContainerStatuses = []corev1.ContainerStatus{{Name: agentContainer,
		State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			Message: `{"apiVersion":"task.kubemove.io/v1alpha1","runID":"run-1","result":` + result + `}`}}}}
	status.ContainerStatuses = []corev1.ContainerStatus{{Name: workerContainer,
		State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code}}}}
	return status
}

func TestOpenPlaces(t *testing.T) {
	good := ending(0, `{"outcome":"Succeeded"}`)
	denied := ending(2, `{"outcome":"Failed","retry":"Later","reason":"RepositoryDenied","message":"no"}`)
	cases := map[string]struct {
		reason    string
		mobilizer task.Mobilizer
		end       map[string]corev1.PodStatus
		// order of the Pods.
		order []string
		want  *Error
	}{
		"both": {"the target makes what is missing, so it comes first", ownMobilizer("s3:https://s3/bucket"),
			map[string]corev1.PodStatus{"source": good, "target": good}, []string{"target", "source"}, nil},
		"denied": {"what the worker says is what counts", ownMobilizer("s3:https://s3/bucket"),
			map[string]corev1.PodStatus{"source": denied, "target": good}, []string{"target", "source"},
			&Error{Outcome: task.OutcomeFailed, Reason: "RepositoryDenied", Retry: task.RetryLater, Volume: "data",
				Message: "the worker of data at the source has failed: no"}},
		"target first": {"the source would only say the same", ownMobilizer("s3:https://s3/bucket"),
			map[string]corev1.PodStatus{"source": good, "target": denied}, []string{"target"},
			&Error{Outcome: task.OutcomeFailed, Reason: "RepositoryDenied", Retry: task.RetryLater, Volume: "data",
				Message: "the worker of data at the target has failed: no"}},
		"managed": {"there is nothing to prove", ownMobilizer(""), nil, nil, nil},
		"no verb": {"another mobilizer need not have it",
			task.Mobilizer{Name: "x", StateParameter: "p", Parameters: map[string]string{"p": "y"}}, nil, nil, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := testSpec(api.TriggerRequest)
			s.Mobilizers = []task.Mobilizer{tc.mobilizer}
			var order []string
			end := func(role string) corev1.PodStatus {
				order = append(order, role)
				return tc.end[role]
			}
			source, target := played(end), played(end)
			s.Source.Kube, s.Target.Kube = source, target
			err := OpenPlaces(t.Context(), s)
			var got *Error
			if errors.As(err, &got); !cmp.Equal(tc.want, got) || !cmp.Equal(tc.order, order) {
				t.Errorf("%s: got %v after %v, want %v after %v", tc.reason, err, order, tc.want, tc.order)
			}
			for side, kube := range map[string]*fake.Clientset{"from": source, "to": target} {
				if left := leftNames(t, kube, side); left != "" {
					t.Errorf("left are %s", left)
				}
			}
		})
	}
}

// leftNames of Pods and Secrets in a namespace.
func leftNames(t *testing.T, kube *fake.Clientset, namespace string) string {
	t.Helper()
	var left []string
	pods, err := kube.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pods.Items {
		left = append(left, p.Name)
	}
	secrets, err := kube.CoreV1().Secrets(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range secrets.Items {
		left = append(left, s.Name)
	}
	return strings.Join(left, " ")
}
