package check

import (
	"os"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/installation"
	"github.com/kubemove/kubemove/internal/cli/sample"
	"github.com/kubemove/kubemove/internal/cli/target"
)

// wantedOnce: to build them takes longer than all checks.
var wantedOnce = sync.OnceValues(func() ([]unstructured.Unstructured, error) { return installation.Build(nil) })

// good is an installation without any fault.
func good(t *testing.T) Observed {
	t.Helper()
	wanted, err := wantedOnce()
	if err != nil {
		t.Fatal(err)
	}
	o := Observed{Now: sample.Now, Client: "v0.1.3", Wanted: wanted, Kubernetes: "v1.35.4"}
	of := func(kind string) Seen[[]unstructured.Unstructured] {
		list := installation.Of(wanted, kind)
		for i := range list {
			list[i] = *list[i].DeepCopy()
		}
		return Seen[[]unstructured.Unstructured]{Value: list}
	}
	o.Definitions, o.Controllers, o.Policies = of(installation.Definition), of("CompositeController"), of(policyKind)
	o.PolicyBindings, o.Roles, o.RoleBindings = of(policyBindingKind), of(roleKind), of(bindingKind)
	established := map[string]any{"conditions": []any{map[string]any{"type": "Established", "status": "True"}}}
	for i := range o.Definitions.Value {
		o.Definitions.Value[i].Object["status"] = runtime.DeepCopyJSON(established)
	}
	for i := range o.Roles.Value {
		// What the control plane writes.
		var rules []any
		for _, part := range parts(&o.Roles.Value[i], installation.Of(wanted, roleKind)) {
			list, _, _ := unstructured.NestedSlice(part.Object, "rules")
			rules = append(rules, list...)
		}
		o.Roles.Value[i].Object["rules"] = rules
	}
	var d appsv1.Deployment
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(installation.Of(wanted, "Deployment")[0].Object, &d); err != nil {
		t.Fatal(err)
	}
	d.Status.ReadyReplicas = 1
	o.Deployments.Value = []appsv1.Deployment{d}
	data, _, _ := unstructured.NestedStringMap(installation.Of(wanted, "ConfigMap")[0].Object, "data")
	o.Mobilizers.Value = data
	o.Moves.Value = sample.Objects("approval")
	o.UID.Value = "home"
	o.Targets.Value = []Target{{"shop",
		target.NewReport(target.Stored{Name: "dst"}, target.Observed{Version: "v1.35.4"}, target.AsTarget, o.Now)}}
	return o
}

// resultOf a check.
func resultOf(t *testing.T, r Report, id string) Result {
	t.Helper()
	i := slices.IndexFunc(r.Results, func(x Result) bool { return x.ID == id })
	if i < 0 {
		t.Fatalf("there is no check %s", id)
	}
	return r.Results[i]
}

func TestGood(t *testing.T) {
	t.Parallel()
	o := good(t)
	for _, r := range []Report{Run(o), RunPre(func() Observed { o := o; o.Deployments.Value = nil; return o }())} {
		for _, x := range r.Results {
			if x.Result != OK {
				t.Errorf("%s is %s: %s %v", x.ID, x.Result, x.Message, x.Details)
			}
		}
		if r.Code() != fault.Done {
			t.Errorf("the exit code is %d", r.Code())
		}
	}
}

// setField of an unstructured object of a list.
func setField(list []unstructured.Unstructured, value any, path ...string) {
	if err := unstructured.SetNestedField(list[0].Object, value, path...); err != nil {
		panic(err)
	}
}

func work(kind, name, pair string, labels map[string]string) metav1.PartialObjectMetadata {
	m := metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{Kind: kind}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name,
		Labels: map[string]string{api.PairLabel: pair}, CreationTimestamp: metav1.NewTime(sample.Now.Add(-time.Hour))}}
	for key, value := range labels {
		m.Labels[key] = value
	}
	return m
}

