package transfer

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/task"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, object any) {
	t.Helper()
	got, err := yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name+".yaml")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got); if it is meant to be so: go test -update\n%s", file, diff)
	}
}

func TestBuildPod(t *testing.T) {
	restic := task.Mobilizer{Name: "restic", Image: "ddm:1", Command: []string{"kubemove-ddm", "restic", "sync"},
		Open: []string{"kubemove-ddm", "restic", "open"}, State: true, Parameters: map[string]string{"compression": "off"}}
	plain := task.Mobilizer{Name: "plain", Image: "example.com/plain:2"}
	volume := application.Volume{Name: "data", Target: "copy", Policy: api.ClaimCopy, Mobilizer: "restic", CapacityBytes: 5 << 30,
		Identity: application.Identity{
			UID: new(int64(999)), GID: new(int64(998)), Groups: []int64{997}, FSGroup: new(int64(997)),
			SELinux: &corev1.SELinuxOptions{Level: "s0:c1,c2"},
		}}
	anyUser := volume
	anyUser.Identity = application.Identity{}
	tolerations := []corev1.Toleration{{Key: "db", Operator: corev1.TolerationOpExists}}
	placed := anyUser
	placed.Placement = application.Placement{
		NodeSelector: map[string]string{"disk": "ssd"}, Tolerations: tolerations, Group: "data-db-0",
		NodeAffinity: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "zone", Operator: corev1.NodeSelectorOpIn, Values: []string{"z1"}}},
		}}},
	}
	final, request := testSpec(api.TriggerFinal), testSpec(api.TriggerRequest)
	request.PullPolicy = corev1.PullIfNotPresent
	cases := map[string]struct {
		spec Spec
		in   podInput
	}{
		"source": {final, podInput{Role: task.RoleSource, Volume: volume,
			Mobilizer: restic, Try: 1, Placement: placement{Node: "node-1", Placement: application.Placement{Tolerations: tolerations}}}},
		"target": {final,
			podInput{Role: task.RoleTarget, Volume: volume, Mobilizer: restic, Try: 2, Origin: "data-uid", Copy: "whole/0123456789", Whole: true}},
		"target-placed": {final, podInput{Role: task.RoleTarget, Volume: placed, Mobilizer: plain, Try: 1, Placement: targetPlacement(placed)}},
		"plain-target":  {request, podInput{Role: task.RoleTarget, Volume: anyUser, Mobilizer: plain, Try: 1}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			pod, err := buildPod(tc.spec, tc.in)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "pod-"+name, pod)
			if _, err := task.Decode([]byte(pod.Annotations[task.TaskAnnotation])); err != nil {
				t.Errorf("the task of the Pod: %v", err)
			}
		})
	}
	golden(t, "repository", buildRepository(final, volume, "data-uid", new("fast")))
	survey, err := buildSurvey(request, volume, placement{Node: "node-1"})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "pod-survey", survey)
	volume.PrivilegedSource = true
	if survey, err = buildSurvey(request, volume, placement{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "pod-survey-privileged", survey)
	owner, err := buildOwner(request, application.Volume{Name: "data"}, placement{Node: "node-1"})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "pod-owner", owner)
}

