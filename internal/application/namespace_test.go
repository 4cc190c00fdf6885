package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// surroundings reads a Namespace, LimitRanges and the default account from texts of YAML.
func surroundings(t *testing.T, name, meta string, limits ...string) Surroundings {
	t.Helper()
	out := Surroundings{Name: name, Namespace: &corev1.Namespace{}, Account: &corev1.ServiceAccount{}, LimitsRead: true}
	if err := yaml.UnmarshalStrict([]byte(`{metadata: `+meta+`}`), out.Namespace); err != nil {
		t.Fatal(err)
	}
	for _, text := range limits {
		var l corev1.LimitRange
		if err := yaml.UnmarshalStrict([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		out.Limits = append(out.Limits, l)
	}
	return out
}

// TestSurroundings: what the target's namespace does not give to Pods as the source's does is a warning,
// with the command that adds it.
func TestSurroundings(t *testing.T) {
	const (
		app = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src},
			spec: {template: {spec: {containers: [{name: c}, {name: d, resources: {requests: {cpu: "1"}, limits: {cpu: "1", memory: 1Gi}}}]}}}}`
		complete = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src},
			spec: {template: {spec: {containers: [{name: c, resources: {requests: {cpu: "1", memory: 1Gi}, limits: {cpu: "1", memory: 1Gi}}}]}}}}`
		settings = `{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: src}}`
		defaults = `{metadata: {name: defaults},
			spec: {limits: [{type: Container, default: {memory: 256Mi}, defaultRequest: {cpu: 100m, memory: 256Mi}}]}}`
	)
	cases := map[string]struct {
		reason         string
		objects        string
		source, target Surroundings
		// want are parts of each warning.
		want [][]string
	}{
		"Same": {"nothing to say", app, surroundings(t, "src", `{labels: {istio-injection: enabled}}`),
			surroundings(t, "dst", `{labels: {istio-injection: enabled}}`), nil},
		"Mesh": {"no sidecar, no mutual TLS", app, surroundings(t, "src", `{labels: {istio-injection: enabled}}`), surroundings(t, "dst", `{}`),
			[][]string{{"Namespace/dst", "istio-injection", "kubectl label namespace dst istio-injection=enabled"}}},
		"Revision": {"another mesh",
			app, surroundings(t, "src", `{labels: {istio.io/rev: stable}}`), surroundings(t, "dst", `{labels: {istio.io/rev: canary}}`),
			[][]string{{"istio.io/rev", "kubectl label --overwrite namespace dst istio.io/rev=stable"}}},
		"OwnLabel": {"policies elsewhere select by any label",
			app, surroundings(t, "src", `{labels: {team: a, zone: b}}`), surroundings(t, "dst", `{labels: {zone: b}}`),
			[][]string{{"kubectl label namespace dst team=a"}}},
		"MeshByAnnotation": {"meshes read annotations, too",
			app, surroundings(t, "src", `{annotations: {linkerd.io/inject: enabled, config.linkerd.io/skip-outbound-ports: "5432"}}`),
			surroundings(t, "dst", `{}`),
			[][]string{{"kubectl annotate namespace dst config.linkerd.io/skip-outbound-ports=5432 linkerd.io/inject=enabled"}}},
		"NodeSelector": {"Pods would run on other nodes", app, surroundings(t, "src",
			`{annotations: {scheduler.alpha.kubernetes.io/node-selector: "pool=blue,disk=ssd", openshift.io/node-selector: ""}}`),
			surroundings(t, "dst", `{}`),
			[][]string{{"kubectl annotate namespace dst scheduler.alpha.kubernetes.io/node-selector='pool=blue,disk=ssd'"}}},
		"Tolerations": {"a value that a shell would take apart",
			app, surroundings(t, "src", `{annotations: {scheduler.alpha.kubernetes.io/defaultTolerations: '[{"key": "it''s"}]'}}`),
			surroundings(t, "dst", `{}`),
			[][]string{{`scheduler.alpha.kubernetes.io/defaultTolerations='[{"key": "it'\''s"}]'`}}},
		"UserRange": {"the Pods would run as other users",
			app, surroundings(t, "src", `{annotations: {openshift.io/sa.scc.uid-range: 1000/10}}`),
			surroundings(t, "dst", `{annotations: {openshift.io/sa.scc.uid-range: 2000/10}}`),
			[][]string{{"kubectl annotate --overwrite namespace dst openshift.io/sa.scc.uid-range=1000/10"}}},
		"Bookkeeping": {"labels of the tools that made it",
			app, surroundings(t, "src", `{labels: {kubernetes.io/metadata.name: src, kustomize.toolkit.fluxcd.io/name: apps,
				app.kubernetes.io/managed-by: Helm, field.cattle.io/projectId: p, pod-security.kubernetes.io/warn: baseline, kubemove.io/x: y},
				annotations: {example.com/note: hello, kubectl.kubernetes.io/last-applied-configuration: x}}`), surroundings(t, "dst", `{}`), nil},
		"NameAsLabel": {"each namespace has its own name",
			app, surroundings(t, "src", `{labels: {name: src}}`), surroundings(t, "dst", `{labels: {name: dst}}`), nil},
		"NameMissing": {"then it is that of the target", app, surroundings(t, "src", `{labels: {name: src}}`), surroundings(t, "dst", `{}`),
			[][]string{{"kubectl label namespace dst name=dst"}}},
		"NoPods": {"what has no Pods gets nothing",
			settings, surroundings(t, "src", `{labels: {istio-injection: enabled}}`, defaults), surroundings(t, "dst", `{}`), nil},
		"Defaults": {"without them Pods get no limits", app, surroundings(t, "src", `{}`, defaults), surroundings(t, "dst", `{}`),
			[][]string{{"requests cpu=100m", "limits memory=256Mi", "Deployment.apps/web",
				`"defaultRequest":{"cpu":"100m","memory":"256Mi"}`, "kubectl --namespace dst create -f -"}}},
		"PartOfDefaults": {"one of them is missing", app, surroundings(t, "src", `{}`, defaults),
			surroundings(t, "dst", `{}`, `{spec: {limits: [{type: Container, default: {memory: 256Mi}, defaultRequest: {memory: 256Mi}}]}}`),
			[][]string{{"requests cpu=100m", `"limits":[{"type":"Container","defaultRequest":{"cpu":"100m"}}]`}}},
		"OtherDefaults": {"the target's administrator has chosen others", app, surroundings(t, "src", `{}`, defaults),
			surroundings(t, "dst", `{}`, `{spec: {limits: [{type: Container, default: {memory: 1Gi}, defaultRequest: {memory: 1Gi, cpu: 100m}}]}}`),
			[][]string{{"limits memory=256Mi (there: 1Gi)", "requests memory=256Mi (there: 1Gi)", "kubectl --namespace dst edit limitrange"}}},
		"SameDefaults": {"the same value in other words", app, surroundings(t, "src", `{}`, defaults), surroundings(t, "dst", `{}`,
			`{spec: {limits: [{type: Container, default: {memory: 0.25Gi}, defaultRequest: {memory: 0.25Gi, cpu: "0.1"}}]}}`), nil},
		"NotNeeded": {"each container says it itself", complete, surroundings(t, "src", `{}`, defaults), surroundings(t, "dst", `{}`), nil},
		"LimitsOfPods": {"no default", app,
			surroundings(t, "src", `{}`, `{spec: {limits: [{type: Pod, max: {memory: 1Gi}}, {type: PersistentVolumeClaim, min: {storage: 1Gi}}]}}`),
			surroundings(t, "dst", `{}`), nil},
		"TargetUnread": {"what could not be read is not taken for empty",
			app, surroundings(t, "src", `{labels: {istio-injection: enabled}}`, defaults), Surroundings{Name: "dst"},
			[][]string{{"istio-injection", "may not read"}, {"may not list LimitRanges", "memory"}}},
		"NothingToGive": {"no reading is missed", app, surroundings(t, "src", `{}`), Surroundings{Name: "dst"}, nil},
		"SourceUnread": {"nor is what the source gives",
			app, Surroundings{Name: "src"}, surroundings(t, "dst", `{}`), [][]string{{"Namespace/src", "may not read"}}},
		"NeitherIsKnown": {"one warning is enough",
			app, Surroundings{Name: "src"}, Surroundings{Name: "dst"}, [][]string{{"Namespace/src", "may not read"}}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, tc.objects, nil))
			got := reported(p.CompareSurroundings(tc.source, tc.target)).Warnings
			if len(got) != len(tc.want) {
				t.Fatalf("%s: want %d warnings, got %q", tc.reason, len(tc.want), got)
			}
			for i, parts := range tc.want {
				for _, part := range parts {
					if !strings.Contains(got[i], part) {
						t.Errorf("%s: want %q in %q", tc.reason, part, got[i])
					}
				}
			}
		})
	}
}