func annotatedAs(annotations map[string]string) []metav1.PartialObjectMetadata {
	return []metav1.PartialObjectMetadata{{TypeMeta: metav1.TypeMeta{Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", Annotations: annotations}}}
}

func lock(uid, home string) []coordinationv1.Lease {
	return []coordinationv1.Lease{{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: api.LockName,
		Annotations: map[string]string{"kubemove.io/holder": "shop/gone", "kubemove.io/home": home}},
		Spec: coordinationv1.LeaseSpec{HolderIdentity: &uid}}}
}

// shared makes it an installation with a Metacontroller of others.
func shared(o *Observed, image string, args ...string) {
	d := &o.Deployments.Value[0]
	d.Name = installation.SharedDeployment
	d.Spec.Template.Spec.Containers = slices.DeleteFunc(d.Spec.Template.Spec.Containers,
		func(c corev1.Container) bool { return c.Name == installation.MetacontrollerContainer })
	s := appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: "metacontroller"}}
	s.Spec.Template.Spec.Containers = []corev1.Container{{Image: image, Args: args}}
	s.Status.ReadyReplicas = 1
	o.Shared.Value.StatefulSets = []appsv1.StatefulSet{s}
}

const sharedImage = "ghcr.io/metacontroller/metacontroller:v4.17.2"

type row struct {
	reason, id string
	change     func(*Observed)
	want       Outcome
	detail     string
}

