package cutover

import (
	"errors"
	"slices"
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
	"sigs.k8s.io/yaml"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

func typed[T any](t *testing.T, text string) T {
	t.Helper()
	var out T
	if err := yaml.UnmarshalStrict([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func pod(t *testing.T, name, status string) corev1.Pod {
	t.Helper()
	return typed[corev1.Pod](t,
		`{metadata: {name: `+name+`, uid: u-`+name+`}, spec: {containers: [{name: c, image: "a:1"}]}, status: `+status+`}`)
}

func warning(t *testing.T, kind, name, reason, message, at string) corev1.Event {
	t.Helper()
	return typed[corev1.Event](t, `{involvedObject: {kind: `+kind+`, name: `+name+`}, type: Warning, reason: `+reason+`, message: '`+
		message+`', lastTimestamp: "2026-11-30T07:`+at+`:00Z"}`)
}

// TestDiagnose: what keeps Pods from being ready, in the cluster's words.
func TestDiagnose(t *testing.T) {
	const (
		ready = `{phase: Running, conditions: [{type: Ready, status: "True"}],
			containerStatuses: [{name: c, ready: true, state: {running: {}}}]}`
		created = `{phase: Pending, containerStatuses: [{name: c, state: {waiting: {reason: ContainerCreating}}}]}`
		unready = `{phase: Running, conditions: [{type: Ready, status: "False"}],
			containerStatuses: [{name: c, ready: false, state: {running: {}}}]}`
		inInit = `{phase: Pending, initContainerStatuses: [{name: wait, state: {running: {}}}],
			containerStatuses: [{name: c, state: {waiting: {reason: PodInitializing}}}]}`
		crashes = `{phase: Running, containerStatuses: [{name: c, restartCount: 5,
			state: {waiting: {reason: CrashLoopBackOff, message: back-off 5m0s}}, lastState: {terminated: {exitCode: 3, reason: Error}}}]}`
	)
	cases := map[string]struct {
		reason string
		seen   sickness
		want   []string
		not    []string
	}{
		"NoRoom": {"the scheduler's words", sickness{pods: []corev1.Pod{pod(t, "a", `{phase: Pending,
			conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 Insufficient cpu."}]}`)}},
			[]string{"Pod/a", "Insufficient cpu"}, nil},
		"NoImage": {"what the kubelet waits for", sickness{pods: []corev1.Pod{pod(t, "a",
			`{phase: Pending, containerStatuses: [{name: c, image: "a:1", state: {waiting: {reason: ImagePullBackOff, message: not found}}}]}`)}},
			[]string{"Pod/a", "container c", "ImagePullBackOff", "not found"}, nil},
		"Crashes": {"how it has ended, and its last words", sickness{pods: []corev1.Pod{pod(t, "a", crashes)}, lastLine: "cannot open /data/db"},
			[]string{"CrashLoopBackOff", "code 3", `last line of its log: "cannot open /data/db"`}, nil},
		"Mount": {"a Pod says nothing of its volumes, its events do", sickness{pods: []corev1.Pod{pod(t, "a", created)}, events: []corev1.Event{
			warning(t, "Pod", "a", "FailedMount", "secret x not found", "20"), warning(t, "Pod", "a", "Old", "gone", "10"),
			warning(t, "Pod", "b", "Other", "x", "30")}},
			[]string{"Pod/a", "FailedMount: secret x not found"}, []string{"Old", "Other"}},
		"Probe": {"it runs, and is not ready", sickness{pods: []corev1.Pod{pod(t, "a", unready)},
			events: []corev1.Event{warning(t, "Pod", "a", "Unhealthy", "Readiness probe failed: 503", "20")}},
			[]string{"Unhealthy: Readiness probe failed: 503"}, nil},
		"Silent": {"without an event",
			sickness{pods: []corev1.Pod{pod(t, "a", unready)}}, []string{"Pod/a", "container c runs and is not ready"}, nil},
		"Waits": {"an init container that does not end", sickness{pods: []corev1.Pod{pod(t, "a", inInit)}, lastLine: "waiting for db"},
			[]string{"init container wait has not ended", "waiting for db"}, nil},
		"Evicted": {"a Pod that has failed as a whole",
			sickness{pods: []corev1.Pod{pod(t, "a", `{phase: Failed, reason: Evicted, message: The node was low on memory}`)}},
			[]string{"Evicted: The node was low on memory"}, nil},
		"Several": {"the others by name", sickness{pods: []corev1.Pod{pod(t, "b", crashes), pod(t, "a", created), pod(t, "c", ready)}},
			[]string{"Pod/b: ", "CrashLoopBackOff", "Pod/a"}, []string{"Pod/c"}},
		"NoPod": {"nothing lets the Pod in", sickness{makers: []string{"Deployment/web", "ReplicaSet/web-1"},
			events: []corev1.Event{warning(t, "ReplicaSet", "web-1", "FailedCreate", "exceeded quota", "20")}},
			[]string{"ReplicaSet/web-1", "FailedCreate: exceeded quota"}, nil},
		"Healthy": {"nothing to say", sickness{pods: []corev1.Pod{pod(t, "a", ready)}}, nil, []string{"Pod/a"}},
		"Nothing": {"no Pod and no event", sickness{}, nil, []string{"Pod"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tc.seen.program = func(text string) string { return text }
			got := diagnose(tc.seen)
			for _, part := range tc.want {
				if !strings.Contains(got, part) {
					t.Errorf("%s: want %q in %q", tc.reason, part, got)
				}
			}
			for _, part := range tc.not {
				if strings.Contains(got, part) {
					t.Errorf("%s: want no %q in %q", tc.reason, part, got)
				}
			}
			if len(tc.want) == 0 && got != "" {
				t.Errorf("%s: got %q", tc.reason, got)
			}
		})
	}
}

// TestDiagnoseWithoutSecrets: what a program has answered is told only where its secrets can be hidden.
func TestDiagnoseWithoutSecrets(t *testing.T) {
	seen := sickness{pods: []corev1.Pod{pod(t, "a", `{phase: Running, containerStatuses: [{name: c, state: {running: {}}}]}`)},
		events: []corev1.Event{warning(t, "Pod", "a", "Unhealthy", "Readiness probe failed: key is abc", "20")}}
	if got := diagnose(seen); !strings.Contains(got, "Unhealthy") || strings.Contains(got, "abc") {
		t.Errorf("got %q", got)
	}
}

// TestRedacted: a log line may hold what a Secret holds.
func TestRedacted(t *testing.T) {
	hide := newRedactor([]string{"hunter2", "two\nlines of it", "x", "postgres://app:c0rrect@db/x"}).program
	cases := map[string]struct{ reason, text, want string }{
		"Value":   {"the value of a Secret", "login with hunter2 failed", "login with *** failed"},
		"Within":  {"a part of a word", "dsn=app:hunter2@db", "dsn=app:***@db"},
		"Encoded": {"as Secrets hold it", "got aHVudGVyMg==", "got ***"},
		"Quoted":  {"as a URL holds it", "redis://app:p%40ss@db", "redis://***@db"},
		"Line":    {"one line of it", "read lines of it", "read ***"},
		"InAURL":  {"a part of a value", "auth failed for app/c0rrect", "auth failed for app/***"},
		"Setting": {"what is called a password", "password=abc user=x", "password=*** user=x"},
		"JSON":    {"in JSON", `{"apiToken":"abc","a":1}`, `{"apiToken":"***","a":1}`},
		"Bearer":  {"a header", "Authorization: Bearer abc.def", "Authorization: ***"},
		"Long":    {"what only a program would write", "key AKIA4XAMPLE7QJ2LM9ZT0R3B is unknown", "key *** is unknown"},
		"Ordinary": {"nothing of these",
			"cannot open /usr/lib/x86_64-linux-gnu/libfoo.so: x", "cannot open /usr/lib/x86_64-linux-gnu/libfoo.so: x"},
		"Control": {"no control characters", "a\x1b[31mred\x00", "a[31mred"},
		"Length":  {"200 bytes are enough", strings.Repeat("word ", 60), strings.Repeat("word ", 39) + "wo..."},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := task.Cut(hide(tc.text), 200); got != tc.want {
				t.Errorf("%s:\nwant %q\ngot  %q", tc.reason, tc.want, got)
			}
		})
	}
}

// sickSwitcher has a Pod at the target that crashes, and a Secret that it uses.
func sickSwitcher(t *testing.T) (*switcher, *Observed) {
	t.Helper()
	p := pod(t, "web-0", `{phase: Running, containerStatuses: [{name: c, state: {waiting: {reason: CrashLoopBackOff,
		message: "exec: --password=hunter2"}}, lastState: {terminated: {exitCode: 1, reason: Error}}}]}`)
	p.Namespace = "shop"
	p.OwnerReferences = []metav1.OwnerReference{{Kind: "StatefulSet", Name: "web", Controller: new(true)}}
	p.Spec.Containers[0].EnvFrom = []corev1.EnvFromSource{
		{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "keys"}}},
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "keys", Namespace: "shop"}, Data: map[string][]byte{"k": []byte("hunter2")}}
	s := &switcher{target: side{&cluster.Cluster{Side: cluster.SideTarget, Namespace: "shop", Kube: fake.NewClientset(&p, secret)}}}
	now := time.Date(2026, 11, 30, 7, 0, 0, 0, time.UTC)
	started := now.Add(-2 * time.Minute)
	o := &Observed{Now: now, HealthTimeout: 10 * time.Minute, Record: Record{StartedAt: &started},
		Objects: []Object{{Ref: application.Ref{Group: "apps", Kind: "StatefulSet", Name: "web"}, Workload: true, Exists: true, Mine: true,
			Message: "Ready: 0/1"}}}
	return s, o
}

