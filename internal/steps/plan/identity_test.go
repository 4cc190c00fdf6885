package plan

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

func num(n int64) *int64 { return &n }

func TestParseIDs(t *testing.T) {
	cases := map[string]struct {
		reason              string
		user, group, groups string
		want                *ids
	}{
		"Plain":   {"What id prints ends with a line feed.", "999\n", "998\n", "998 10 20\n", &ids{999, 998, []int64{998, 10, 20}}},
		"Root":    {"Root is a user, too.", "0\n", "0\n", "0\n", &ids{0, 0, []int64{0}}},
		"Name":    {"Something else than a number is no answer.", "root\n", "0\n", "0\n", nil},
		"Garbage": {"Something else than numbers is no answer.", "0\n", "0\n", "0 users\n", nil},
		"Empty":   {"A program that prints nothing has not answered.", "", "", "", nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := parseIDs(tc.user, tc.group, tc.groups)
			if (err == nil) != (tc.want != nil) {
				t.Fatalf("%s\ngot error %v", tc.reason, err)
			}
			if err != nil && (strings.Contains(err.Error(), "root") || strings.Contains(err.Error(), "users")) {
				t.Errorf("a program of the application may print anything, and the error quotes it: %v", err)
			}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(ids{})); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestComplete(t *testing.T) {
	cases := map[string]struct {
		reason string
		spec   application.Identity
		found  ids
		want   application.Identity
	}{
		"Nothing said": {
			reason: "The image decides: everything comes from the running container.",
			found:  ids{999, 999, []int64{999, 20, 10}},
			want:   application.Identity{UID: num(999), GID: num(999), Groups: []int64{10, 20}},
		},
		"Groups of the spec": {
			reason: "The spec's groups and the found ones are one set, whatever lists them.",
			spec:   application.Identity{Groups: []int64{2000, 10}},
			found:  ids{0, 0, []int64{0, 10, 2000}},
			want:   application.Identity{UID: num(0), GID: num(0), Groups: []int64{10, 2000}},
		},
		"User said": {
			reason: "The spec's user stands; its group comes from the container.",
			spec:   application.Identity{UID: num(70)},
			found:  ids{70, 71, nil},
			want:   application.Identity{UID: num(70), GID: num(71)},
		},
		"Another user": {
			reason: "A container that runs as another user says nothing about this user's group.",
			spec:   application.Identity{UID: num(70)},
			found:  ids{0, 0, nil},
			want:   application.Identity{UID: num(70)},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := complete(tc.spec, tc.found)
			if len(got.Groups) == 0 {
				got.Groups = nil
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// pod with containers that mount the claim data, and which of them run.
func pod(name string, mounts map[string]bool, change func(*corev1.Pod)) corev1.Pod {
	p := corev1.Pod{}
	p.Name, p.Kind, p.APIVersion = name, "Pod", "v1"
	p.Status.Phase = corev1.PodRunning
	p.Spec.Volumes = []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}}}
	for _, c := range []string{"a", "b", "c"} {
		mount, there := mounts[c]
		if !there {
			continue
		}
		container := corev1.Container{Name: c}
		if mount {
			container.VolumeMounts = []corev1.VolumeMount{{Name: "v", MountPath: "/data"}}
		}
		p.Spec.Containers = append(p.Spec.Containers, container)
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{Name: c,
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}})
	}
	if change != nil {
		change(&p)
	}
	return p
}

func TestMountingContainer(t *testing.T) {
	cases := map[string]struct {
		reason string
		pod    corev1.Pod
		claim  string
		wanted string
		want   string
	}{
		"Wanted": {"The one that the plan names is asked.", pod("p", map[string]bool{"a": true, "b": true}, nil), "data", "b", "b"},
		"First": {"Else the first that mounts the claim.",
			pod("p", map[string]bool{"a": false, "b": true, "c": true}, nil), "data", "", "b"},
		"Other claim": {"A Pod of another claim knows nothing.", pod("p", map[string]bool{"a": true}, nil), "other", "", ""},
		"Not running": {"A container that does not run cannot be asked.", pod("p", map[string]bool{"a": true}, func(p *corev1.Pod) {
			p.Status.ContainerStatuses[0].State = corev1.ContainerState{}
		}), "data", "", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := mountingContainer(&tc.pod, tc.claim, tc.wanted); got != tc.want {
				t.Errorf("%s\ngot %q, want %q", tc.reason, got, tc.want)
			}
		})
	}
}