// TestNoSecretInPods: what a Pod says is readable by many.
func TestNoSecretInPods(t *testing.T) {
	s := testSpec(api.TriggerFinal)
	channel, err := NewChannel(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s.Channel = channel
	in := podInput{Role: task.RoleTarget, Volume: s.Volumes[0], Mobilizer: task.Mobilizer{Image: "x"}, Try: 1}
	pod, err := buildPod(s, in)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{s.password(in), "PRIVATE KEY", string(channel.Master)} {
		if strings.Contains(string(data), secret) {
			t.Error("the Pod holds a secret")
		}
	}
}

// TestSurveyNames: a Pod that looks as one user is not taken for that of another.
func TestSurveyNames(t *testing.T) {
	s := testSpec(api.TriggerRequest)
	v := application.Volume{Name: strings.Repeat("a", 60), Identity: application.Identity{UID: new(int64(1))}}
	v.Candidates = []application.Candidate{{Identity: v.Identity}, {Identity: application.Identity{UID: new(int64(2))}}}
	seen := map[string]bool{}
	for _, c := range v.Choices() {
		v.Identity = c
		pod, err := buildSurvey(s, v, placement{})
		if err != nil {
			t.Fatal(err)
		}
		if seen[pod.Name] || len(pod.Name) > 63 {
			t.Errorf("%q is the name of two Pods, or too long", pod.Name)
		}
		seen[pod.Name] = true
	}
}

func TestNames(t *testing.T) {
	long := strings.Repeat("a", 200) + ".data"
	for _, claim := range []string{"data", "www.example.com", long, "x.-y"} {
		name := workerName("run-1", claim, task.RoleSource)
		if len(credentialsSecretName(name)) > 253 || len(name) > 63 || strings.Contains(name, "..") || strings.Contains(name, ".") {
			t.Errorf("worker of %q is named %q", claim, name)
		}
		if workerName("run-2", claim, task.RoleSource) == name {
			t.Errorf("two runs of %q share a name", claim)
		}
	}
	s := testSpec(api.TriggerFinal)
	s.Channel.Master = []byte("m")
	seen := map[string]string{}
	for what, in := range map[string]podInput{
		"a claim":           {Mobilizer: ownMobilizer(""), Origin: "a"},
		"another claim":     {Mobilizer: ownMobilizer(""), Origin: "b"},
		"a place":           {Mobilizer: ownMobilizer("s3:https://s3/bucket"), Volume: application.Volume{Name: "data"}, Origin: "a"},
		"a place elsewhere": {Mobilizer: ownMobilizer("s3:https://s3/bucket"), Volume: application.Volume{Name: "cache"}, Origin: "a"},
	} {
		p := s.password(in)
		if other := seen[p]; other != "" || len(p) != 64 {
			t.Errorf("%s has the password of %q, of %d characters", what, other, len(p))
		}
		seen[p] = what
	}
}

func TestObservePod(t *testing.T) {
	said := `{"apiVersion":"task.kubemove.io/v1alpha1","runID":"run-1","result":{"outcome":"Succeeded"}}`
	pod := func(change func(*corev1.PodStatus)) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "w"}, Status: corev1.PodStatus{Phase: corev1.PodPending}}
		change(&p.Status)
		return p
	}
	initStatus := func(s corev1.ContainerState, started bool) []corev1.ContainerStatus {
		return []corev1.ContainerStatus{{Name: agentContainer, Image: "task:1", State: s, Started: &started}}
	}
	running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	cases := map[string]struct {
		reason string
		pod    *corev1.Pod
		want   side
	}{
		"none": {"no Pod", nil, side{}},
		"unschedulable": {"the scheduler's words", pod(func(s *corev1.PodStatus) {
			s.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable",
				Message: "0/3 nodes are available"}}
		}), side{Exists: true, Problem: "Unschedulable: 0/3 nodes are available"}},
		"scheduled": {"others of its group can follow", &corev1.Pod{Spec: corev1.PodSpec{NodeName: "n"}}, side{Exists: true, Scheduled: true}},
		"no image": {"the kubelet's words", pod(func(s *corev1.PodStatus) {
			s.InitContainerStatuses = initStatus(
				corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "Back-off\n pulling"}}, false)
		}), side{Exists: true, Problem: "container agent (image task:1): ImagePullBackOff: Back-off pulling"}},
		"waiting for go": {"the agent can be dialled", pod(func(s *corev1.PodStatus) {
			s.InitContainerStatuses = initStatus(running, false)
			s.ContainerStatuses = []corev1.ContainerStatus{{Name: workerContainer,
				State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "PodInitializing"}}}}
		}), side{Exists: true, Agent: true}},
		"at work": {"go was given", pod(func(s *corev1.PodStatus) {
			s.InitContainerStatuses = initStatus(running, true)
			s.ContainerStatuses = []corev1.ContainerStatus{{Name: workerContainer, State: running}}
		}), side{Exists: true, Agent: true, Started: true, Running: true}},
		"ended": {"exit code, and the agent's last words", pod(func(s *corev1.PodStatus) {
			s.Phase = corev1.PodSucceeded
			s.InitContainerStatuses = initStatus(corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: said}}, false)
			s.ContainerStatuses = []corev1.ContainerStatus{{Name: workerContainer,
				State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Completed", FinishedAt: metav1.NewTime(noon)}}}}
		}), side{Exists: true, Exit: &exit{Reason: "Completed", At: noon},
			Status: &task.Status{APIVersion: task.APIVersion, RunID: "run-1", Result: &task.Result{Outcome: task.OutcomeSucceeded}}}},
		"words of another run": {"they do not count", pod(func(s *corev1.PodStatus) {
			s.InitContainerStatuses = initStatus(
				corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: strings.Replace(said, "run-1", "run-0", 1)}}, false)
		}), side{Exists: true}},
		"evicted": {"no exit code: the Pod is lost",
			pod(func(s *corev1.PodStatus) { s.Phase, s.Reason, s.Message = corev1.PodFailed, "Evicted", "low on memory" }),
			side{Exists: true, Lost: "the Pod has failed: Evicted: low on memory"}},
		"node lost": {"a kubelet that lost track of a container knows no exit code", pod(func(s *corev1.PodStatus) {
			s.Phase = corev1.PodFailed
			s.ContainerStatuses = []corev1.ContainerStatus{{Name: workerContainer,
				State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "ContainerStatusUnknown", ExitCode: 137}}}}
		}), side{Exists: true, Lost: "the Pod has failed: Unknown"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, observePod(tc.pod, "run-1")); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestRepositorySize(t *testing.T) {
	cases := map[string]struct {
		reason string
		volume application.Volume
		want   int64
	}{
		"Unknown": {"as much as the claim can hold", application.Volume{CapacityBytes: 5 << 30}, 5 << 30},
		"Small":   {"it is not known, and the claim is tiny", application.Volume{CapacityBytes: 1 << 20}, 1 << 30},
		"Empty":   {"its own files need room", application.Volume{CapacityBytes: 1 << 40, Usage: &application.Usage{}}, 256 << 20},
		"Used": {"a quarter more than is used",
			application.Volume{CapacityBytes: 1 << 40, Usage: &application.Usage{Bytes: 4 << 30, Allocated: 4 << 30}}, 5<<30 + 256<<20},
		"Sparse": {"holes take no room",
			application.Volume{CapacityBytes: 1 << 40, Usage: &application.Usage{Bytes: 1 << 40, Allocated: 512 << 20}}, 1<<30 + 512<<20},
		"Rounded": {"up to a round number", application.Volume{Usage: &application.Usage{Bytes: 1, Allocated: 4096}}, 320 << 20},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := repositorySize(tc.volume); got != tc.want {
				t.Errorf("%s: got %d MiB, want %d MiB", tc.reason, got>>20, tc.want>>20)
			}
		})
	}
}