// rows of faults: each check has one.
var rows = map[string]row{
	"OldKubernetes": {"admission policies need a newer one", "kubernetes-version",
		func(o *Observed) { o.Kubernetes = "v1.28.0" }, Failed, ""},
	"NoKind": {"nothing works without it", "definitions-established",
		func(o *Observed) { o.Definitions.Value = o.Definitions.Value[1:] }, Failed, "is missing"},
	"KindNotServed": {"it was refused", "definitions-established",
		func(o *Observed) { delete(o.Definitions.Value[0].Object, "status") }, Failed, "is not established"},
	"OldKind": {"a field would be refused", "definitions-current", func(o *Observed) {
		d := named(o.Definitions.Value, "moveengines.kubemove.io")
		versions, _, _ := unstructured.NestedSlice(d.Object, "spec", "versions")
		unstructured.RemoveNestedField(versions[0].(map[string]any), "schema", "openAPIV3Schema", "properties", "spec", "properties", "mode")
		setField([]unstructured.Unstructured{*d}, versions, "spec", "versions")
	}, Failed, `moveengines\.kubemove\.io lacks v1alpha1\.spec\.mode`},
	"NewKind": {"this program may be the older one", "definitions-current", func(o *Observed) {
		versions, _, _ := unstructured.NestedSlice(o.Definitions.Value[0].Object, "spec", "versions")
		setField(o.Definitions.Value, append(versions, map[string]any{"name": "v2", "served": true}), "spec", "versions")
	}, Warning, "has version v2, which this program does not know"},
	"NotInstalled": {"that is the fault", "hooks-ready", func(o *Observed) { o.Deployments.Value = nil }, Failed, ""},
	"NotReady": {"its Pod says why", "hooks-ready", func(o *Observed) {
		o.Deployments.Value[0].Status.ReadyReplicas = 0
		o.Pods.Value = []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Name: "kubemove-1"}, Status: corev1.PodStatus{ContainerStatuses: []corev1.
			ContainerStatus{{Name: "hooks", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}}}}}}}
	}, Failed, "pod/kubemove-1, container hooks: ImagePullBackOff"},
	"Restarted": {"it may happen again", "hooks-ready", func(o *Observed) {
		o.Pods.Value = []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Name: "kubemove-1"}, Status: corev1.PodStatus{ContainerStatuses: []corev1.
			ContainerStatus{{Name: "hooks", LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: 137, Reason: "OOMKilled", FinishedAt: metav1.NewTime(sample.Now.Add(-time.Minute))}}}}}}}
	}, Warning, "exit code 137, OOMKilled"},
	"NoAnswer": {"Metacontroller does not reach the hooks", "hooks-answer", func(o *Observed) {
		o.Moves.Value = sample.Objects("starting")
		o.Moves.Value.Engines[0].CreationTimestamp = metav1.NewTime(sample.Now.Add(-time.Hour))
	}, Warning, "moveengine shop/shop was made 1 h .*ago, and has no status"},
	"OtherJobs": {"they belong together", "versions-equal", func(o *Observed) {
		c := container(o.Deployments.Value[0].Spec.Template.Spec, installation.HooksContainer)
		c.Env[0].Value = "ghcr.io/kubemove/task:v0.0.9"
	}, Warning, ""},
	"OldClient": {"another minor version", "client-version", func(o *Observed) { o.Client = "v0.2.0" }, Warning, ""},
	"NoRelease": {"a version of a checkout cannot be compared", "client-version", func(o *Observed) { o.Client = "devel 123" }, Skipped, ""},
	"NotRunning": {"no Pod of it is ready", "metacontroller-running",
		func(o *Observed) { o.Deployments.Value[0].Status.ReadyReplicas = 0 }, Failed, ""},
	"NoShared": {"the hooks are not asked", "metacontroller-running",
		func(o *Observed) { shared(o, sharedImage); o.Shared.Value.StatefulSets = nil }, Failed, ""},
	"Two": {"without election both work", "metacontroller-leads",
		func(o *Observed) { two := int32(2); o.Deployments.Value[0].Spec.Replicas = &two }, Failed, ""},
	"NoLeader": {"it waits for its lease", "metacontroller-leads",
		func(o *Observed) { shared(o, sharedImage, "--leader-election") }, Failed, ""},
	"Leader": {"it holds its lease", "metacontroller-leads", func(o *Observed) {
		shared(o, sharedImage, "--leader-election")
		holder, seconds, now := "metacontroller-0", int32(15), metav1.NewMicroTime(sample.Now)
		o.Shared.Value.Leases = []coordinationv1.Lease{{Spec: coordinationv1.LeaseSpec{HolderIdentity: &holder, RenewTime: &now,
			LeaseDurationSeconds: &seconds}}}
	}, OK, ""},
	"OldMetacontroller": {"a shared one needs more", "metacontroller-version",
		func(o *Observed) { shared(o, "metacontroller:v4.11.0") }, Failed, ""},
	"NoController": {"its kind is not worked on", "controllers-present",
		func(o *Observed) { o.Controllers.Value = o.Controllers.Value[1:] }, Failed, "kubemove-datasync is missing"},
	"TwoControllers": {"both would work on the same objects", "controllers-present", func(o *Observed) {
		other := o.Controllers.Value[0].DeepCopy()
		other.SetName("mine")
		o.Controllers.Value = append(o.Controllers.Value, *other)
	}, Failed, "mine is not KubeMove's"},
	"NoPolicy": {"every user may move", "admission-policies", func(o *Observed) { o.Policies.Value = nil }, Failed, "is missing"},
	"Ignored": {"a policy that fails lets all in", "admission-policies",
		func(o *Observed) { setField(o.Policies.Value, "Ignore", "spec", "failurePolicy") }, Failed, "failurePolicy Ignore, expected Fail"},
	"Audit": {"it denies nothing", "admission-bound",
		func(o *Observed) { setField(o.PolicyBindings.Value, []any{"Audit"}, "spec", "validationActions") }, Failed, "with the action Deny"},
	"Narrow": {"other namespaces are open", "admission-bound", func(o *Observed) {
		setField(o.PolicyBindings.Value, map[string]any{"matchLabels": map[string]any{"a": "b"}}, "spec", "matchResources", "namespaceSelector")
	}, Failed, "for all namespaces"},
	"NoRight": {"the admission policies refuse", "rights-caller", func(o *Observed) {
		o.Lacks.Value = []target.Right{{Resource: "secrets", Verb: "get"}}
	}, Warning, ""},
	"FewRights": {"a Job would be refused", "rights-roles", func(o *Observed) {
		i := slices.IndexFunc(o.Roles.Value, func(r unstructured.Unstructured) bool { return r.GetName() == "kubemove-switch" })
		setField(o.Roles.Value[i:], []any{}, "rules")
	}, Failed, "kubemove-switch lacks [0-9]+ rights, such as get moveengines.kubemove.io"},
	"NotBound": {"Metacontroller may do nothing", "rights-bound",
		func(o *Observed) { setField(o.RoleBindings.Value, []any{}, "subjects") }, Failed, "to 0 subjects"},
	"Typo": {"the hooks do not start", "mobilizers-registered",
		func(o *Observed) { o.Mobilizers.Value["mine.yaml"] = "kinds: Mobilizer" }, Failed, "mine.yaml: cannot decode"},
	"NoDefault": {"a move that names none is refused", "mobilizers-registered",
		func(o *Observed) { delete(o.Mobilizers.Value, "restic.yaml") }, Failed, ""},
	"NotReached": {"no move with it works", "targets-reached", func(o *Observed) {
		o.Targets.Value[0].Report = target.NewReport(target.Stored{Name: "dst"}, target.Observed{Problem: "no route"}, target.AsTarget, o.Now)
	}, Failed, "shop/dst: no route"},
	"Ended": {"they have to be renewed", "targets-credentials", func(o *Observed) {
		at := o.Now.Add(-time.Hour)
		o.Targets.Value[0].Report = target.NewReport(target.Stored{Name: "dst", Expires: &at}, target.Observed{}, target.AsTarget, o.Now)
	}, Failed, "shop/dst: they have ended"},
	"FarRights": {"a move stops in its middle", "targets-rights", func(o *Observed) {
		rights, err := target.Wanted()
		if err != nil {
			panic(err)
		}
		o.Targets.Value[0].Report = target.NewReport(target.Stored{Name: "dst"}, target.Observed{Lacks: rights}, target.AsTarget, o.Now)
	}, Failed, "shop/dst: the account lacks"},
	"NoTarget": {"there is nothing to ask", "targets-reached", func(o *Observed) { o.Targets.Value = nil }, Skipped, ""},
	"NoEngine": {"nothing moves it", "annotations-engine", func(o *Observed) {
		o.Annotated.Value = annotatedAs(map[string]string{api.ApplyAnnotation: "true", api.EngineAnnotation: "gone"})
	}, Warning, "deployment/web in namespace shop names the engine gone, which is not there"},
	"NoName": {"it is not known which one moves it", "annotations-engine",
		func(o *Observed) { o.Annotated.Value = annotatedAs(map[string]string{api.EnableAnnotation: "true"}) }, Warning, "names no engine"},
	"HalfAnnotated": {"one of two annotations does nothing", "annotations-engine",
		func(o *Observed) { o.Annotated.Value = annotatedAs(map[string]string{api.EngineAnnotation: "shop"}) }, Warning, "does not move without"},
	"Annotated": {"that is right", "annotations-engine", func(o *Observed) {
		o.Annotated.Value = annotatedAs(map[string]string{api.ApplyAnnotation: "true", api.EngineAnnotation: "shop"})
	}, OK, ""},
	"Orphans": {"their engine is gone", "children-parents", func(o *Observed) { o.Moves.Value.Engines = nil }, Warning,
		"movepair shop/shop-dst was made by the MoveEngine shop, which is gone"},
	"NoPair": {"a switch without a pair does nothing", "children-parents", func(o *Observed) { o.Moves.Value.Pairs = nil }, Warning,
		"moveswitch shop/shop-dst is for the MovePair shop-dst, which is gone"},
	"Stuck": {"its clean-up does not end", "deletions-stuck", func(o *Observed) {
		at := metav1.NewTime(sample.Now.Add(-time.Hour))
		o.Moves.Value.Engines[0].DeletionTimestamp = &at
	}, Warning, "moveengine shop/shop has been going for 1 h"},
	"Forced": {"its next deletion would leave things behind", "deletions-forced", func(o *Observed) {
		o.Moves.Value.Pairs[0].Annotations = map[string]string{api.ForceDeleteAnnotation: "true"}
	}, Warning, "movepair shop/shop-dst would be deleted without a clean-up"},
	"Locked": {"the next switch waits for ever", "locks-held", func(o *Observed) { o.Locks.Value = lock("gone", "home") }, Warning,
		"namespace shop is locked for the MoveSwitch shop/gone, which is gone"},
	"LockedByOthers": {"another home knows its switch", "locks-held", func(o *Observed) { o.Locks.Value = lock("gone", "other") }, OK, ""},
	"Repository": {"nothing uses it any more", "repository-claims", func(o *Observed) {
		claim := work("PersistentVolumeClaim", "kubemove-repo-1", "gone", map[string]string{ClaimLabel: "true"})
		o.Work.Value = []metav1.PartialObjectMetadata{claim}
	}, Warning, "persistentvolumeclaim shop/kubemove-repo-1"},
	"RepositoryOfLineage": {"the way back uses it", "repository-claims", func(o *Observed) {
		o.Work.Value = []metav1.PartialObjectMetadata{
			work("PersistentVolumeClaim", "kubemove-repo-1", "first", map[string]string{ClaimLabel: "true"}),
			work("Secret", "channel", string(o.Moves.Value.Pairs[0].UID), map[string]string{LineageLabel: "first"}),
		}
	}, OK, ""},
	"Worker": {"its pair is gone", "workers-left", func(o *Observed) {
		o.Work.Value = []metav1.PartialObjectMetadata{work("Pod", "worker", "gone", nil)}
	}, Warning, "pod shop/worker is of a pair that is not there"},
	"Unread": {"what may not be read is no fault", "locks-held", func(o *Observed) { o.Locks.Problem = "forbidden" }, Skipped, ""},

	"NoInstallRight": {"an installation would stop in its middle", "pre-rights", func(o *Observed) {
		o.Lacks.Value = InstallRights(o.Wanted)[:1]
	}, Failed, ""},
	"ForeignKind": {"an installation would change it", "pre-definitions", func(o *Observed) {
		i := slices.IndexFunc(o.Definitions.Value, func(d unstructured.Unstructured) bool { return d.GetName() == "moveengines.kubemove.io" })
		o.Definitions.Value[i].SetLabels(nil)
	}, Failed, "moveengines.kubemove.io lacks the label"},
	"ForeignMetacontroller": {"an installation would change it", "pre-definitions", func(o *Observed) {
		i := slices.IndexFunc(o.Definitions.Value, func(d unstructured.Unstructured) bool {
			return d.GetName() == "compositecontrollers.metacontroller.k8s.io"
		})
		o.Definitions.Value[i].SetLabels(nil)
	}, Warning, "of another installation of Metacontroller"},
	"Again":       {"it is an upgrade", "pre-installation", func(*Observed) {}, Warning, ""},
	"SharedThere": {"two sets of hooks", "pre-installation", func(o *Observed) { shared(o, sharedImage) }, Failed, ""},
	"Metacontroller": {"two work against each other", "pre-metacontroller", func(o *Observed) { shared(o, sharedImage) }, Failed,
		"statefulset/metacontroller in namespace metacontroller"},
	"Virtual": {"its volumes are elsewhere", "pre-virtual-nodes",
		func(o *Observed) { o.VirtualNodes.Value = []string{"node/kosmos-a"} }, Warning, "node/kosmos-a"},
}

