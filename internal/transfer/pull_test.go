package transfer

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
)

// States of a container.
var (
	ran       = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Completed"}}
	initially = waitsFor("PodInitializing", "")
	creating  = waitsFor("ContainerCreating", "")
	notFound  = waitsFor("ErrImagePull", "b: not found")
	backOff   = waitsFor("ImagePullBackOff", `Back-off pulling image "b"`)
)

func waitsFor(reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}

func twoImages() application.Pull {
	return application.Pull{Images: []application.Image{{Name: "a"}, {Name: "b", Policy: corev1.PullAlways}}}
}

// pulling is the status of the Pod that pulls two images.
func pulling(install, a, b corev1.ContainerState) corev1.PodStatus {
	status := func(name string, s corev1.ContainerState) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: name, Image: "image of " + name, State: s}
	}
	return corev1.PodStatus{
		Phase:                 corev1.PodPending,
		InitContainerStatuses: []corev1.ContainerStatus{status(installContainer, install)},
		ContainerStatuses:     []corev1.ContainerStatus{status("image-1", b), status("other", creating), status("image-0", a)},
	}
}

func TestObservePulls(t *testing.T) {
	ended := func(s corev1.PodStatus, phase corev1.PodPhase, reason string) corev1.PodStatus {
		s.Phase, s.Reason = phase, reason
		return s
	}
	lost := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "ContainerStatusUnknown", ExitCode: 137}}
	died := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "StartError", ExitCode: 128}}
	both := []string{"a", "b"}
	refused := func(message string) []Refusal { return []Refusal{{Image: "b", Message: message}} }
	cases := map[string]struct {
		reason string
		status corev1.PodStatus
		words  map[string]string
		want   pulls
	}{
		"New":        {"nothing is known yet", corev1.PodStatus{}, nil, pulls{scheduled: true, waiting: both}},
		"Installing": {"our program comes first", pulling(creating, initially, initially), nil, pulls{scheduled: true, waiting: both}},
		"Pulling": {"one is there, the other is on its way",
			pulling(ran, ran, creating), nil, pulls{scheduled: true, installed: true, waiting: both[1:]}},
		"Pulled": {"a container that has run had an image",
			ended(pulling(ran, ran, ran), corev1.PodSucceeded, ""), nil, pulls{scheduled: true, installed: true}},
		"DoesNotRun": {"whether our program runs there says nothing about the image",
			ended(pulling(ran, died, waitsFor("CreateContainerError", "x")), corev1.PodFailed, ""), nil, pulls{scheduled: true, installed: true}},
		"Refused": {"the kubelet's words", pulling(ran, creating, notFound), nil,
			pulls{scheduled: true, installed: true, waiting: both[:1], refused: refused("ErrImagePull: b: not found")}},
		"Never": {"the policy forbids to pull it, and it is not there", pulling(ran, ran, waitsFor("ErrImageNeverPull", "not present")),
			nil, pulls{scheduled: true, installed: true, refused: refused("ErrImageNeverPull: not present")}},
		"BackOff": {"between two tries it says less than it did",
			pulling(ran, ran, backOff), map[string]string{"image-1": "ErrImagePull: b: not found"},
			pulls{scheduled: true, installed: true, refused: refused("ErrImagePull: b: not found")}},
		"OnlyBackOff": {"better than nothing", pulling(ran, ran, backOff), nil,
			pulls{scheduled: true, installed: true, refused: refused(`ImagePullBackOff: Back-off pulling image "b"`)}},
		"Busy": {"a kubelet with much to pull is no missing image",
			pulling(ran, ran, waitsFor("ErrImagePull", "pull QPS exceeded")), nil, pulls{scheduled: true, installed: true, waiting: both[1:]}},
		"OwnImage": {"our own image is not the workload's fault", pulling(notFound, initially, initially), nil,
			pulls{scheduled: true, waiting: both, broken: "KubeMove's own image image of install: ErrImagePull: b: not found"}},
		"Evicted": {"a Pod that ends early knows nothing", ended(pulling(ran, ran, lost), corev1.PodFailed, "Evicted"), nil,
			pulls{scheduled: true, installed: true, waiting: both[1:], broken: "the Pod that pulls them ended early: Evicted"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			pod := &corev1.Pod{Spec: corev1.PodSpec{NodeName: "n"}, Status: tc.status}
			if tc.words == nil {
				tc.words = map[string]string{}
			}
			if diff := cmp.Diff(tc.want, observePulls(pod, twoImages().Images, tc.words), cmp.AllowUnexported(pulls{})); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// kubelet gives each new Pod a status and lets the API server answer so.
func kubelet(client *fake.Clientset, node string, status corev1.PodStatus, refuse error) {
	client.PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		pod := action.(clienttesting.CreateAction).GetObject().(*corev1.Pod)
		pod.Spec.NodeName, pod.Status = node, status
		return refuse != nil, nil, refuse
	})
}

func TestPull(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "x", errors.New("exceeded quota: q"))
	unschedulable := corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/1 nodes are available"}}}
	cases := map[string]struct {
		reason string
		node   string
		status corev1.PodStatus
		refuse error
		want   Pulled
		// least and most that it takes; left: the Pod goes on.
		least, most time.Duration
		left        bool
	}{
		"Fine": {"images that are there take no time", "n", pulling(ran, ran, ran), nil, Pulled{}, 0, 0, false},
		"Refused": {"a failure is told at once",
			"n", pulling(ran, ran, notFound), nil, Pulled{Refused: []Refusal{{"b", "ErrImagePull: b: not found"}}}, 0, 0, false},
		"Huge": {"an image that takes long goes on being pulled",
			"n", pulling(ran, creating, creating), nil, Pulled{Pulling: []string{"a", "b"}}, PullLimit, PullLimit + time.Second, true},
		"NoNode": {"the scheduler's words",
			"", unschedulable, nil, Pulled{Unknown: "a Pod that pulls them does not start: Unschedulable: 0/1 nodes are available"},
			nodeLimit, nodeLimit + time.Second, false},
		"DoesNotStart": {"a node that makes no containers", "n", pulling(creating, initially, initially), nil,
			Pulled{Unknown: "a Pod that pulls them does not start: Unknown"}, PullLimit, PullLimit + time.Second, false},
		"NotLetIn": {"the API server's words", "n", corev1.PodStatus{}, forbidden,
			Pulled{Unknown: `a Pod that pulls them cannot be created: pods "x" is forbidden: exceeded quota: q`}, 0, 0, false},
		"OwnImageFails": {"that says nothing about the others", "n", pulling(notFound, initially, initially), nil,
			Pulled{Unknown: "KubeMove's own image image of install: ErrImagePull: b: not found"}, 0, 0, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := fake.NewClientset()
				kubelet(client, tc.node, tc.status, tc.refuse)
				s := testSpec(api.TriggerRequest)
				s.Target.Kube = client
				set := twoImages()
				set.Secrets = []application.PullSecret{{Name: "registry", Content: &corev1.Secret{Data: map[string][]byte{"a": []byte("b")}}},
					{Name: "there"}}
				begun := time.Now()
				got := Pull(t.Context(), s, []application.Pull{set})
				if took := time.Since(begun); took < tc.least || took > tc.most {
					t.Errorf("%s: took %s", tc.reason, took)
				}
				if diff := cmp.Diff([]Pulled{tc.want}, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
				}
				if left, err := Leftovers(t.Context(), s.Target, s.PairUID); err != nil || left != tc.left {
					t.Errorf("%s: left %v, %v", tc.reason, left, err)
				}
				if err := Cleanup(t.Context(), s.Target, s.PairUID, CleanupOptions{}); err != nil {
					t.Error(err)
				}
				if left, err := Leftovers(t.Context(), s.Target, s.PairUID); err != nil || left {
					t.Errorf("the clean-up leaves something: %v, %v", left, err)
				}
			})
		})
	}
}