// TestSecretsOfTheDefaultAccount: the account that each namespace has by itself lists none of the
// source's.
func TestSecretsOfTheDefaultAccount(t *testing.T) {
	app := join(`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src},
		spec: {template: {spec: {containers: [{name: c}]}}}}`,
		`{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: src},
			secrets: [{name: keys}, {name: default-token-abcde}], imagePullSecrets: [{name: registry}]}`,
		`{apiVersion: v1, kind: Secret, metadata: {name: keys, namespace: src}}`)
	source, target := surroundings(t, "src", `{}`), surroundings(t, "dst", `{}`)
	source.Account.Secrets = []corev1.ObjectReference{{Name: "keys"}, {Name: "default-token-abcde"}}
	p := Make(whole(t, app, nil))
	got := reported(p.CompareSurroundings(source, target)).Warnings
	if len(got) != 1 ||
		!strings.Contains(got[0], `kubectl --namespace dst patch serviceaccount default --patch '{"secrets":[{"name":"keys"}]}'`) {
		t.Errorf("a Secret that the account lists at the source: got %q", got)
	}
	target.Account.Secrets = []corev1.ObjectReference{{Name: "keys"}}
	if diff := cmp.Diff(Findings(nil), p.CompareSurroundings(source, target)); diff != "" {
		t.Errorf("an account that lists it (-want +got):\n%s", diff)
	}
}

