package jobs

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/task"
)

func spec() Spec { return specOf(task.VerbPlan, func(*api.MovePair, *config.Config) {}) }

// specOf a step of a pair, after a change of that and of the installation.
func specOf(verb task.Verb, change func(*api.MovePair, *config.Config)) Spec {
	pair := &api.MovePair{ObjectMeta: metav1.ObjectMeta{Name: "shop-cloud", Namespace: "ns", UID: "pair-uid"}}
	pair.Spec.Engine = "shop"
	pair.Spec.Target = api.Target{Name: "cloud", Endpoint: api.Endpoint{Namespace: "far",
		Cluster: &api.ClusterAccess{KubeconfigSecretRef: api.SecretKeyReference{Name: "cloud"}}}}
	c := config.Config{TaskImage: "task:1", ImagePullSecret: "pull",
		Mobilizers: map[string]config.Mobilizer{"restic": {Spec: config.MobilizerSpec{Type: config.Worker, Image: "ddm:1"}}}}
	change(pair, &c)
	t := Task(pair, verb, c)
	return Spec{Subject: OfPair(PrefixPair, pair, pair), Intent: "abcdefgh", Attempt: 2,
		Task: t, Credentials: t.Move.Mobilizers, Account: DataAccount("shop-cloud"), Config: c}
}

