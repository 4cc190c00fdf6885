package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// TestAnnotatedSecrets: an Ingress without the Secrets that its annotations name would answer
// no client, or all.
func TestAnnotatedSecrets(t *testing.T) {
	const nginx = "nginx.ingress.kubernetes.io/"
	cases := map[string]struct {
		reason     string
		annotation string
		value      string
		same       bool
		// want is the value at the target, moves says whether the Secret keys does.
		want   string
		moves  bool
		warned bool
	}{
		"Name": {reason: "a name means one of the namespace", annotation: nginx + "auth-secret", value: "keys", want: "keys", moves: true},
		"Qualified": {reason: "the namespace can be written, too, and follows",
			annotation: nginx + "auth-tls-secret", value: "src/keys", want: "dst/keys", moves: true},
		"Proxy": {reason: "that of the way to the Pods",
			annotation: nginx + "proxy-ssl-secret", value: "src/keys", want: "dst/keys", moves: true},
		"HAProxy": {reason: "other controllers have annotations of their own",
			annotation: "haproxy.org/server-ca", value: "src/keys", want: "dst/keys", moves: true},
		"Other": {reason: "one of another namespace stays",
			annotation: nginx + "auth-secret", value: "shared/keys", want: "shared/keys", warned: true},
		"OtherHere": {reason: "and is there for all of its cluster",
			annotation: nginx + "auth-secret", value: "shared/keys", same: true, want: "shared/keys"},
		"Absent": {reason: "what is broken at the source is broken at the target",
			annotation: nginx + "auth-secret", value: "gone", want: "gone"},
		"File": {reason: "a file of the controller is no Secret",
			annotation: "haproxy-ingress.github.io/auth-tls-secret", value: "file:///src/keys", want: "file:///src/keys"},
		"NotASecret": {reason: "other annotations are only text", annotation: nginx + "auth-secret-type", value: "src/keys", want: "src/keys"},
		"Malformed": {reason: "what no controller can read is left as it is",
			annotation: nginx + "auth-secret", value: "src/keys/x", want: "src/keys/x"},
		"NoName":      {reason: "nor is a namespace alone a name", annotation: nginx + "auth-secret", value: "src/", want: "src/"},
		"Unqualified": {reason: "a Secret called like the namespace is none", annotation: nginx + "auth-secret", value: "src", want: "src"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(guarded(t, tc.annotation, tc.value, func(in *Input) {
				in.TargetNamespace, in.SourceCluster, in.TargetCluster = "dst", "a", clusterOf(tc.same)
			}))
			o := p.ofSource(refTo(kindIngress, "web"))
			if o == nil {
				t.Fatal("the Ingress does not move")
			}
			if got := o.Object.GetAnnotations()[tc.annotation]; got != tc.want {
				t.Errorf("%s: got %q, want %q", tc.reason, got, tc.want)
			}
			if moves := p.ofSource(refTo(kindSecret, "keys")) != nil; moves != tc.moves {
				t.Errorf("%s: the Secret moves %v, want %v", tc.reason, moves, tc.moves)
			}
			if warned := strings.Contains(strings.Join(p.Warnings, "\n"), "shared/keys"); warned != tc.warned || !warned && len(p.Warnings) > 0 {
				t.Errorf("%s: got the warnings %q", tc.reason, p.Warnings)
			}
		})
	}
}

// guarded is a named workload with a Service and an Ingress that has an annotation, and a Secret.
func guarded(t *testing.T, annotation, value string, change func(*Input)) Input {
	t.Helper()
	ingress := object(t, `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web, namespace: src},
		spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}}`)
	ingress.SetAnnotations(map[string]string{annotation: value})
	return whole(t, join(
		`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src},
			spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c}]}}}}`,
		`{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: src}}`,
		`{apiVersion: v1, kind: Service, metadata: {name: web, namespace: src}, spec: {selector: {app: web}}}`,
		`{apiVersion: v1, kind: Secret, metadata: {name: keys, namespace: src}}`,
	), func(in *Input) {
		in.Application = api.Application{Workloads: []api.WorkloadReference{{Kind: "Deployment", Name: "web"}}}
		in.Objects = append(in.Objects, ingress)
		change(in)
	})
}

// TestAnnotatedSecretsWithPrefix: the names follow, whether Kustomize knows the annotation or not.
func TestAnnotatedSecretsWithPrefix(t *testing.T) {
	cases := map[string]struct{ reason, annotation, value, want string }{
		"Known":     {"Kustomize has done it", "nginx.ingress.kubernetes.io/auth-secret", "keys", "pre-keys"},
		"Unknown":   {"Kustomize knows no other controllers", "nginx.org/basic-auth-secret", "keys", "pre-keys"},
		"Qualified": {"nor namespaces in a value", "nginx.ingress.kubernetes.io/auth-tls-secret", "src/keys", "dst/pre-keys"},
		"Other":     {"what does not move keeps its name", "nginx.ingress.kubernetes.io/auth-tls-secret", "shared/keys", "shared/keys"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(guarded(t, tc.annotation, tc.value, func(in *Input) {
				in.TargetNamespace = "dst"
				in.Application = api.Application{Selector: &metav1.LabelSelector{}}
				kustomized(t, "namePrefix: pre-")(in)
			}))
			if len(p.Blockers) > 0 {
				t.Fatal(p.Blockers)
			}
			if diff := cmp.Diff(tc.want, p.ofSource(refTo(kindIngress, "web")).Object.GetAnnotations()[tc.annotation]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}
