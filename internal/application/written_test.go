package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

const (
	counterPod = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: counter, namespace: src}, spec: {replicas: 1,
		selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {serviceAccountName: counter, containers: [{name: c}]}}}}`
	counterBind = `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: counter, namespace: src},
		roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: counter},
		subjects: [{kind: ServiceAccount, name: counter, namespace: src}]}`
	stateMap    = `{apiVersion: v1, kind: ConfigMap, metadata: {name: state, namespace: src}, data: {counter: "1"}}`
	tokenSecret = `{apiVersion: v1, kind: Secret, metadata: {name: token, namespace: src}, type: Opaque, data: {token: YQ==}}`
	widgetState = `{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: src}, spec: {size: 1}, status: {seen: 1}}`
)

// counterRole is a Role with one rule.
func counterRole(rule string) string {
	return `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: counter, namespace: src}, rules: [` + rule + `]}`
}

// counterApp is an application whose account has one rule.
func counterApp(rule string, more ...string) string {
	return join(append([]string{counterPod, counterBind, counterRole(rule), stateMap, tokenSecret, widgetState}, more...)...)
}

// written are the objects of a plan that are read again.
func written(p *Plan) []string {
	out := []string{}
	for _, o := range p.Written() {
		out = append(out, o.Ref.String())
	}
	return out
}

func withWidgets(in *Input) { in.Resources = map[string]string{"Widget.example.com": "widgets"} }

// TestWritten: what a binding lets an account of the application change is read again when its Pods
// are gone, and nothing else is.
func TestWritten(t *testing.T) {
	const maps = `{apiGroups: [""], resources: [configmaps], verbs: `
	wide := func(kind, name string, subject string) string {
		return `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: x},
			roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ` + kind + `, name: ` + name + `}, subjects: [` + subject + `]}`
	}
	const everything = `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: all},
		rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]}`
	all := []string{"Secret/token", "ConfigMap/state", "Widget.example.com/w"}
	cases := map[string]struct {
		reason  string
		objects string
		cluster []string
		want    []string
	}{
		"Update": {reason: "the usual", objects: counterApp(maps + `[get, update]}`), want: []string{"ConfigMap/state"}},
		"Patch":  {reason: "a patch is a write", objects: counterApp(maps + `[patch]}`), want: []string{"ConfigMap/state"}},
		"Star":   {reason: "all verbs are these too", objects: counterApp(maps + `["*"]}`), want: []string{"ConfigMap/state"}},
		"Replace": {reason: "who deletes and creates puts another into its place",
			objects: counterApp(maps + `[create, delete]}`), want: []string{"ConfigMap/state"}},
		"ReadOnly":   {reason: "who only reads writes nothing", objects: counterApp(maps + `[get, list, watch]}`), want: []string{}},
		"CreateOnly": {reason: "what exists cannot be created", objects: counterApp(maps + `[create]}`), want: []string{}},
		"Named": {reason: "a rule can be for one name",
			objects: counterApp(`{apiGroups: [""], resources: [configmaps], resourceNames: [state], verbs: [update]}`),
			want:    []string{"ConfigMap/state"}},
		"OtherName": {reason: "a rule for another name is none for this one",
			objects: counterApp(`{apiGroups: [""], resources: [configmaps], resourceNames: [other], verbs: [update]}`), want: []string{}},
		"OtherGroup": {reason: "configmaps of another group are other things",
			objects: counterApp(`{apiGroups: [apps], resources: [configmaps], verbs: [update]}`), want: []string{}},
		"Subresource": {reason: "the status holds no content",
			objects: counterApp(`{apiGroups: [example.com], resources: [widgets/status], verbs: [update]}`), want: []string{}},
		"Custom": {reason: "programs keep state in kinds of their own",
			objects: counterApp(`{apiGroups: [example.com], resources: [widgets], verbs: [update]}`), want: []string{"Widget.example.com/w"}},
		"Everything": {reason: "what runs, grants or routes is never read again",
			objects: counterApp(`{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}`, everythingElse), want: all},
		"Unbound": {reason: "a role without a binding grants nothing",
			objects: join(counterPod, counterRole(maps+`[update]}`), stateMap), want: []string{}},
		"OtherAccount": {reason: "an account without Pods here writes nothing here",
			objects: strings.Replace(counterApp(maps+`[update]}`), "serviceAccountName: counter", "serviceAccountName: other", 1), want: []string{}},
		"DefaultAccount": {reason: "Pods without an account have the default one",
			objects: strings.ReplaceAll(strings.Replace(counterApp(maps+`[update]}`), "serviceAccountName: counter, ", "", 1),
				"kind: ServiceAccount, name: counter", "kind: ServiceAccount, name: default"), want: []string{"ConfigMap/state"}},
		"User": {reason: "an account can be bound as a user",
			objects: strings.Replace(counterApp(maps+`[update]}`), "kind: ServiceAccount, name: counter, namespace: src",
				"kind: User, name: 'system:serviceaccount:src:counter'", 1), want: []string{"ConfigMap/state"}},
		"Group": {reason: "all accounts of the namespace are a group",
			objects: strings.Replace(counterApp(maps+`[update]}`), "kind: ServiceAccount, name: counter, namespace: src",
				"kind: Group, name: 'system:serviceaccounts:src'", 1), want: []string{"ConfigMap/state"}},
		"AllAccounts": {reason: "so are those of all namespaces",
			objects: strings.Replace(counterApp(maps+`[update]}`), "kind: ServiceAccount, name: counter, namespace: src",
				"kind: Group, name: 'system:serviceaccounts'", 1), want: []string{"ConfigMap/state"}},
		"Authenticated": {reason: "so is every user",
			objects: strings.Replace(counterApp(maps+`[update]}`), "kind: ServiceAccount, name: counter, namespace: src",
				"kind: Group, name: 'system:authenticated'", 1), want: []string{"ConfigMap/state"}},
		"OtherNamespace": {reason: "another namespace's accounts do not run here",
			objects: strings.Replace(counterApp(maps+`[update]}`), "kind: ServiceAccount, name: counter, namespace: src",
				"kind: ServiceAccount, name: counter, namespace: other", 1), want: []string{}},
		"ClusterRole": {reason: "a binding of the namespace can name a role of the cluster",
			objects: strings.Replace(counterApp(maps+`[get]}`), "kind: Role, name: counter}", "kind: ClusterRole, name: all}", 1),
			cluster: []string{everything}, want: all},
		"UnreadRole": {reason: "what could not be read is not known", objects: strings.Replace(counterApp(maps+`[get]}`),
			"kind: Role, name: counter}", "kind: ClusterRole, name: all}", 1), want: []string{}},
		"ClusterBinding": {reason: "rights for the whole cluster are rights here", objects: counterApp(maps + `[get]}`),
			cluster: []string{everything, wide("ClusterRole", "all", "{kind: ServiceAccount, name: counter, namespace: src}")}, want: all},
		"ClusterGroup": {reason: "also by a group", objects: counterApp(maps + `[get]}`),
			cluster: []string{everything, wide("ClusterRole", "all", "{kind: Group, name: 'system:serviceaccounts'}")}, want: all},
		"CronJob": {reason: "a Job writes as well",
			objects: strings.Replace(counterApp(maps+`[update]}`), counterPod, cronCounter, 1), want: []string{"ConfigMap/state"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, tc.objects, func(in *Input) {
				withWidgets(in)
				for _, text := range tc.cluster {
					in.Cluster = append(in.Cluster, object(t, text))
				}
			}))
			if diff := cmp.Diff(tc.want, written(p)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
			said := strings.Contains(strings.Join(p.Warnings, "\n"), "read again when the application has stopped")
			if said != (len(tc.want) > 0) {
				t.Errorf("%s: the warnings %q must name what is read again, and nothing else", tc.reason, p.Warnings)
			}
		})
	}
}

const (
	cronCounter = `{apiVersion: batch/v1, kind: CronJob, metadata: {name: counter, namespace: src},
		spec: {schedule: "0 0 * * *", jobTemplate: {spec: {template: {spec: {serviceAccountName: counter, containers: [{name: c}]}}}}}}`
	// everythingElse has one of each that is never read again.
	everythingElse = `{apiVersion: v1, kind: Service, metadata: {name: s, namespace: src}, spec: {selector: {a: b}, ports: [{port: 80}]}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: src},
  spec: {defaultBackend: {service: {name: s, port: {number: 80}}}}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: n, namespace: src}, spec: {podSelector: {}}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: counter, namespace: src}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r, namespace: src},
  spec: {rules: [{backendRefs: [{name: s, port: 80}]}]}}
