package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// The switch has made web and its settings, and both were changed since.
const (
	madeWeb = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: dst}, spec: {replicas: 2,
		template: {spec: {containers: [{name: c, image: "a:1"}]}}}}`
	newWeb = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: dst, uid: here-web}, spec: {replicas: 3,
		template: {spec: {containers: [{name: c, image: "a:2", envFrom: [{configMapRef: {name: more}}]}]}}}}`
	leftWeb = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src, uid: left-web}, spec: {replicas: 0,
		template: {spec: {containers: [{name: c, image: "a:1"}]}}}}`
	wantWeb = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src}, spec: {replicas: 3,
		template: {spec: {containers: [{name: c, image: "a:2", envFrom: [{configMapRef: {name: more}}]}]}}}}`
	madeSettings = `{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: dst}, data: {a: "1"}}`
	newSettings  = `{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: dst, uid: here-settings}, data: {a: "2"}}`
	leftSettings = `{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: src, uid: left-settings}, data: {a: "1", b: "3"}}`
	wantSettings = `{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: src}, data: {a: "2", b: "3"}}`
	addedMap     = `{apiVersion: v1, kind: ConfigMap, metadata: {name: more, namespace: dst, uid: here-more}, data: {x: "y"}}`
	wantMore     = `{apiVersion: v1, kind: ConfigMap, metadata: {name: more, namespace: src}, data: {x: "y"}}`
)

func reapply(t *testing.T) ReverseInput {
	ptr := func(text string) *unstructured.Unstructured { u := object(t, text); return &u }
	web, settings := refTo(kindDeployment, "web"), refTo(kindConfigMap, "settings")
	in := ReverseInput{
		Engine: "shop", SourceNamespace: "dst", TargetNamespace: "src", Objects: api.ObjectsReapply,
		Forward: &Plan{
			Workloads: []Workload{{Ref: web, Replicas: 2}},
			Objects:   []Object{{Ref: settings, Phase: PhaseStart}, {Ref: web, Phase: PhaseStart}},
		},
		Source: []unstructured.Unstructured{object(t, newWeb), object(t, newSettings), object(t, addedMap)},
		Target: []unstructured.Unstructured{object(t, leftWeb), object(t, leftSettings)},
	}
	in.Us.Recorded = map[types.UID]bool{"left-web": true}
	in.Changes = []Change{
		{Forward: &in.Forward.Objects[0], Made: ptr(madeSettings), There: ptr(newSettings), Fields: "data.a", Text: "settings stay behind"},
		{Forward: &in.Forward.Objects[1], Made: ptr(madeWeb), There: ptr(newWeb), Fields: "spec.replicas", Text: "web stays behind"},
	}
	return in
}

// TestReapply: what was changed goes back, and so does what it needs.
func TestReapply(t *testing.T) {
	t.Parallel()
	p := Reverse(reapply(t))
	if len(p.Blockers)+len(p.Warnings) > 0 {
		t.Fatalf("blockers %+v, warnings %v", p.Blockers, p.Warnings)
	}
	const why = "changed since the switch: "
	want := []Object{
		{Ref: refTo(kindConfigMap, "more"), Phase: PhaseStart, Object: object(t, wantMore),
			Why: "added since the switch, and Deployment.apps/web names it"},
		{Ref: refTo(kindConfigMap, "settings"), Phase: PhaseStart, Kept: true, Why: why + "data.a", Object: object(t, wantSettings),
			Former: &Former{UID: "left-settings", Object: *clean(&[]unstructured.Unstructured{object(t, leftSettings)}[0])}},
		{Ref: refTo(kindDeployment, "web"), Phase: PhaseStart, Kept: true, Why: why + "spec.replicas", Object: object(t, wantWeb),
			Former: &Former{UID: "left-web", Object: *clean(&[]unstructured.Unstructured{object(t, leftWeb)}[0])}},
	}
	if diff := cmp.Diff(want, p.Objects); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]types.UID{"left-settings", "left-web"}, p.Reapplied()); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
}

