package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// TestReferences moves one StatefulSet, named db, and looks at what comes along.
func TestReferences(t *testing.T) {
	const dbSet = `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: src},
		spec: {serviceName: names, template: {metadata: {labels: {app: db}}, spec: {serviceAccountName: sa, %s containers: [{name: c, %s}]}}}}`
	const account = `{apiVersion: v1, kind: ServiceAccount, metadata: {name: sa, namespace: src}}`
	binding := func(subject string) string {
		return `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b, namespace: src},
			roleRef: {kind: ClusterRole, name: view}, subjects: [` + subject + `]}`
	}
	secret := `{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: src}}`
	cases := map[string]struct {
		reason    string
		pod       string
		container string
		objects   string
		want      []string
		warnings  int
	}{
		"SelectorlessService": {
			reason:  "an empty selector of a Service selects nothing",
			objects: `{apiVersion: v1, kind: Service, metadata: {name: s, namespace: src}, spec: {}}`,
			want:    []string{},
		},
		"GoverningService": {
			reason:  "the Service that gives the Pods their names needs no selector",
			objects: `{apiVersion: v1, kind: Service, metadata: {name: names, namespace: src}, spec: {type: ExternalName}}`,
			want:    []string{"Service/names"},
		},
		"OtherLabels": {
			reason:  "all labels of a selector have to match",
			objects: `{apiVersion: v1, kind: Service, metadata: {name: s, namespace: src}, spec: {selector: {app: db, tier: front}}}`,
			want:    []string{},
		},
		"EmptyBudgetSelector": {
			reason:  "an empty selector of a PodDisruptionBudget selects every Pod",
			objects: `{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: p, namespace: src}, spec: {selector: {}}}`,
			want:    []string{"PodDisruptionBudget.policy/p"},
		},
		"BindingOfAnotherNamespace": {
			reason:  "an account of the same name in another namespace is another one",
			objects: binding(`{kind: ServiceAccount, name: sa, namespace: other}`),
			want:    []string{},
		},
		"BindingByUser": {
			reason:  "the user name of an account means the account",
			objects: binding(`{kind: User, name: "system:serviceaccount:src:sa"}`),
			want:    []string{"RoleBinding.rbac.authorization.k8s.io/b"},
		},
		"BindingByGroup": {
			reason:  "the group of a namespace's accounts holds the account",
			objects: binding(`{kind: Group, name: "system:serviceaccounts:src"}`),
			want:    []string{"RoleBinding.rbac.authorization.k8s.io/b"},
		},
		"BindingOfTheSystem": {
			reason:  "OpenShift makes this one in each namespace",
			objects: strings.Replace(binding(`{kind: Group, name: "system:serviceaccounts:src"}`), "name: b", `name: "system:image-pullers"`, 1),
			want:    []string{},
		},
		"MissingSecret": {
			reason:    "what is broken at the source is said, and does not block",
			container: `envFrom: [{secretRef: {name: s}}]`,
			want:      []string{},
			warnings:  1,
		},
		"OptionalSecret": {
			reason:    "an optional reference may lead nowhere",
			container: `envFrom: [{secretRef: {name: s, optional: true}}]`,
			want:      []string{},
		},
		"DeletedSecret": {
			reason:    "what is being deleted is as good as gone",
			container: `env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]`,
			objects:   strings.Replace(secret, "name: s", `name: s, deletionTimestamp: "2026-01-01T00:00:00Z"`, 1),
			want:      []string{},
			warnings:  1,
		},
		"ExcludedSecret": {
			reason:   "what KubeMove uses is not captured even when it is referenced",
			pod:      `imagePullSecrets: [{name: never}],`,
			objects:  `{apiVersion: v1, kind: Secret, metadata: {name: never, namespace: src}}`,
			want:     []string{},
			warnings: 1,
		},
		"TokenSecret": {
			reason:  "a token that a user made and mounts is made again at the target",
			pod:     `volumes: [{name: t, secret: {secretName: s}}],`,
			objects: strings.Replace(secret, "metadata", "type: kubernetes.io/service-account-token, metadata", 1),
			want:    []string{"Secret/s"},
		},
		"DriverSecret": {
			reason:   "inline volumes name the Secrets of their drivers",
			pod:      `volumes: [{name: t, csi: {driver: d, nodePublishSecretRef: {name: s}}}],`,
			objects:  secret,
			want:     []string{"Secret/s"},
			warnings: 1,
		},
		"EphemeralClaim": {
			reason: "a claim that belongs to a Pod is made with it",
			pod:    `volumes: [{name: t, ephemeral: {}}, {name: u, persistentVolumeClaim: {claimName: db-0-t}}],`,
			objects: `{apiVersion: v1, kind: PersistentVolumeClaim,
				metadata: {name: db-0-t, namespace: src, ownerReferences: [{apiVersion: v1, kind: Pod, name: db-0, uid: u, controller: true}]}}`,
			want:     []string{},
			warnings: 1,
		},
		"OwnedService": {
			reason: "what an operator makes to serve the Pods is the operator's",
			objects: `{apiVersion: v1, kind: Service, metadata: {name: s, namespace: src,
				ownerReferences: [{apiVersion: a.b/v1, kind: Db, name: x, uid: u, controller: true}]}, spec: {selector: {app: db}}}`,
			want: []string{},
		},
		"OwnedByAnOrdinaryObject": {
			reason:    "an owner that controls nothing of the kind is for the garbage collector only",
			container: `envFrom: [{secretRef: {name: s}}]`,
			objects: strings.Replace(secret, "name: s",
				`name: s, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: x, uid: u, controller: true}]`, 1),
			want: []string{"Secret/s"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			set := strings.Replace(strings.Replace(dbSet, "%s", tc.pod, 1), "%s", tc.container, 1)
			p := Make(whole(t, join(set, account, tc.objects), func(in *Input) {
				in.Application = api.Application{Workloads: []api.WorkloadReference{{Kind: "StatefulSet", Name: "db"}}}
				in.Exclude = []Ref{refTo(kindSecret, "never")}
			}))
			got := []string{}
			for _, o := range p.Objects {
				if o.Ref != refTo(kindStatefulSet, "db") && o.Ref != refTo(kindServiceAccount, "sa") {
					got = append(got, o.Ref.String())
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s: what comes along (-want +got):\n%s", tc.reason, diff)
			}
			if len(p.Warnings) != tc.warnings || len(p.Blockers) > 0 {
				t.Errorf("%s: got the warnings %q and the blockers %v, want %d warnings", tc.reason, p.Warnings, p.Blockers, tc.warnings)
			}
		})
	}
}

// TestOwnerOfTheSameName: a Pod of a deleted workload is not one of its successor's.
func TestOwnerOfTheSameName(t *testing.T) {
	p := Make(whole(t, join(strings.Replace(webYAML, "name: web,", "name: web, uid: new,", 1), bound,
		`{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: src, ownerReferences: [{apiVersion: apps/v1, kind: Deployment,
			name: web, uid: old, controller: true}]}, spec: {volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}}`),
		nil))
	if diff := cmp.Diff([]string{"ClaimShared PersistentVolumeClaim/data"}, reasons(p.Blockers)); diff != "" {
		t.Errorf("blockers (-want +got):\n%s", diff)
	}
}

// TestMessagesFit: the API takes messages of at most 1024 bytes.
func TestMessagesFit(t *testing.T) {
	long := strings.Repeat("x", 253)
	text := strings.ReplaceAll(join(webYAML, bound, strings.ReplaceAll(webYAML, "name: web", "name: other")), "data", long)
	p := Make(whole(t, strings.ReplaceAll(text, "name: web", "name: "+long[:250]), func(in *Input) {
		in.Application = api.Application{Workloads: []api.WorkloadReference{{Kind: "Deployment", Name: long[:250]}}}
	}))
	if len(p.Blockers) == 0 {
		t.Error("got no blockers, expected one about the shared claim")
	}
	for _, b := range p.Blockers {
		if len(b.Message) > 1024 || len(b.Object) > 512 {
			t.Errorf("a message of %d bytes about an object of %d", len(b.Message), len(b.Object))
		}
	}
}
