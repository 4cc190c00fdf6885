package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

func TestUnmoved(t *testing.T) {
	const quota = `{apiVersion: v1, kind: ResourceQuota, metadata: {name: q, namespace: src, labels: {app: web}}}`
	cases := map[string]struct {
		reason   string
		selector *metav1.LabelSelector
		objects  string
		left     []string
		warnings []string
	}{
		"Named": {
			reason:   "what somebody made and nobody moves is named, in order",
			selector: &metav1.LabelSelector{},
			objects:  join(`{apiVersion: example.com/v1, kind: Cache, metadata: {name: c, namespace: src}}`, quota),
			left:     []string{"Cache.example.com/c", "ResourceQuota/q"},
			warnings: []string{"Cache.example.com/c, ResourceQuota/q"},
		},
		"Selected":    {reason: "a selector says what belongs to the application", selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "db"}}, objects: quota},
		"NoSelector":  {reason: "named workloads have no neighbours", objects: quota},
		"BadSelector": {reason: "a blocker says it", selector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Near"}}}, objects: quota},
		"Made": {
			reason:   "controllers make these at the target, too, and KubeMove its own",
			selector: &metav1.LabelSelector{},
			objects: join(`{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: web-1, namespace: src, ownerReferences: [{apiVersion: v1, kind: Service, name: web, uid: u, controller: true}]}}`,
				`{apiVersion: v1, kind: Endpoints, metadata: {name: web, namespace: src}}`,
				`{apiVersion: v1, kind: Endpoints, metadata: {name: gone, namespace: src, annotations: {endpoints.kubernetes.io/last-change-trigger-time: x}}}`,
				`{apiVersion: v1, kind: LimitRange, metadata: {name: ours, namespace: src, labels: {app.kubernetes.io/managed-by: kubemove}}}`),
		},
		"HandMade": {
			reason:   "of a Service without a selector people write the endpoints",
			selector: &metav1.LabelSelector{},
			objects:  `{apiVersion: v1, kind: Endpoints, metadata: {name: db, namespace: src}}`,
			left:     []string{"Endpoints/db"},
			warnings: []string{"Endpoints/db"},
		},
		"Runtime": {
			reason:   "programs take their leases again: nobody has to create them",
			selector: &metav1.LabelSelector{},
			objects: join(`{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: leader, namespace: src}}`,
				`{apiVersion: v1, kind: Endpoints, metadata: {name: elected, namespace: src, annotations: {control-plane.alpha.kubernetes.io/leader: x}}}`),
			left: []string{"Endpoints/elected", "Lease.coordination.k8s.io/leader"},
		},
	}
	services := join(`{apiVersion: v1, kind: Service, metadata: {name: web, namespace: src}, spec: {selector: {app: web}}}`,
		`{apiVersion: v1, kind: Service, metadata: {name: db, namespace: src}, spec: {type: ExternalName}}`)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, services, nil))
			before := p.Hash()
			var objects []unstructured.Unstructured
			for _, text := range strings.Split(tc.objects, "\n---\n") {
				objects = append(objects, object(t, text))
			}
			p.AddUnmoved(api.Application{Selector: tc.selector}, objects)
			var left []string
			for _, l := range p.Left {
				left = append(left, l.Ref.String())
			}
			if diff := cmp.Diff(tc.left, left); diff != "" {
				t.Errorf("%s: left (-want +got):\n%s", tc.reason, diff)
			}
			if len(p.Warnings) != len(tc.warnings) || len(tc.warnings) == 1 && !strings.Contains(p.Warnings[0], tc.warnings[0]) {
				t.Errorf("%s: warnings %q, want %q", tc.reason, p.Warnings, tc.warnings)
			}
			if p.Hash() != before {
				t.Errorf("%s: the hash has changed, and with it what was approved", tc.reason)
			}
		})
	}
}

func TestUnseen(t *testing.T) {
	p := &Plan{}
	p.AddUnseen(nil)
	p.AddUnseen([]string{"b.example.com", "a.example.com"})
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "a.example.com, b.example.com") {
		t.Errorf("warnings %q, want one that names the kinds in order", p.Warnings)
	}
}

func TestExplicitAddress(t *testing.T) {
	const allocated = `{apiVersion: v1, kind: Service, metadata: {name: a, namespace: src, uid: u}, spec: {type: ClusterIP, clusterIP: 10.0.0.7, selector: {a: b}}}`
	cases := map[string]struct {
		reason  string
		service string
		want    bool
	}{
		"Allocated": {"every Service has an address of its cluster", allocated, false},
		"Headless":  {"None is no address", strings.Replace(allocated, "10.0.0.7", "None", 1), false},
		"Owned":     {"a client owns the field", strings.Replace(allocated, "uid: u", `uid: u, managedFields: [{manager: helm, fieldsV1: {"f:spec": {"f:clusterIP": {}}}}]`, 1), true},
		"Applied":   {"kubectl apply wrote it down", strings.Replace(allocated, "uid: u", `uid: u, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"spec":{"clusterIP":"10.0.0.7"}}'}`, 1), true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, tc.service, nil))
			if got := len(p.Warnings) == 1 && strings.Contains(p.Warnings[0], "10.0.0.7"); got != tc.want || len(p.Warnings) > 1 {
				t.Errorf("%s: warnings %q", tc.reason, p.Warnings)
			}
		})
	}
}
