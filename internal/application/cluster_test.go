package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	watcher = `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: watcher, uid: x},
		rules: [{apiGroups: [example.com], resources: ["*"], verbs: ["*"]}]}`
	binding = `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: watchers, uid: x},
		roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: watcher},
		subjects: [{kind: ServiceAccount, name: web, namespace: src}, {kind: ServiceAccount, name: web, namespace: other},
		{kind: User, apiGroup: rbac.authorization.k8s.io, name: eve}]}`
	webPods = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src},
		spec: {template: {spec: {serviceAccountName: web, priorityClassName: high, containers: [{name: c}]}}}}`
	account = `{apiVersion: v1, kind: ServiceAccount, metadata: {name: web, namespace: src}}`
)

func withCluster(t *testing.T, objects string, wide ...string) Input {
	return whole(t, objects, func(in *Input) {
		in.TargetNamespace, in.Resources = "dst", widgets
		for _, w := range wide {
			in.Cluster = append(in.Cluster, object(t, w))
		}
	})
}

// TestBindings: of a ClusterRoleBinding the target needs what concerns the application.
func TestBindings(t *testing.T) {
	p := Make(withCluster(t, join(webPods, account), watcher, binding))
	want := []string{"PriorityClass.scheduling.k8s.io/high", "ClusterRole.rbac.authorization.k8s.io/watcher",
		"ClusterRoleBinding.rbac.authorization.k8s.io/watchers"}
	if diff := cmp.Diff(want, outline(p, nil).Requires); diff != "" {
		t.Fatalf("requires (-want +got):\n%s", diff)
	}
	subjects, _, _ := unstructured.NestedSlice(p.Requires[2].Object.Object, "subjects")
	if diff := cmp.Diff([]any{map[string]any{"kind": "ServiceAccount", "name": "web", "namespace": "dst"}}, subjects); diff != "" {
		t.Errorf("its subjects are the accounts that move, where they go (-want +got):\n%s", diff)
	}
	none := Make(withCluster(t, join(webPods, account), watcher,
		strings.ReplaceAll(binding, "name: web, namespace: src", "name: x, namespace: src")))
	if diff := cmp.Diff(want[:1], outline(none, nil).Requires); diff != "" {
		t.Errorf("a binding of another account is none of ours (-want +got):\n%s", diff)
	}
}

func TestGrants(t *testing.T) {
	r := Make(withCluster(t, join(webPods, account), watcher, binding)).Requires[2]
	cases := map[string]struct {
		reason string
		there  string
		want   string
	}{
		"Same":     {"rights of others do not matter", strings.Replace(binding, "namespace: src", "namespace: dst", 1), ""},
		"NotBound": {"a binding of the same name for another subject", binding, "lacks the subject ServiceAccount dst/web"},
		"AnotherRole": {"the role decides what the account may",
			strings.ReplaceAll(binding, "name: watcher}", "name: view}"), "binds the ClusterRole view and not the ClusterRole watcher"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			there := object(t, tc.there)
			if got := Grants(r, &there); tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("%s: got %q, want %q", tc.reason, got, tc.want)
			}
		})
	}
}

// TestControllerByClusterRole: a controller may have its rights for the whole cluster.
func TestControllerByClusterRole(t *testing.T) {
	objects := join(widget, widgetMade, password, bound, webPods, account)
	if got := outline(Make(withCluster(t, objects, watcher, binding)), nil).Blockers; got != nil {
		t.Errorf("its controller moves, and there are blockers: %v", got)
	}
	if got := outline(Make(withCluster(t, objects, binding)), nil).Blockers; len(got) != 1 {
		t.Errorf("blockers %v, want one: it is not known what the role allows", got)
	}
}

// TestCreateCluster: what is created comes first, and without what the source has written on it.
func TestCreateCluster(t *testing.T) {
	p := Make(withCluster(t, join(widget, password, webPods, account), watcher, binding))
	before := p.Hash()
	crd := object(t, `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: widgets.example.com, uid: x},
		spec: {group: example.com, names: {kind: Widget, plural: widgets}}, status: {x: y}}`)
	if p.Defines("example.com", "Widget") {
		t.Error("the plan defines a kind that it only requires")
	}
	p.CreateCluster(RefOf(&crd), &crd)
	p.CreateCluster(p.Requires[len(p.Requires)-1].Ref, nil)
	p.CreateCluster(RefOf(&crd), &crd) // Not required any more: nothing happens.
	first := p.Objects[0]
	if first.Ref != RefOf(&crd) || !first.Cluster || first.Object.GetUID() != "" || first.Object.Object["status"] != nil {
		t.Errorf("the first object is %v, want the cleaned definition", first)
	}
	if second := p.Objects[1]; second.Kind != "ClusterRoleBinding" ||
		second.Object.Object["subjects"].([]any)[0].(map[string]any)["namespace"] != "dst" {
		t.Errorf("the second object is %v, want the binding for the target", second)
	}
	if !p.Defines("example.com", "Widget") || p.Defines("example.com", "Gadget") {
		t.Error("the plan defines Widgets, and nothing else")
	}
	if p.Hash() == before {
		t.Error("what is created is part of what is approved")
	}
	webhook := object(t,
		`{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: x}, spec: {conversion: {strategy: Webhook}}}`)
	if why := WhyNotCreated(Required{Ref: RefOf(&webhook)}, &webhook); !strings.Contains(why, "webhook") {
		t.Errorf("a definition with a webhook comes with its controller, got %q", why)
	}
	class := object(t, `{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: x}}`)
	if WhyNotCreated(Required{Ref: RefOf(&class)}, &class) == "" {
		t.Error("a RuntimeClass says what the nodes have: it is not created")
	}
}

// TestRename: what names the source namespace and means the application names the target's.
func TestRename(t *testing.T) {
	route := `{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute,
		metadata: {name: r, namespace: src, annotations: {meta.helm.sh/release-namespace: src}},
		spec: {parentRefs: [{name: gw, namespace: infra}], rules: [{backendRefs: [{name: web, namespace: src}]}], note: {namespace: src}}}`
	policy := `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: src},
		spec: {ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: src}}},
		{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [src, infra]}]}}]}]}}`
	p := Make(withCluster(t, join(route, policy)))
	want := map[string]any{
		"parentRefs": []any{map[string]any{"name": "gw", "namespace": "infra"}},
		"rules":      []any{map[string]any{"backendRefs": []any{map[string]any{"name": "web", "namespace": "dst"}}}},
		"note":       map[string]any{"namespace": "src"},
	}
	moved := map[string]unstructured.Unstructured{}
	for _, o := range p.Objects {
		moved[o.Kind] = o.Object
	}
	r := moved["HTTPRoute"]
	if diff := cmp.Diff(want, r.Object["spec"]); diff != "" {
		t.Errorf("references follow, other words stay (-want +got):\n%s", diff)
	}
	if got := r.GetAnnotations()[helmNamespace]; got != "dst" {
		t.Errorf("Helm looks for its release in %q, want dst", got)
	}
	text := encode(t, &Plan{Objects: []Object{{Object: moved["NetworkPolicy"]}}})
	if !strings.Contains(text, `"kubernetes.io/metadata.name":"dst"`) || !strings.Contains(text, `["dst","infra"]`) {
		t.Errorf("the policy does not select the target's namespace: %s", text)
	}
}