// TestTokens: what becomes of the token of an account.
func TestTokens(t *testing.T) {
	token := func(name string) string {
		return `{apiVersion: v1, kind: Secret, metadata: {name: ` + name + `, namespace: src,
			annotations: {kubernetes.io/service-account.name: robot}}, type: kubernetes.io/service-account-token, data: {token: eA==}}`
	}
	const account = `{apiVersion: v1, kind: ServiceAccount, metadata: {name: robot, namespace: src}}`
	cases := map[string]struct {
		reason       string
		objects      string
		moves, warns bool
		left         string
	}{
		"Mounted": {"its Pods get the new one",
			join(account, token("t"), `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src},
				spec: {template: {spec: {containers: [{name: c}], volumes: [{name: v, secret: {secretName: t}}]}}}}`), true, false, ""},
		"Unmounted": {"a program outside uses it, and has none at the target",
			join(account, token("t")), false, true, "no Pod of the application uses"},
		"Generated": {"a cluster made it for Pods of former times",
			join(account, token("robot-token-x7k2p")), false, false, "no Pod of the application uses"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, tc.objects, func(in *Input) { in.TargetNamespace = "dst" }))
			moves := false
			for _, o := range p.Objects {
				moves = moves || o.kind() == kindSecret
			}
			if moves != tc.moves {
				t.Errorf("%s: it moves: %v", tc.reason, moves)
			}
			left := ""
			for _, l := range p.Left {
				left += l.Why
			}
			if (left == "") != (tc.left == "") || !strings.Contains(left, tc.left) || strings.Contains(left, "issues its own") {
				t.Errorf("%s: it is left as %q", tc.reason, left)
			}
			warned := strings.Contains(strings.Join(p.Warnings, "\n"), "kubectl --namespace dst create token robot")
			if warned != tc.warns {
				t.Errorf("%s: got the warnings %q", tc.reason, p.Warnings)
			}
		})
	}
}
