package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/lineage"
)

func TestExclude(t *testing.T) {
	const (
		app = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: app, namespace: src}, spec: {template: {metadata: {labels: {app: app}},
			spec: {containers: [{name: c, envFrom: [{secretRef: {name: app}}, {configMapRef: {name: app, optional: true}}]}],
			volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}}}}`
		secret = `{apiVersion: v1, kind: Secret, metadata: {name: app, namespace: src}}`
		config = `{apiVersion: v1, kind: ConfigMap, metadata: {name: app, namespace: src}}`
		pod    = `{apiVersion: v1, kind: Pod, metadata: {name: app-1, namespace: src,
			ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: app, uid: u, controller: true}]}, spec: {}}`
	)
	everything := []string{"Secret/app", "ConfigMap/app", "PersistentVolumeClaim/data", "Deployment.apps/app"}
	without := func(names ...string) []string {
		var out []string
		for _, e := range []string{everything[2], everything[0], everything[1], everything[3]} {
			if !strings.Contains(strings.Join(names, " ")+" ", e+" ") {
				out = append(out, e)
			}
		}
		return out
	}
	cases := map[string]struct {
		reason   string
		exclude  []api.ExcludedObject
		named    bool
		objects  []string
		requires []string
		left     []string
		blockers []string
		warnings []string
	}{
		"Nothing": {reason: "an empty list excludes nothing", objects: without()},
		"Optional": {
			reason:  "what may be missing is no loss",
			exclude: []api.ExcludedObject{{Kind: "ConfigMap", Name: "app"}},
			objects: without("ConfigMap/app"), left: []string{"ConfigMap/app"},
		},
		"Needed": {
			reason:  "a member needs it, so it has to be at the target",
			exclude: []api.ExcludedObject{{Kind: "Secret", Name: "app"}},
			objects: without("Secret/app"), left: []string{"Secret/app"},
			warnings: []string{"Deployment.apps/app refers to Secret/app"},
		},
		"EveryOne": {
			reason:  "without a name it is the whole kind",
			exclude: []api.ExcludedObject{{Kind: "Secret"}, {Kind: "ConfigMap"}},
			objects: without("Secret/app", "ConfigMap/app"), left: []string{"Secret/app", "ConfigMap/app"},
			warnings: []string{"refers to Secret/app"},
		},
		"OtherGroup": {
			reason:  "a kind of another group is another kind",
			exclude: []api.ExcludedObject{{Group: "example.com", Kind: "Secret", Name: "app"}},
			objects: without(), warnings: []string{"application.exclude names Secret.example.com/app"},
		},
		"OtherName": {
			reason:  "an entry that matches nothing is a slip",
			exclude: []api.ExcludedObject{{Kind: "Secret", Name: "ap"}},
			objects: without(), warnings: []string{"application.exclude names Secret/ap"},
		},
		"Claim": {
			reason:  "a workload that mounts the claim starts only where it is",
			exclude: []api.ExcludedObject{{Kind: "PersistentVolumeClaim"}},
			objects: without("PersistentVolumeClaim/data"), left: []string{"PersistentVolumeClaim/data"},
			requires: []string{"PersistentVolumeClaim/data"},
		},
		"Workload": {
			reason:  "a workload that stays goes on writing to the claim that moves",
			exclude: []api.ExcludedObject{{Group: "apps", Kind: "Deployment", Name: "app"}},
			objects: without("Deployment.apps/app"), left: []string{"Deployment.apps/app"},
			blockers: []string{"ClaimShared PersistentVolumeClaim/data"},
		},
		"Pods": {
			reason:  "what a controller makes is made at the target, too",
			exclude: []api.ExcludedObject{{Kind: "Pod"}},
			objects: without(),
		},
		"Named": {
			reason:  "exclude wins over a name, and what the member would have led to stays as well",
			exclude: []api.ExcludedObject{{Kind: "Deployment", Name: "app"}}, named: true,
			left:     []string{"Secret/app", "ConfigMap/app", "PersistentVolumeClaim/data", "Deployment.apps/app"},
			blockers: []string{"NothingSelected "}, warnings: []string{"application.exclude, which wins"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, join(app, secret, config, bound, strings.Replace(pod, "uid: u", "uid: ''", 1)), func(in *Input) {
				if tc.named {
					in.Application = api.Application{Workloads: []api.WorkloadReference{{Kind: "Deployment", Name: "app"}}}
				}
				in.Application.Exclude = tc.exclude
			}))
			var requires, left []string
			for _, r := range p.Requires {
				requires = append(requires, r.Ref.String())
			}
			for _, l := range p.Left {
				left = append(left, l.Ref.String())
			}
			want := [][]string{tc.objects, tc.requires, tc.left, append([]string{}, tc.blockers...)}
			got := outcomeOf(p)
			if diff := cmp.Diff(want, [][]string{got.Objects, requires, left, got.Blockers}); diff != "" {
				t.Errorf("%s: objects, requirements, what is left and blockers (-want +got):\n%s", tc.reason, diff)
			}
			if len(p.Warnings) != len(tc.warnings) {
				t.Fatalf("%s: warnings %q, want %q", tc.reason, p.Warnings, tc.warnings)
			}
			for i, want := range tc.warnings {
				if !strings.Contains(p.Warnings[i], want) {
					t.Errorf("%s: the warning %q lacks %q", tc.reason, p.Warnings[i], want)
				}
			}
		})
	}
}

// TestExcludedClaimAtTheTarget: it must be there, and whose it is there does not matter.
func TestExcludedClaimAtTheTarget(t *testing.T) {
	p := Make(whole(t, join(webYAML, bound), func(in *Input) {
		in.Application.Exclude = []api.ExcludedObject{{Kind: "PersistentVolumeClaim", Name: "data"}}
	}))
	ref := refTo(kindClaim, "data")
	got := reasons(reported(Conflicts(p, nil, lineage.Actor{})).Blockers)
	if diff := cmp.Diff([]string{"ClaimMissing PersistentVolumeClaim/data"}, got); diff != "" {
		t.Errorf("it is not there (-want +got):\n%s", diff)
	}
	used := object(t, strings.Replace(bound, "namespace: src", "namespace: src, annotations: {kubemove.io/active: other}", 1))
	if got := Conflicts(p, map[Ref]unstructured.Unstructured{ref: used}, lineage.Actor{}); len(got) > 0 {
		t.Errorf("another application may use it, got %v", got)
	}
}

// TestExcludedCustomResource: what it makes goes on running at the source, and is said to.
func TestExcludedCustomResource(t *testing.T) {
	const cache = `{apiVersion: example.com/v1, kind: Cache, metadata: {name: c, uid: u, namespace: src}}`
	const made = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: c, namespace: src, ownerReferences: [{apiVersion: example.com/v1,
		kind: Cache, name: c, uid: u, controller: true}]}, spec: {template: {spec: {containers: [{name: c}]}}}}`
	p := Make(whole(t, join(webYAML, bound, cache, made), func(in *Input) {
		in.Application.Exclude = []api.ExcludedObject{{Kind: "Cache"}}
	}))
	want := outcome{Objects: []string{"PersistentVolumeClaim/data", "Deployment.apps/web"}, Stopped: []string{"Deployment.apps/web"},
		Volumes: []string{"data > data: Copy"}, Blockers: []string{}, Warnings: 1}
	if diff := cmp.Diff(want, outcomeOf(p)); diff != "" {
		t.Errorf("the plan (-want +got):\n%s\nwarnings %q", diff, p.Warnings)
	}
	if len(p.Left) != 2 || p.Left[0].Ref.Kind != "Cache" && p.Left[1].Ref.Kind != "Cache" {
		t.Errorf("left is %v, want the resource and what it makes", p.Left)
	}
}