// TestDiagnosis: when it is asked for, and what is not told.
func TestDiagnosis(t *testing.T) {
	s, o := sickSwitcher(t)
	s.observeDiagnosis(t.Context(), o)
	if !strings.Contains(o.Diagnosis, "Pod/web-0") || !strings.Contains(o.Diagnosis, "CrashLoopBackOff") ||
		!strings.Contains(o.Diagnosis, "fake logs") {
		t.Errorf("the Pod, its reason and the last line of its log: got %q", o.Diagnosis)
	}
	if strings.Contains(o.Diagnosis, "hunter2") {
		t.Errorf("the value of a Secret is told: %q", o.Diagnosis)
	}

	for name, change := range map[string]func(o *Observed){
		"Early":     func(o *Observed) { o.Now = o.Record.StartedAt.Add(time.Second) },
		"Healthy":   func(o *Observed) { o.Objects[0].Ready = true },
		"Stopped":   func(o *Observed) { o.Objects[0].Stopped, o.Objects[0].Zero = true, true },
		"Committed": func(o *Observed) { o.Record.CommittedAt = &o.Now },
		"Not begun": func(o *Observed) { o.Record.StartedAt = nil },
	} {
		s, o := sickSwitcher(t)
		change(o)
		if s.observeDiagnosis(t.Context(), o); o.Diagnosis != "" || len(clusterOf(s.target).Kube.(*fake.Clientset).Actions()) > 0 {
			t.Errorf("%s: the cluster is asked for nothing: got %q", name, o.Diagnosis)
		}
	}

	s, o = sickSwitcher(t)
	clusterOf(s.target).Kube.(*fake.Clientset).PrependReactor("get", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "keys", errors.New("no"))
	})
	s.observeDiagnosis(t.Context(), o)
	if strings.Contains(o.Diagnosis, "fake logs") || strings.Contains(o.Diagnosis, "hunter2") ||
		!strings.Contains(o.Diagnosis, "CrashLoopBackOff") {
		t.Errorf("without the Secrets the program's own words are not told: got %q", o.Diagnosis)
	}

	s, o = sickSwitcher(t)
	o.HealthTimeout = 30 * time.Second
	o.Now = o.Record.StartedAt.Add(31 * time.Second)
	if s.observeDiagnosis(t.Context(), o); o.Diagnosis == "" {
		t.Error("at a timeout of less than a minute nothing is told")
	}
}

