package application

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// TestHabits: what tools, operators and platforms leave in the namespaces of applications.
func TestHabits(t *testing.T) {
	const (
		app = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src, labels: {app: web, MARK}},
			spec: {replicas: 1, template: {spec: {containers: [{name: c, envFrom: [{secretRef: {name: db}}]}],
			volumes: [{name: v, csi: {driver: secrets-store.csi.k8s.io, volumeAttributes: {secretProviderClass: vault}}}]}}}}`
		secret = `{apiVersion: v1, kind: Secret, metadata: {name: db, namespace: src}}`
		class  = `{apiVersion: secrets-store.csi.x-k8s.io/v1, kind: SecretProviderClass, metadata: {name: vault, namespace: src}}`
		sealed = `{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: db, namespace: src, uid: s}}`
		made   = `{apiVersion: v1, kind: Secret, metadata: {name: db, namespace: src,
			ownerReferences: [{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, name: db, uid: s, controller: true}]}}`
		builder = `{apiVersion: v1, kind: ServiceAccount, metadata: {name: builder, namespace: src}}`
		builds  = `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: "system:image-builders", namespace: src},
			roleRef: {kind: ClusterRole, name: "system:image-builder"}}`
		leader = `metadata: {name: pg, namespace: src, annotations: {leader: pg-0, renewTime: "2026-01-01T00:00:00Z", ttl: "30"}}`
	)
	plain := strings.ReplaceAll(app, ", MARK", "")
	byLabel := func(in *Input) { in.Application.Selector.MatchLabels = map[string]string{"app": "web"} }
	cases := map[string]struct {
		reason  string
		objects string
		change  func(*Input)
		// moves and left are references, of which those listed are looked for.
		moves, left []string
		// warning: parts of the only one about it; empty: none of the words is in any.
		warning []string
	}{
		"ProviderClass": {"the Pods mount what it names",
			join(plain, secret, class), byLabel, []string{"SecretProviderClass.secrets-store.csi.x-k8s.io/vault"}, nil, nil},
		"SealedSecret": {"another controller has other keys",
			join(plain, made, sealed), byLabel, []string{"SealedSecret.bitnami.com/db"}, []string{"Secret/db"},
			[]string{"Secret/db", "SealedSecret.bitnami.com/db", "application.exclude"}},
		"SealedSecretExcluded": {"then it is a Secret like others", join(plain, made, sealed), func(in *Input) {
			byLabel(in)
			in.Application.Exclude = []api.ExcludedObject{{Group: "bitnami.com", Kind: "SealedSecret", Name: "db"}}
		}, []string{"Secret/db"}, nil, nil},
		"ArgoCD": {"it starts the application again",
			join(strings.Replace(app, "labels:", "annotations: {argocd.argoproj.io/tracking-id: 'guestbook:apps/Deployment:src/web'}, labels:", 1),
				secret), byLabel, nil, nil,
			[]string{"Deployment.apps/web", "Argo CD (guestbook)", "pause"}},
		"Flux": {"it does the same", join(strings.Replace(app, "MARK", "kustomize.toolkit.fluxcd.io/name: shop", 1), secret), byLabel, nil,
			nil, []string{"Flux (shop)", "pause"}},
		"Istio": {"Istio gives every namespace its own",
			join(plain, secret, `{apiVersion: v1, kind: ConfigMap, metadata: {name: istio-ca-root-cert, namespace: src}}`), nil, nil,
			[]string{"ConfigMap/istio-ca-root-cert"}, nil},
		"OpenShift": {"and so does OpenShift", join(plain, secret, builder, builds), nil, nil, []string{"ServiceAccount/builder"}, nil},
		"OwnBuilder": {"others have an account of that name of their own",
			join(plain, secret, builder), nil, []string{"ServiceAccount/builder"}, nil, nil},
		"Patroni": {"it renews its leader every few seconds",
			join(plain, secret, `{apiVersion: v1, kind: ConfigMap, `+leader+`}`), nil, nil, []string{"ConfigMap/pg"}, nil},
		"PatroniPort": {"where a Service without a selector leads", join(plain, secret, `{apiVersion: v1, kind: Endpoints, `+leader+`}`,
			`{apiVersion: v1, kind: Service, metadata: {name: pg, namespace: src, labels: {app: web}}}`), byLabel, []string{"Service/pg"},
			[]string{"Endpoints/pg"}, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, strings.ReplaceAll(tc.objects, ", MARK", ""), tc.change))
			var moves, left []string
			for _, o := range p.Objects {
				if slices.Contains(tc.moves, o.Ref.String()) {
					moves = append(moves, o.Ref.String())
				}
			}
			for _, l := range p.Left {
				if slices.Contains(tc.left, l.Ref.String()) {
					left = append(left, l.Ref.String())
				}
			}
			if diff := cmp.Diff([][]string{tc.moves, tc.left}, [][]string{moves, left}); diff != "" {
				t.Errorf("%s: what moves, and what is left (-want +got):\n%s", tc.reason, diff)
			}
			about := slices.DeleteFunc(slices.Clone(p.Warnings), func(w string) bool {
				return !slices.ContainsFunc([]string{"application.exclude", "pause"}, func(word string) bool { return strings.Contains(w, word) })
			})
			if len(tc.warning) == 0 != (len(about) == 0) || len(about) > 1 {
				t.Fatalf("%s: warnings %q", tc.reason, p.Warnings)
			}
			for _, part := range tc.warning {
				if !strings.Contains(about[0], part) {
					t.Errorf("%s: the warning %q lacks %q", tc.reason, about[0], part)
				}
			}
		})
	}
}
