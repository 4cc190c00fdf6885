package transfer

import (
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
	"github.com/kubemove/kubemove/internal/survey"
	"github.com/kubemove/kubemove/task"
)

func tryoutOf(name string, uid int64, class string) Tryout {
	return Tryout{Volume: application.Volume{Name: name, Target: name, Identity: application.Identity{UID: &uid, GID: &uid}}, Class: &class}
}

// said is how a probe's Pod ends.
func said(message string) corev1.PodStatus {
	return corev1.PodStatus{Phase: corev1.PodSucceeded, ContainerStatuses: []corev1.ContainerStatus{{Name: probeContainer,
		State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: message}}}}}
}

// leftClaims are the claims in the target's namespace.
func leftClaims(t *testing.T, s Spec) []string {
	t.Helper()
	list, err := s.Target.Kube.CoreV1().PersistentVolumeClaims(s.Target.Namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range list.Items {
		out = append(out, c.Name)
	}
	return out
}

func TestTryTargets(t *testing.T) {
	denied := `{"problem":"cannot make a folder: permission denied","denied":true}`
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "persistentvolumeclaims"}, "p", errors.New("exceeded quota: q"))
	cases := map[string]struct {
		reason  string
		status  corev1.PodStatus
		claim   error
		want    string
		because string
		untried string
	}{
		"Writes": {reason: "nothing stands in the way", status: said(`{}`)},
		"Denied": {reason: "what was tried, as whom, and how to allow it",
			status: said(denied), want: "runs as user 1001 at the target, and on a new volume of StorageClass fast it cannot make a folder: " +
				"permission denied. Set fsGroup in the securityContext of the workload's Pods, or let an administrator of the target allow a " +
				"worker with all rights: kubectl annotate namespace to kubemove.io/privileged-movers=true", because: api.ReasonNeedsPrivilegedMover},
		"Broken": {reason: "a volume that fails for every user",
			status: said(`{"problem":"cannot write a file: input/output error"}`), want: "input/output error", because: api.ReasonSyncFailed},
		"Crashed": {reason: "no report is no success",
			status: corev1.PodStatus{Phase: corev1.PodFailed, Message: "evicted"}, want: "evicted", because: ReasonWorkerFailed},
		"Garbage": {reason: "no report is no success", status: said("x"), want: "failed at the target: x", because: ReasonWorkerFailed},
		"Quota":   {reason: "a claim more than there is room for is no reason not to move", claim: forbidden, untried: "exceeded quota"},
		"Gone": {reason: "an API server that fails is no verdict on the user",
			claim: errors.New("no connection"), want: "no connection", because: api.ReasonSyncFailed},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := testSpec(api.TriggerRequest)
				kube := played(func(string) corev1.PodStatus { return tc.status })
				if tc.claim != nil {
					kube.PrependReactor("create", "persistentvolumeclaims",
						func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, tc.claim })
				}
				s.Target.Kube = kube
				got := TryTargets(t.Context(), s, []Tryout{tryoutOf("data", 1001, "fast")})[0]
				if (got.Err == nil) != (tc.want == "") ||
					got.Err != nil && (!strings.Contains(got.Err.Message, tc.want) || got.Err.Reason != tc.because || got.Err.Volume != "data") {
					t.Errorf("%s: got %+v", tc.reason, got.Err)
				}
				if (got.Untried == "") != (tc.untried == "") || !strings.Contains(got.Untried, tc.untried) {
					t.Errorf("%s: untried is %q", tc.reason, got.Untried)
				}
				if left := leftNames(t, kube, "to"); left != "" || len(leftClaims(t, s)) > 0 {
					t.Errorf("left are %s %v", left, leftClaims(t, s))
				}
			})
		})
	}
}