// What a task is told: where it is, where the endpoints are, and its own name.
func TestBuildTask(t *testing.T) {
	j, err := Build(spec())
	if err != nil {
		t.Fatal(err)
	}
	got, err := task.Decode([]byte(j.Spec.Template.Annotations[task.TaskAnnotation]))
	if err != nil {
		t.Fatal(err)
	}
	want := &task.Task{
		APIVersion: task.APIVersion, Verb: task.VerbPlan, Run: task.Run{ID: j.Name},
		Source: task.Endpoint{Namespace: "ns"},
		Target: task.Endpoint{Namespace: "far", Kubeconfig: "/kubemove/kubeconfig/target/kubeconfig", KubeconfigSecret: "cloud"},
		Move: &task.Move{Home: "ns", Job: j.Name, Engine: "shop", Pair: task.Object{Name: "shop-cloud", UID: "pair-uid"},
			Mobilizers: []task.Mobilizer{{Name: "restic", Image: "ddm:1"}}, AgentImage: "task:1", ProgressSeconds: 10},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if j.Labels[api.AttemptLabel] != "2" || j.Labels[api.StepLabel] != "plan" || !strings.HasSuffix(j.Name, "-plan-abcdefgh-2") {
		t.Errorf("Job %s has the labels %v", j.Name, j.Labels)
	}
}

// A Job can work for any object: nothing of it is taken from a pair.
func TestBuildSubject(t *testing.T) {
	s := Spec{Subject: Subject{Prefix: "pp", Namespace: "ns", Name: "member", Labels: map[string]string{"policy": "uid"}},
		Intent: "abcdefgh", Attempt: 1,
		Task: task.Task{Verb: "promote-backup",
			Source: task.Endpoint{Namespace: "a", Kubeconfig: "/kubemove/kubeconfig/source/config", KubeconfigSecret: "member"}},
		Account: "policy", Config: config.Config{TaskImage: "task:1"}}
	j, err := Build(s)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(j.Name, "pp-member-") || j.Labels["policy"] != "uid" || j.Spec.Template.Labels["policy"] != "uid" ||
		j.Labels[api.PairLabel] != "" {
		t.Errorf("Job %s has the labels %v", j.Name, j.Labels)
	}
	var found []string
	for _, v := range j.Spec.Template.Spec.Volumes {
		if v.Secret != nil {
			found = append(found, v.Secret.SecretName+" "+v.Secret.Items[0].Key)
		}
	}
	if d := cmp.Diff([]string{"member config"}, found); d != "" {
		t.Errorf("the kubeconfigs of its endpoints: -want +got\n%s", d)
	}
}

// Every container is restricted, has requests and limits; only ours get a token.
func TestBuildRestricted(t *testing.T) {
	driver := spec()
	driver.Driver = &config.Mobilizer{Spec: config.MobilizerSpec{Type: config.Driver, Image: "foreign:1",
		Command: map[task.Verb][]string{task.VerbPlan: {"run"}}}}
	for name, s := range map[string]Spec{"Own": spec(), "Driver": driver} {
		t.Run(name, func(t *testing.T) {
			j, err := Build(s)
			if err != nil {
				t.Fatal(err)
			}
			pod := j.Spec.Template.Spec
			volumes := map[string]bool{}
			for _, v := range pod.Volumes {
				volumes[v.Name] = true
			}
			if *pod.AutomountServiceAccountToken || !*pod.SecurityContext.RunAsNonRoot || pod.RestartPolicy != corev1.RestartPolicyNever ||
				pod.ImagePullSecrets[0].Name != "pull" {
				t.Errorf("the Pod is not as it should be: %+v", pod)
			}
			for _, c := range append(pod.InitContainers, pod.Containers...) {
				checkContainer(t, c, volumes)
			}
			if c := pod.Containers[0]; c.Name != *j.Spec.PodFailurePolicy.Rules[0].OnExitCodes.ContainerName {
				t.Errorf("the failure policy watches another container than %s", c.Name)
			}
			if name == "Driver" && (len(pod.InitContainers) != 1 ||
				*pod.InitContainers[0].RestartPolicy != corev1.ContainerRestartPolicyAlways || pod.InitContainers[0].Args[0] != "report") {
				t.Errorf("nothing reports for the coordinator: %+v", pod.InitContainers)
			}
		})
	}
}

func checkContainer(t *testing.T, c corev1.Container, volumes map[string]bool) {
	t.Helper()
	sc := c.SecurityContext
	if *sc.AllowPrivilegeEscalation || !*sc.ReadOnlyRootFilesystem || sc.Capabilities.Drop[0] != "ALL" {
		t.Errorf("container %s is not restricted", c.Name)
	}
	if len(c.Resources.Limits) != 2 || len(c.Resources.Requests) != 2 {
		t.Errorf("container %s has no requests or limits", c.Name)
	}
	for _, m := range c.VolumeMounts {
		if !volumes[m.Name] {
			t.Errorf("container %s mounts %s, which the Pod does not have", c.Name, m.Name)
		}
		if m.Name == volumeToken && c.Image != "task:1" {
			t.Errorf("the foreign container %s gets a token", c.Name)
		}
	}
}

// Quantities are written as the API server writes them, or they would differ for ever.
func TestBuildCanonical(t *testing.T) {
	j, err := Build(spec())
	if err != nil {
		t.Fatal(err)
	}
	first, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	again := j.DeepCopy()
	if err := json.Unmarshal(first, again); err != nil {
		t.Fatal(err)
	}
	second, err := json.Marshal(again)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(first), string(second)); d != "" {
		t.Errorf("-first +second\n%s", d)
	}
	if strings.Contains(string(first), "null") {
		t.Errorf("an explicit null: %s", first)
	}
}

func TestBuildTooLarge(t *testing.T) {
	s := spec()
	for range 300 {
		s.Task.Move.Application.Workloads = append(s.Task.Move.Application.Workloads,
			api.WorkloadReference{Kind: "Deployment", Name: strings.Repeat("x", 253)})
	}
	_, err := Build(s)
	if _, ok := errors.AsType[*TooLargeError](err); !ok {
		t.Errorf("error = %v, want a TooLargeError", err)
	}
}

// TestPlanLeavesRoom: a task that fits for the plan fits for what follows it.
func TestPlanLeavesRoom(t *testing.T) {
	if plan, cutover := maxSize(task.VerbPlan), maxSize(task.VerbCutover); plan >= cutover || cutover != task.MaxSize {
		t.Errorf("a plan may have %d bytes and a cutover %d: expected less for the plan, as a switch adds to it", plan, cutover)
	}
}

// The largest patches that the schema takes leave room for the rest of a task.
func TestBuildLargestPatches(t *testing.T) {
	s := specOf(task.VerbPlan, func(pair *api.MovePair, _ *config.Config) {
		pair.Spec.Target.Kustomization = &api.Kustomization{Patches: []api.KustomizePatch{{Patch: strings.Repeat("\n", 16384)}}}
	})
	if got := len(s.Task.Move.Kustomizations); got != 1 {
		t.Fatalf("%d kustomizations in the task, want that of the target", got)
	}
	if _, err := Build(s); err != nil {
		t.Errorf("patches of 16384 lines do not fit: %v", err)
	}
}