// TestReapplyNot: what cannot go back is said, and changes nothing.
func TestReapplyNot(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason string
		change func(*ReverseInput)
		// warns and blocks are what is said, and brings the objects that go back with a change.
		warns, blocks []string
		brings        []string
	}{
		"Restore": {"nothing was asked for", func(in *ReverseInput) { in.Objects = api.ObjectsRestore },
			[]string{"settings stay behind", "web stays behind"}, nil, nil},
		"Unread": {"it could not be compared", func(in *ReverseInput) { in.Changes[0].Made = nil },
			[]string{"settings stay behind"}, nil, []string{"web"}},
		"Deleted": {"it is gone, and nothing is deleted", func(in *ReverseInput) { in.Changes[1].There = nil },
			[]string{"web stays behind"}, nil, []string{"settings"}},
		"Written": {"the application itself has changed it", func(in *ReverseInput) { in.Forward.Objects[0].Written = true },
			[]string{"settings stay behind"}, nil, []string{"web"}},
		"Renamed": {"a changed field may hold a name", func(in *ReverseInput) { in.Forward.Objects[0].Source = "old-settings" },
			nil, []string{"InvalidSpec"}, []string{"web"}},
		"Gone": {"there is nothing to change", func(in *ReverseInput) { in.Target = in.Target[:1] },
			nil, []string{"ObjectMissing"}, []string{"web"}},
		"Equal": {"it was changed on both sides", func(in *ReverseInput) {
			in.Target[1].Object["data"] = map[string]any{"a": "2", "b": "3"}
		}, nil, nil, []string{"web"}},
		"NeedsMore": {"what a workload names is on neither side", func(in *ReverseInput) { in.Source = in.Source[:2] },
			nil, []string{"ObjectMissing"}, []string{"settings", "web"}},
		"Namespace": {"a change holds the name of the namespace", func(in *ReverseInput) {
			in.Changes[0].There.Object["data"] = map[string]any{"a": "http://web.dst.svc"}
		}, []string{"holds the name of the namespace dst"}, nil, []string{"settings", "web"}},
		"Scaled": {"an autoscaler says how many", func(in *ReverseInput) {
			in.Forward.Workloads[0].Autoscaled = true
			scaled := in.Changes[1].Made.DeepCopy()
			scaled.Object["spec"].(map[string]any)["replicas"] = int64(9)
			in.Changes[1].There = scaled
		}, nil, nil, []string{"settings"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := reapply(t)
			c.change(&in)
			p := Reverse(in)
			var blocks, brings []string
			for _, b := range p.Blockers {
				blocks = append(blocks, b.Reason)
			}
			for _, o := range p.Objects {
				if o.Former != nil {
					brings = append(brings, o.Name)
				}
			}
			if diff := cmp.Diff(c.blocks, blocks); diff != "" {
				t.Errorf("%s: blockers (-want +got):\n%s", c.reason, diff)
			}
			if diff := cmp.Diff(c.brings, brings); diff != "" {
				t.Errorf("%s: changed (-want +got):\n%s", c.reason, diff)
			}
			if len(p.Warnings) != len(c.warns) {
				t.Fatalf("%s: warnings %v, want %v", c.reason, p.Warnings, c.warns)
			}
			for i, w := range c.warns {
				if !strings.Contains(p.Warnings[i], w) {
					t.Errorf("%s: warning %q, want %q", c.reason, p.Warnings[i], w)
				}
			}
		})
	}
}

// TestTurned: the name of the application's own namespace follows.
func TestTurned(t *testing.T) {
	t.Parallel()
	r := &reverser{in: ReverseInput{SourceNamespace: "dst", TargetNamespace: "src"}}
	for name, c := range map[string]struct{ there, want string }{
		"Binding": {
			`{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b}, subjects: [
				{kind: ServiceAccount, name: a, namespace: dst}, {kind: ServiceAccount, name: a, namespace: other}, {kind: User, name: dst}]}`,
			`{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b}, subjects: [
				{kind: ServiceAccount, name: a, namespace: src}, {kind: ServiceAccount, name: a, namespace: other}, {kind: User, name: dst}]}`},
		"Policy": {
			`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}, spec: {ingress: [{from: [
				{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: dst}}}]}]}}`,
			`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}, spec: {ingress: [{from: [
				{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: src}}}]}]}}`},
		"Helm": {
			`{apiVersion: v1, kind: ConfigMap, metadata: {name: c, annotations: {meta.helm.sh/release-namespace: dst}}, data: {a: dst}}`,
			`{apiVersion: v1, kind: ConfigMap, metadata: {name: c, annotations: {meta.helm.sh/release-namespace: src}}, data: {a: dst}}`},
	} {
		there := object(t, c.there)
		if diff := cmp.Diff(object(t, c.want).Object, r.turned(&there).Object); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestBeside: what stays as it is where the application goes back to is what the next way finds changes by, also of another name.
func TestBeside(t *testing.T) {
	t.Parallel()
	in := reapply(t)
	in.Objects, in.Forward.Objects[0].Ref.Name, in.Forward.Objects[0].Source = "", "new-settings", "settings"
	back := Reverse(in)
	want := []Object{{Ref: refTo(kindConfigMap, "settings"), Source: "new-settings", Phase: PhaseStart, Kept: true,
		Why: "an earlier switch has left it", Object: *clean(&[]unstructured.Unstructured{object(t, leftSettings)}[0])}}
	if diff := cmp.Diff(want, back.Beside); diff != "" {
		t.Errorf("beside (-want +got):\n%s", diff)
	}
	hash := back.Hash()
	if back.Beside = nil; back.Hash() != hash {
		t.Error("what nothing is done to is part of the hash")
	}
	back.Beside = want
	var names []string
	for _, o := range back.Changeable() {
		names = append(names, o.Name)
	}
	if diff := cmp.Diff([]string{"web", "settings"}, names); diff != "" {
		t.Errorf("the way after that compares (-want +got):\n%s", diff)
	}
}

func TestFieldsOf(t *testing.T) {
	t.Parallel()
	web := refTo(kindDeployment, "web")
	renamed := Object{Ref: refTo(kindDeployment, "new-web"), Source: "web"}
	found := &Present{Differs: []Difference{{Path: "spec.a"}, {Path: "spec.replicas"}}}
	for name, c := range map[string]struct {
		reason     string
		autoscaled bool
		found      *Present
		want       []string
	}{
		"User":   {"a user has scaled it", false, found, []string{"spec.a", "spec.replicas"}},
		"Scaled": {"an autoscaler has, by the name at the source", true, found, []string{"spec.a"}},
		"Gone":   {"nothing is there", false, nil, nil},
	} {
		forward := &Plan{Workloads: []Workload{{Ref: web, Autoscaled: c.autoscaled}}}
		if diff := cmp.Diff(c.want, FieldsOf(forward, &renamed, c.found)); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", name, c.reason, diff)
		}
	}
}