// TestDiagnosisIsKept: it is not asked for at each reading.
func TestDiagnosisIsKept(t *testing.T) {
	s, o := sickSwitcher(t)
	s.observeDiagnosis(t.Context(), o)
	first, asked := o.Diagnosis, len(clusterOf(s.target).Kube.(*fake.Clientset).Actions())
	o.Diagnosis, o.Now = "", o.Now.Add(time.Second)
	s.observeDiagnosis(t.Context(), o)
	if o.Diagnosis != first || len(clusterOf(s.target).Kube.(*fake.Clientset).Actions()) != asked {
		t.Errorf("a second later: got %q, and it is asked again", o.Diagnosis)
	}
	o.Now = o.Now.Add(time.Minute)
	if s.observeDiagnosis(t.Context(), o); len(clusterOf(s.target).Kube.(*fake.Clientset).Actions()) == asked {
		t.Error("a minute later it is not asked again")
	}
}

// TestHealthTimeoutTellsWhy: the message of a timeout names the Pods and the reason.
func TestHealthTimeoutTellsWhy(t *testing.T) {
	_, o := sickSwitcher(t)
	o.Record.Final, o.Objects[0].Recorded = &FinalRun{}, true
	o.Diagnosis = "Pod/web-0: container c: CrashLoopBackOff"
	for name, passed := range map[string]time.Duration{"Waiting": 2 * time.Minute, "TimedOut": time.Hour} {
		o.Now = o.Record.StartedAt.Add(passed)
		a := nextStart(*o)
		text := a.Message
		if a.Result != nil {
			text = a.Result.Message
		}
		if !strings.Contains(text, "StatefulSet.apps/web (Ready: 0/1)") || !strings.Contains(text, o.Diagnosis) {
			t.Errorf("%s: got %q", name, text)
		}
	}
}

// TestSecretsOf: each way in which a Pod gets a Secret.
func TestSecretsOf(t *testing.T) {
	p := typed[corev1.Pod](t,
		`{spec: {imagePullSecrets: [{name: pull}], initContainers: [{name: i, env: [{name: A, valueFrom: {secretKeyRef: {name: a, key: k}}}]}],
  containers: [{name: c, envFrom: [{secretRef: {name: b}}]}],
    volumes: [{name: v, secret: {secretName: d}}, {name: p, projected: {sources: [{secret: {name: e}}]}}]}}`)
	got := secretsOf(&p)
	for _, want := range []string{"a", "b", "d", "e"} {
		if !slices.Contains(got, want) {
			t.Errorf("the Secret %s is missed in %q", want, got)
		}
	}
}