// Those verbs that hand credentials on find them, and no other verb does; the task names the
// Secret and holds nothing of it.
func TestBuildCredentials(t *testing.T) {
	cases := map[string]struct {
		reason string
		verb   task.Verb
		want   bool
	}{
		"Plan":     {"it says what is missing", task.VerbPlan, true},
		"Open":     {"it proves the place", task.VerbOpen, true},
		"Sync":     {"it copies", task.VerbSync, true},
		"Cutover":  {"it copies", task.VerbCutover, true},
		"Rollback": {"it copies nothing, and must work without", task.VerbRollback, false},
		"Cleanup":  {"it copies nothing, and must work without", task.VerbCleanup, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := specOf(tc.verb, func(pair *api.MovePair, c *config.Config) {
				c.Mobilizers["restic"] = config.Mobilizer{Spec: config.MobilizerSpec{Credentials: []string{"KEY"},
					Command: map[task.Verb][]string{task.VerbOpen: {"open"}}}}
				pair.Spec.Data.Mobilizers = []api.Mobilizer{{Name: "restic", CredentialsSecretRef: &api.LocalReference{Name: "s3"}}, {Name: "plain"}}
			})
			j, err := Build(s)
			if err != nil {
				t.Fatal(err)
			}
			pod := j.Spec.Template.Spec
			var found []string
			for _, v := range pod.Volumes {
				if v.Secret != nil && v.Secret.SecretName == "s3" {
					found = append(found, v.Name)
					if !*v.Secret.Optional || len(v.Secret.Items) > 0 {
						t.Errorf("%s: a Pod that waits for it could not say what is missing: %+v", tc.reason, v.Secret)
					}
				}
			}
			for _, m := range pod.Containers[0].VolumeMounts {
				if m.MountPath == "/kubemove/credentials/restic" && m.ReadOnly {
					found = append(found, "mounted")
				}
			}
			var want []string
			if tc.want {
				want = []string{"credentials-restic", "mounted"}
			}
			if d := cmp.Diff(want, found); d != "" {
				t.Errorf("%s: -want +got\n%s", tc.reason, d)
			}
			got := s.Task.Move.Mobilizers[0]
			if d := cmp.Diff(task.Mobilizer{Name: "restic", Open: []string{"open"}, Credentials: []string{"KEY"}, CredentialsSecret: "s3"},
				got); d != "" {
				t.Errorf("%s: -want +got\n%s", tc.reason, d)
			}
		})
	}
}

// TestOptionalKubeconfigs: a Pod that says what is missing starts without a kubeconfig; the others wait for it.
func TestOptionalKubeconfigs(t *testing.T) {
	for name, c := range map[string]struct {
		reason   string
		verb     task.Verb
		optional bool
	}{
		"Plan":    {"it makes a blocker of it", task.VerbPlan, true},
		"Watch":   {"it says that the endpoint is lost", task.VerbWatch, true},
		"Cutover": {"it cannot go back without", task.VerbCutover, false},
		"Cleanup": {"it has nothing to do without", task.VerbCleanup, false},
	} {
		t.Run(name, func(t *testing.T) {
			j, err := Build(specOf(c.verb, func(pair *api.MovePair, _ *config.Config) {
				pair.Spec.Target.Endpoint = api.Endpoint{Namespace: "there",
					Cluster: &api.ClusterAccess{KubeconfigSecretRef: api.SecretKeyReference{Name: "cloud"}}}
			}))
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, v := range j.Spec.Template.Spec.Volumes {
				if v.Secret != nil && v.Secret.SecretName == "cloud" {
					found = true
					if got := v.Secret.Optional != nil && *v.Secret.Optional; got != c.optional {
						t.Errorf("%s: optional %t", c.reason, got)
					}
				}
			}
			if !found {
				t.Errorf("%s: the kubeconfig is not mounted", c.reason)
			}
		})
	}
}