func TestReported(t *testing.T) {
	p := pod("p", map[string]bool{"a": true, "b": true}, func(p *corev1.Pod) {
		p.Status.ContainerStatuses[0].User = &corev1.ContainerUser{Linux: &corev1.LinuxContainerUser{UID: 5, GID: 6,
			SupplementalGroups: []int64{6, 7}}}
	})
	if diff := cmp.Diff(&ids{5, 6, []int64{6, 7}}, reported(&p, "a"), cmp.AllowUnexported(ids{})); diff != "" {
		t.Errorf("what the kubelet reports: -want +got:\n%s", diff)
	}
	if got := reported(&p, "b"); got != nil {
		t.Errorf("an older kubelet reports nothing, got %v", got)
	}
}

func TestRunningPods(t *testing.T) {
	var objects []unstructured.Unstructured
	for _, p := range []corev1.Pod{
		pod("z", nil, nil),
		pod("a", nil, nil),
		pod("worker", nil, func(p *corev1.Pod) { p.Labels = map[string]string{api.ManagedByLabel: api.ManagedByValue} }),
		pod("pending", nil, func(p *corev1.Pod) { p.Status.Phase = corev1.PodPending }),
	} {
		o, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&p)
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, unstructured.Unstructured{Object: o})
	}
	var got []string
	for _, p := range runningPods(objects) {
		got = append(got, p.Name)
	}
	if diff := cmp.Diff([]string{"a", "z"}, got); diff != "" {
		t.Errorf("only the application's running Pods, in a fixed order: -want +got:\n%s", diff)
	}
}

// TestWaitsForPods: a switch that begins just when its Pods do waits for them, as its workers would run
// as another user than those of the plan that was read.
func TestWaitsForPods(t *testing.T) {
	web := &application.Ref{Group: "apps", Kind: "Deployment", Name: "web"}
	mounted := func(change func(*corev1.Pod)) []corev1.Pod {
		return []corev1.Pod{pod("web-1", map[string]bool{"a": true}, change)}
	}
	cases := map[string]struct {
		reason  string
		pods    []corev1.Pod
		askable *application.Ref
		spec    application.Identity
		unsure  bool
	}{
		"None": {reason: "no Pod is there yet", askable: web, unsure: true},
		"Pending": {reason: "its image is being pulled",
			pods: mounted(func(p *corev1.Pod) { p.Status.Phase = corev1.PodPending }), askable: web, unsure: true},
		"Creating": {reason: "another container runs already",
			pods: mounted(func(p *corev1.Pod) { p.Status.ContainerStatuses[0].State = corev1.ContainerState{} }), askable: web, unsure: true},
		"Group": {reason: "the group is asked for, too", askable: web, spec: application.Identity{UID: num(70)}, unsure: true},
		"Said":  {reason: "the spec says it all", askable: web, spec: application.Identity{UID: num(70), GID: num(70)}},
		"Off":   {reason: "no Pod will come"},
		"Reported": {reason: "the kubelet has told it", askable: web, pods: mounted(func(p *corev1.Pod) {
			p.Status.ContainerStatuses[0].User = &corev1.ContainerUser{Linux: &corev1.LinuxContainerUser{UID: 5, GID: 6}}
		})},
		"NoProgram": {reason: "an image without id never answers", askable: web, pods: mounted(nil)},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }))
			t.Cleanup(server.Close)
			source, err := cluster.New(cluster.SideSource, "shop", &rest.Config{Host: server.URL})
			if err != nil {
				t.Fatal(err)
			}
			var objects []unstructured.Unstructured
			for _, p := range tc.pods {
				o, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&p)
				if err != nil {
					t.Fatal(err)
				}
				objects = append(objects, unstructured.Unstructured{Object: o})
			}
			tc.spec.Container = "a"
			plan := &application.Plan{Volumes: []application.Volume{{Name: "data", Policy: api.ClaimCopy, Identity: tc.spec, Askable: tc.askable}}}
			if err := discoverIdentities(t.Context(), source, plan, objects); err != nil {
				t.Fatal(err)
			}
			if got := len(plan.Unsure) > 0; got != tc.unsure || got && !strings.Contains(plan.Unsure[0], "Pod of Deployment.apps/web") {
				t.Errorf("%s: got %q", tc.reason, plan.Unsure)
			}
		})
	}
}