// TestTryTargetsOnce: volumes of one class and one user have the same answer.
func TestTryTargetsOnce(t *testing.T) {
	s := testSpec(api.TriggerRequest)
	var uids []int64
	var claims []string
	kube := played(func(string) corev1.PodStatus { return said(`{"problem":"no","denied":true}`) })
	kube.PrependReactor("create", "pods", func(a clienttesting.Action) (bool, runtime.Object, error) {
		uids = append(uids, *a.(clienttesting.CreateAction).GetObject().(*corev1.Pod).Spec.SecurityContext.RunAsUser)
		return false, nil, nil
	})
	kube.PrependReactor("create", "persistentvolumeclaims", func(a clienttesting.Action) (bool, runtime.Object, error) {
		c := a.(clienttesting.CreateAction).GetObject().(*corev1.PersistentVolumeClaim)
		claims = append(claims, *c.Spec.StorageClassName)
		return false, nil, nil
	})
	s.Target.Kube = kube
	s.Limits.ConcurrentVolumes = 1
	got := TryTargets(t.Context(), s,
		[]Tryout{tryoutOf("a", 1, "fast"), tryoutOf("b", 1, "fast"), tryoutOf("c", 2, "fast"), tryoutOf("d", 1, "slow")})
	if diff := cmp.Diff([]int64{1, 2, 1}, uids); diff != "" {
		t.Errorf("Pods of the users (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"fast", "fast", "slow"}, claims); diff != "" {
		t.Errorf("claims of the classes (-want +got):\n%s", diff)
	}
	for i, name := range []string{"a", "b", "c", "d"} {
		if got[i].Err == nil || got[i].Err.Volume != name {
			t.Errorf("the answer for %s is %+v", name, got[i].Err)
		}
	}
}

func TestTryoutOwners(t *testing.T) {
	root := tryoutOf("data", 0, "")
	root.Volume.Identity.Capabilities = application.CopyCapabilities()
	cases := map[string]struct {
		reason string
		tryout Tryout
		files  []survey.Owner
		want   []survey.Owner
	}{
		"Root": {"root gives files to their owners", root, []survey.Owner{{UID: 1001, GID: 5}}, []survey.Owner{{UID: 1001, GID: 5}}},
		"Foreign": {"what the user could not own anyway the survey has found",
			tryoutOf("data", 7, ""), []survey.Owner{{UID: 8, GID: 7}, {UID: 7, GID: 7}}, []survey.Owner{{UID: 7, GID: 7}}},
		"Empty": {"an empty volume: its own files", tryoutOf("data", 7, ""), nil, []survey.Owner{{UID: 7, GID: 7}}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tc.tryout.Owners = tc.files
			if diff := cmp.Diff(tc.want, tc.tryout.owners()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestBuildProbe(t *testing.T) {
	s := testSpec(api.TriggerRequest)
	in := tryoutOf("data", 999, "fast")
	in.Volume.Identity.FSGroup = new(int64(5))
	in.Size, in.Modes = 5<<30, []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany}
	pod, err := buildProbe(s, in, "kubemove-probe-1")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "pod-probe", pod)
	claim := buildProbeClaim(s, in, "kubemove-probe-1")
	golden(t, "claim-probe", claim)
	worker, err := buildPod(s, podInput{Role: task.RoleTarget, Volume: in.Volume, Mobilizer: task.Mobilizer{Image: "x"}, Try: 1})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(worker.Spec.SecurityContext, pod.Spec.SecurityContext); diff != "" {
		t.Errorf("the probe is not the worker (-worker +probe):\n%s", diff)
	}
	if diff := cmp.Diff(worker.Spec.Containers[0].SecurityContext, pod.Spec.Containers[0].SecurityContext); diff != "" {
		t.Errorf("the probe has other rights (-worker +probe):\n%s", diff)
	}
}

// TestForgetProbes: what a killed task has left is removed, and nothing else.
func TestForgetProbes(t *testing.T) {
	s := testSpec(api.TriggerRequest)
	claim := buildProbeClaim(s, tryoutOf("data", 1, "fast"), "probe")
	used := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data", Namespace: "to"}}
	other := claim.DeepCopy()
	other.Name, other.Labels[api.PairLabel] = "other", "another-pair"
	pod, err := buildProbe(s, tryoutOf("data", 1, "fast"), "probe")
	if err != nil {
		t.Fatal(err)
	}
	for name, clean := range map[string]func() error{
		"Open": func() error { return ForgetProbes(t.Context(), s.Target, s.PairUID) },
		"CleanUp": func() error {
			return Cleanup(t.Context(), s.Target, s.PairUID, CleanupOptions{All: true, Lineage: s.PairUID})
		},
	} {
		t.Run(name, func(t *testing.T) {
			kube := fake.NewClientset(claim.DeepCopy(), used.DeepCopy(), other.DeepCopy(), pod.DeepCopy())
			s.Target.Kube = kube
			if err := clean(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"data", "other"}, leftClaims(t, s)); diff != "" || leftNames(t, kube, "to") != "" {
				t.Errorf("left are the claims (-want +got):\n%s\nand %s", diff, leftNames(t, kube, "to"))
			}
		})
	}
}

// TestProbeClaimOnItsWayOut: the claim of a killed task is awaited, not mounted.
func TestProbeClaimOnItsWayOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testSpec(api.TriggerRequest)
		claim := buildProbeClaim(s, tryoutOf("data", 1, "fast"), "probe")
		old := claim.DeepCopy()
		old.DeletionTimestamp, old.Finalizers = new(metav1.Now()), []string{"kubernetes.io/pvc-protection"}
		kube := fake.NewClientset(old)
		s.Target.Kube = kube
		go func() {
			time.Sleep(10 * time.Second)
			_ = kube.Tracker().Delete(corev1.SchemeGroupVersion.WithResource("persistentvolumeclaims"), "to", "probe")
		}()
		if err := ensureProbeClaim(t.Context(), s, claim); err != nil {
			t.Fatal(err)
		}
		there, err := kube.CoreV1().PersistentVolumeClaims("to").Get(t.Context(), "probe", getOptions)
		if err != nil || there.DeletionTimestamp != nil {
			t.Errorf("got %v, %v", there, err)
		}
	})
}