func TestFaults(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for name, c := range rows {
		if c.want != OK {
			seen[c.id] = true
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := good(t)
			c.change(&o)
			report := Run(o)
			if !slices.ContainsFunc(report.Results, func(r Result) bool { return r.ID == c.id }) {
				report = RunPre(o)
			}
			got := resultOf(t, report, c.id)
			if got.Result != c.want {
				t.Fatalf("%s: %s is %s (%s), expected %s", c.reason, c.id, got.Result, got.Message, c.want)
			}
			matches := func(d string) bool { return regexp.MustCompile(c.detail).MatchString(d) }
			if c.detail != "" && !slices.ContainsFunc(got.Details, matches) {
				t.Errorf("%s: the details are %q, expected %s", c.reason, got.Details, c.detail)
			}
			if (got.Result == Warning || got.Result == Failed) && (got.Hint == "" || got.Message == "") {
				t.Errorf("%s: a fault without a message or a hint: %+v", c.reason, got)
			}
		})
	}
	for _, id := range IDs() {
		if !seen[id] {
			t.Errorf("no fault is found by %s in this test", id)
		}
	}
}

func TestCode(t *testing.T) {
	t.Parallel()
	for want, outcomes := range map[int][]Outcome{fault.Done: {OK, Skipped}, fault.Warned: {OK, Warning}, fault.Blocked: {Warning, Failed}} {
		var r Report
		for _, outcome := range outcomes {
			r.Results = append(r.Results, Result{Result: outcome})
		}
		if got := r.Code(); got != want {
			t.Errorf("the exit code of %v is %d, expected %d", outcomes, got, want)
		}
	}
}

// TestPage: each check has its section, and each section its check.
func TestPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/checks.md")
	if err != nil {
		t.Fatal(err)
	}
	var sections []string
	for _, m := range regexp.MustCompile(`(?m)^### (.+)$`).FindAllStringSubmatch(string(page), -1) {
		sections = append(sections, m[1])
	}
	if diff := cmp.Diff(IDs(), sections); diff != "" {
		t.Errorf("the sections of docs/checks.md are not the checks, in their order: -checks +sections:\n%s", diff)
	}
}