// TestDiscoverCandidates: each container that mounts the claim is asked for itself.
func TestDiscoverCandidates(t *testing.T) {
	said := func(uid int64) *corev1.ContainerUser {
		return &corev1.ContainerUser{Linux: &corev1.LinuxContainerUser{UID: uid, GID: uid}}
	}
	full := pod("web-1", map[string]bool{"a": true, "b": true}, func(p *corev1.Pod) {
		p.Status.ContainerStatuses[0].User = said(5)
		p.Spec.InitContainers = []corev1.Container{{Name: "i", VolumeMounts: []corev1.VolumeMount{{Name: "v", MountPath: "/data"}}}}
		p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "i", User: said(0),
			State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}}}
	})
	older := *full.DeepCopy()
	older.Status.InitContainerStatuses[0].User = nil
	open := func(name string) application.Candidate {
		return application.Candidate{Identity: application.Identity{Container: name, Capabilities: application.CopyCapabilities()}}
	}
	known := func(uid int64, name string) application.Candidate {
		return application.Candidate{Identity: application.Identity{UID: num(uid), GID: num(uid), Container: name}}
	}
	root := known(0, "i")
	root.Capabilities = application.CopyCapabilities()
	cases := map[string]struct {
		reason string
		pods   []corev1.Pod
		want   []application.Candidate
		first  *int64
		unsure bool
	}{
		"All": {"the kubelet says it of the init container, too",
			[]corev1.Pod{full}, []application.Candidate{known(5, "a"), root}, num(5), false},
		"Older": {"nothing will ever be known of an init container that has ended",
			[]corev1.Pod{older}, []application.Candidate{known(5, "a"), open("i")}, num(5), false},
		"None": {"no Pod is there yet", nil, []application.Candidate{open("a"), open("i")}, nil, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var objects []unstructured.Unstructured
			for _, p := range tc.pods {
				o, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&p)
				if err != nil {
					t.Fatal(err)
				}
				objects = append(objects, unstructured.Unstructured{Object: o})
			}
			p := &application.Plan{Volumes: []application.Volume{{Name: "data", Policy: api.ClaimCopy, Identity: open("a").Identity,
				Candidates: []application.Candidate{open("a"), open("i")}, Askable: &application.Ref{Kind: "Deployment", Name: "web"}}}}
			hash := p.Hash()
			if err := discoverIdentities(t.Context(), nil, p, objects); err != nil {
				t.Fatal(err)
			}
			v := p.Volumes[0]
			if diff := cmp.Diff(tc.want, v.Users); diff != "" {
				t.Errorf("%s: (-want +got):\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.first, v.Identity.UID); diff != "" {
				t.Errorf("%s: the first choice (-want +got):\n%s", tc.reason, diff)
			}
			if got := len(p.Unsure) > 0; got != tc.unsure {
				t.Errorf("%s: unsure %q", tc.reason, p.Unsure)
			}
			if p.Hash() != hash {
				t.Errorf("%s: what containers say is no part of the hash", tc.reason)
			}
		})
	}
}
