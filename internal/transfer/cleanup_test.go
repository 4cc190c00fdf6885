package transfer

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

// TestRemoveAll: a request that the way to the cluster has swallowed is made again, or the
// workers would be waited for for ever.
func TestRemoveAll(t *testing.T) {
	lost := errors.New("i/o timeout")
	forbidden := &apierrors.StatusError{ErrStatus: metav1.Status{Reason: metav1.StatusReasonForbidden, Code: http.StatusForbidden}}
	for name, c := range map[string]struct {
		reason string
		verb   string
		err    error
		fails  bool
	}{
		"at once":     {reason: "nothing gets lost"},
		"lost delete": {reason: "the Pod does not know that it is to go", verb: "delete", err: lost},
		"lost list":   {reason: "it is not known which Pods there are", verb: "list", err: lost},
		"forbidden":   {reason: "asking again changes nothing", verb: "delete", err: forbidden, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			labels := map[string]string{"a": "b"}
			kube := fake.NewClientset(
				&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "worker", Namespace: "shop", Labels: labels}},
				&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "worker", Namespace: "shop", Labels: labels}},
				&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "worker", Namespace: "shop", Labels: labels}},
				&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "another", Namespace: "shop"}})
			times := 0
			kube.PrependReactor(c.verb, "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
				times++
				return c.verb != "" && times <= 2, nil, c.err
			})
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			err := removeAll(ctx, &cluster.Cluster{Side: cluster.SideTarget, Namespace: "shop", Kube: kube}, "a=b")
			if (err != nil) != c.fails {
				t.Fatalf("%s: %v", c.reason, err)
			}
			left := 0
			for kind, list := range map[string]schema.GroupVersionResource{"Pod": corev1.SchemeGroupVersion.WithResource("pods"),
				"Secret": corev1.SchemeGroupVersion.WithResource("secrets"), "Service": corev1.SchemeGroupVersion.WithResource("services")} {
				if _, err := kube.Tracker().Get(list, "shop", "worker"); err == nil {
					t.Logf("%s worker is left", kind)
					left++
				}
			}
			if (left > 0) != c.fails {
				t.Errorf("%s: %d objects are left", c.reason, left)
			}
			if _, err := kube.CoreV1().Pods("shop").Get(ctx, "another", getOptions); err != nil {
				t.Error("a Pod of another client is gone")
			}
		})
	}
}

func TestGraceOf(t *testing.T) {
	going := &metav1.Time{Time: noon}
	pod := func(phase corev1.PodPhase, deleted *metav1.Time, state corev1.ContainerState) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: deleted},
			Status: corev1.PodStatus{Phase: phase, ContainerStatuses: []corev1.ContainerStatus{{State: state}}}}
	}
	running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	ended := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}
	for name, c := range map[string]struct {
		reason string
		pod    *corev1.Pod
		grace  int64
		ask    bool
	}{
		"Gone":         {"there is nothing to delete", nil, 0, false},
		"Running":      {"it ends its work first", pod(corev1.PodRunning, nil, running), deleteGrace, true},
		"Asked":        {"it has been asked", pod(corev1.PodRunning, going, running), deleteGrace, false},
		"Succeeded":    {"its kubelet has said so", pod(corev1.PodSucceeded, nil, ended), 0, true},
		"Ended, asked": {"nothing is waited for any more", pod(corev1.PodSucceeded, going, ended), 0, true},
		"Lost": {"it may run unseen: only its node or a person lets it go",
			pod(corev1.PodFailed, going, running), deleteGrace, false},
	} {
		t.Run(name, func(t *testing.T) {
			if grace, ask := graceOf(c.pod); grace != c.grace || ask != c.ask {
				t.Errorf("%s: got %d, %v, want %d, %v", c.reason, grace, ask, c.grace, c.ask)
			}
		})
	}
}

// TestRemoveOthersGivesUp: a worker of an earlier run on a node that is down does not block a run
// without a word.
func TestRemoveOthersGivesUp(t *testing.T) {
	s := testSpec(api.TriggerFinal)
	s.startTimeout = 50 * time.Millisecond
	pod := workerOf(testSpec(api.TriggerRequest), task.RoleTarget, "copy")
	pod.Labels[api.RunLabel] = "another"
	client := fake.NewClientset(&pod)
	client.PrependReactor("delete", "pods", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, nil })
	s.Target = &cluster.Cluster{Side: cluster.SideTarget, Namespace: pod.Namespace, Kube: client}
	err := AsError(removeOthers(t.Context(), s, s.Target, task.RoleTarget, "copy"))
	if err == nil || err.Retry != task.RetryLater || !strings.Contains(err.Message, "node may be down") {
		t.Errorf("got %v", err)
	}
}
