package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// TestReferencesBeside: what an application needs and KubeMove does not move is named.
func TestReferencesBeside(t *testing.T) {
	cases := map[string]struct {
		reason   string
		objects  string
		warning  string
		requires []string
	}{
		"ResourceBackend": {
			reason: "an Ingress may route to a custom resource",
			objects: `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: src},
				spec: {rules: [{http: {paths: [{backend: {resource: {apiGroup: example.com, kind: Bucket, name: assets}}}]}}]}}`,
			warning: "Bucket.example.com/assets",
		},
		"DefaultResourceBackend": {
			reason: "the default backend is one as well",
			objects: `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: src},
				spec: {defaultBackend: {resource: {kind: ConfigMap, name: page}}}}`,
			warning: "ConfigMap/page",
		},
		"DeviceTemplate": {
			reason: "Pods wait for the claims of their devices",
			objects: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: src},
				spec: {template: {spec: {containers: [{name: c}], resourceClaims: [{name: gpu, resourceClaimTemplateName: one-gpu}]}}}}`,
			warning: "ResourceClaimTemplate.resource.k8s.io/one-gpu",
		},
		"Device": {
			reason: "a claim may be shared, too",
			objects: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: src},
				spec: {template: {spec: {containers: [{name: c}], resourceClaims: [{name: gpu, resourceClaimName: shared-gpu}]}}}}`,
			warning: "ResourceClaim.resource.k8s.io/shared-gpu",
		},
		"AttributesClass": {
			reason:   "a claim stays unbound without the class of its attributes",
			objects:  strings.Replace(bound, "spec: {", "spec: {volumeAttributesClassName: gold, ", 1),
			requires: []string{"VolumeAttributesClass.storage.k8s.io/gold"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, tc.objects, nil))
			named := len(p.Warnings) == 1 && strings.Contains(p.Warnings[0], tc.warning)
			if tc.warning != "" && !named || tc.warning == "" && len(p.Warnings) > 0 {
				t.Errorf("%s: warnings %q, want one of %q", tc.reason, p.Warnings, tc.warning)
			}
			var requires []string
			for _, r := range p.Requires {
				requires = append(requires, r.Ref.String())
			}
			if diff := cmp.Diff(tc.requires, requires); diff != "" {
				t.Errorf("%s: requires (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// TestClassOfEphemeralVolumes: Pods make claims of their templates at the target.
func TestClassOfEphemeralVolumes(t *testing.T) {
	const volumes = `{spec: {containers: [{name: c}],
		volumes: [{name: plain, emptyDir: {}}, {name: scratch, ephemeral: {volumeClaimTemplate: {spec: {storageClassName: old}}}}]}}`
	cases := map[string]string{
		"Deployment": `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: src}, spec: {template: ` + volumes + `}}`,
		"CronJob": `{apiVersion: batch/v1, kind: CronJob, metadata: {name: a, namespace: src}, spec: {jobTemplate: {spec: {template: ` +
			volumes + `}}}}`,
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			in := whole(t, text, func(in *Input) { in.StorageClasses = []api.StorageClassMapping{{From: "old", To: "new"}} })
			p := Make(in)
			if diff := cmp.Diff([]string{"new"}, p.StorageClasses()); diff != "" {
				t.Errorf("the target has to have the mapped class (-want +got):\n%s", diff)
			}
			if got := ephemeralClaims(&in.Objects[0])[0]["spec"].(map[string]any)["storageClassName"]; got != "old" {
				t.Errorf("the source's object was changed: its class is %v", got)
			}
		})
	}
	if got := ephemeralClaims(&unstructured.Unstructured{Object: map[string]any{"kind": "ConfigMap"}}); got != nil {
		t.Errorf("a ConfigMap has no Pods, got %v", got)
	}
}

// TestNothingIsMovedAndLeft: what does not move for its own sake may be referred to.
func TestNothingIsMovedAndLeft(t *testing.T) {
	const web = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src},
		spec: {template: {spec: {containers: [{name: c, envFrom: [{secretRef: {name: s}}]}]}}}}`
	cases := map[string]struct {
		reason string
		secret string
	}{
		"Token": {"a token that is referred to moves empty",
			`{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: src}, type: kubernetes.io/service-account-token}`},
		"Operator": {"what an operator has made and a member needs moves as a copy", `{apiVersion: v1, kind: Secret,
			metadata: {name: s, namespace: src, ownerReferences: [{apiVersion: a.b/v1, kind: Db, name: x, uid: u, controller: true}]}}`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, join(web, tc.secret), nil))
			if len(p.Objects) != 2 || len(p.Left) != 0 {
				t.Errorf("%s: %d objects move, want 2, and %v is left, want nothing", tc.reason, len(p.Objects), p.Left)
			}
		})
	}
}