---
{apiVersion: example.com/v1, kind: Machine, metadata: {name: m, namespace: src, uid: m-uid}, spec: {}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: made, namespace: src,
  ownerReferences: [{apiVersion: example.com/v1, kind: Machine, name: m, uid: m-uid, controller: true}]},
  spec: {replicas: 1, selector: {matchLabels: {m: m}}, template: {metadata: {labels: {m: m}}, spec: {containers: [{name: c}]}}}}`
)

// TestHashIgnoresWhatTheApplicationWrites: a counter in a ConfigMap does not void an approval, and
// everything else of such an object does.
func TestHashIgnoresWhatTheApplicationWrites(t *testing.T) {
	const all = `{apiGroups: ["", example.com], resources: ["*"], verbs: [update, delete]}`
	before := Make(whole(t, counterApp(all), withWidgets))
	patch := func(value string) func(*Input) {
		return func(in *Input) {
			withWidgets(in)
			in.Kustomizations = []api.Kustomization{{Patches: []api.KustomizePatch{{Patch: `{"apiVersion": "v1", "kind": "ConfigMap",
				"metadata": {"name": "state"}, "data": {"url": "` + value + `"}}`}}}}
		}
	}
	cases := map[string]struct {
		reason  string
		objects string
		change  func(*Input)
		same    bool
	}{
		"ConfigMap": {"a counter goes on", strings.Replace(counterApp(all), `counter: "1"`, `counter: "2", more: x`, 1), withWidgets, true},
		"Binary": {"state can be binary",
			strings.Replace(counterApp(all), `data: {counter: "1"}`, `binaryData: {counter: YQ==}`, 1), withWidgets, true},
		"Secret": {"a token is renewed", strings.Replace(counterApp(all), `token: YQ==`, `token: Yg==`, 1), withWidgets, true},
		"Custom": {"so is the spec of a custom resource", strings.Replace(counterApp(all), `size: 1`, `size: 2`, 1), withWidgets, true},
		"Labels": {"labels are not its content",
			strings.Replace(counterApp(all), `name: state, namespace: src`, `name: state, namespace: src, labels: {a: b}`, 1), withWidgets, false},
		"Type": {"nor is the type of a Secret",
			strings.Replace(counterApp(all), `type: Opaque`, `type: example.com/x`, 1), withWidgets, false},
		"NotWritten": {"what was the application's to write, and is not, is approved again",
			strings.Replace(counterApp(all), `verbs: [update, delete]`, `verbs: [get]`, 1), withWidgets, false},
		"Patched": {"what a patch makes of it is part of the plan", counterApp(all), patch("a"), false},
		"Gone":    {"an object less is another plan", strings.Replace(counterApp(all), "\n---\n"+stateMap, "", 1), withWidgets, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Make(whole(t, tc.objects, tc.change)).Hash() == before.Hash(); got != tc.same {
				t.Errorf("%s: the same hash: %v, want %v", tc.reason, got, tc.same)
			}
		})
	}
	if Make(whole(t, counterApp(all), patch("a"))).Hash() == Make(whole(t, counterApp(all), patch("b"))).Hash() {
		t.Error("two patches of what is read again must be two plans")
	}
}

func TestNamesAccounts(t *testing.T) {
	subject := func(kind, namespace, name string) rbacv1.Subject {
		return rbacv1.Subject{Kind: kind, Namespace: namespace, Name: name}
	}
	cases := map[string]struct {
		reason  string
		subject rbacv1.Subject
		want    bool
	}{
		"Account":       {"an account of the namespace", subject("ServiceAccount", "src", "a"), true},
		"Other":         {"one of another namespace", subject("ServiceAccount", "other", "a"), false},
		"User":          {"an account as a user", subject("User", "", "system:serviceaccount:src:a"), true},
		"OtherUser":     {"another namespace's as a user", subject("User", "", "system:serviceaccount:other:a"), false},
		"Person":        {"a person is no account", subject("User", "", "jane"), false},
		"Group":         {"all accounts of the namespace", subject("Group", "", "system:serviceaccounts:src"), true},
		"OtherGroup":    {"all of another namespace", subject("Group", "", "system:serviceaccounts:other"), false},
		"All":           {"all accounts", subject("Group", "", "system:serviceaccounts"), true},
		"Authenticated": {"all users", subject("Group", "", "system:authenticated"), true},
		"People":        {"a group of people", subject("Group", "", "devs"), false},
	}
	for name, tc := range cases {
		if got := NamesAccounts(tc.subject, "src"); got != tc.want {
			t.Errorf("%s: %s: got %v", name, tc.reason, got)
		}
	}
}