// TestPullMany: the time is for all sets together.
func TestPullMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset()
		kubelet(client, "n", pulling(ran, creating, creating), nil)
		s := testSpec(api.TriggerRequest)
		s.Target.Kube = client
		var sets []application.Pull
		for i := range pullsAtOnce + 2 {
			set := twoImages()
			set.Images[0].Name = imageName(i)
			sets = append(sets, set)
		}
		begun := time.Now()
		kinds := map[string]int{}
		for _, p := range Pull(t.Context(), s, sets) {
			kinds[p.Unknown]++
		}
		if diff := cmp.Diff(map[string]int{"": pullsAtOnce, "others took all of the 2m0s": 2}, kinds); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if took := time.Since(begun); took > PullLimit+time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// TestPullAgain: what an earlier plan has left is taken over while it is at work, and made anew
// when it has failed.
func TestPullAgain(t *testing.T) {
	cases := map[string]struct {
		reason string
		status corev1.PodStatus
		want   Pulled
	}{
		"AtWork": {"it has pulled an image meanwhile", pulling(ran, ran, ran), Pulled{}},
		"Failed": {"it has run into its deadline, and another one finds out more",
			corev1.PodStatus{Phase: corev1.PodFailed}, Pulled{Refused: []Refusal{{"b", "ErrImagePull: b: not found"}}}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := testSpec(api.TriggerRequest)
				set := twoImages()
				set.Secrets = []application.PullSecret{{Name: "registry", Content: &corev1.Secret{Data: map[string][]byte{"a": []byte("new")}}}}
				pod, secrets := buildPulls(s, set)
				pod.Spec.NodeName, pod.Status = "n", tc.status
				secrets[0].Data = nil
				client := fake.NewClientset(pod, secrets[0])
				kubelet(client, "n", pulling(ran, ran, notFound), nil)
				s.Target.Kube = client
				if diff := cmp.Diff([]Pulled{tc.want}, Pull(t.Context(), s, []application.Pull{set})); diff != "" {
					t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
				}
			})
		})
	}
}

func TestBuildPulls(t *testing.T) {
	s := testSpec(api.TriggerRequest)
	s.PullPolicy = corev1.PullIfNotPresent
	set := twoImages()
	set.NodeSelector = map[string]string{"disk": "fast"}
	set.RuntimeClass = new("gvisor")
	set.Tolerations = []corev1.Toleration{{Key: "gpu", Operator: corev1.TolerationOpExists}}
	set.NodeAffinity = &corev1.NodeAffinity{}
	set.Secrets = []application.PullSecret{
		{Name: "there"},
		{Name: "moves", Content: &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{"a": "b"}},
			Type: corev1.SecretTypeDockerConfigJson, Data: map[string][]byte{".dockerconfigjson": []byte("hush")}}},
	}
	pod, secrets := buildPulls(s, set)
	golden(t, "pod-images", pod)
	golden(t, "pod-images-secrets", secrets)
	data, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "hush") || pod.Spec.ImagePullSecrets[1].Name != secrets[0].Name {
		t.Errorf("the Pod must name the copy and hold nothing of it: %s", data)
	}
}
