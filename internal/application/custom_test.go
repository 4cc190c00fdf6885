package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

const (
	widget = `{apiVersion: example.com/v1, kind: Widget, metadata: {name: a, namespace: src, uid: w},
		spec: {passwordSecretRef: {name: password}}, status: {ready: true}}`
	widgetMade = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: widget-a, namespace: src, uid: wd,
		ownerReferences: [{apiVersion: example.com/v1, kind: Widget, name: a, uid: w, controller: true}]},
		spec: {replicas: 2, template: {metadata: {labels: {widget: a}}, spec: {containers: [{name: c, envFrom: [{secretRef: {name: password}}],
		volumeMounts: [{name: d, mountPath: /d}]}], volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}}}}`
	widgetSet = `{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: widget-a-1, namespace: src, uid: wr,
		ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: widget-a, uid: wd, controller: true}]},
		spec: {replicas: 2, template: {spec: {containers: [{name: c}]}}}}`
	widgetPod = `{apiVersion: v1, kind: Pod, metadata: {name: widget-a-1-x, namespace: src,
		ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: widget-a-1, uid: wr, controller: true}]},
		spec: {containers: [{name: c}], volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}}`
	widgetMap = `{apiVersion: v1, kind: ConfigMap, metadata: {name: widget-a, namespace: src,
		ownerReferences: [{apiVersion: example.com/v1, kind: Widget, name: a, uid: w, controller: true}]}}`
	password   = `{apiVersion: v1, kind: Secret, metadata: {name: password, namespace: src}}`
	controller = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: widgets, namespace: src},
		spec: {replicas: 1, template: {spec: {serviceAccountName: widgets, containers: [{name: c}]}}}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: widgets, namespace: src}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: widgets, namespace: src},
  rules: [{apiGroups: [example.com], resources: [widgets], verbs: [get, list, watch]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: widgets, namespace: src},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: widgets},
  subjects: [{kind: ServiceAccount, name: widgets, namespace: src}]}`
)

// planned is a plan in a few words: what moves, what stops, what stays.
type planned struct {
	Moves, Stops, Left, Requires, Blockers []string
	// Warned are parts of the warnings, of each one.
	Warned []string
}

func outline(p *Plan, warned []string) planned {
	var out planned
	for _, o := range p.Objects {
		out.Moves = append(out.Moves, o.Ref.String())
	}
	for _, w := range p.Workloads {
		name := w.Ref.String()
		if w.MadeBy != nil {
			name += " of " + w.MadeBy.String()
		}
		out.Stops = append(out.Stops, name)
	}
	for _, l := range p.Left {
		out.Left = append(out.Left, l.Ref.String()+": "+l.Why)
	}
	for _, r := range p.Requires {
		out.Requires = append(out.Requires, r.Ref.String())
	}
	for _, b := range p.Blockers {
		out.Blockers = append(out.Blockers, b.Reason+" "+b.Object)
	}
	for i, w := range p.Warnings {
		if i < len(warned) && strings.Contains(w, warned[i]) {
			w = warned[i]
		}
		out.Warned = append(out.Warned, w)
	}
	return out
}

var widgets = map[string]string{"Widget.example.com": "widgets"}

func TestCustomResources(t *testing.T) {
	named := func(kind, name string) func(*Input) {
		return func(in *Input) {
			in.Resources = widgets
			in.Application = api.Application{Workloads: []api.WorkloadReference{{Group: "apps", Kind: kind, Name: name}}}
		}
	}
	known := func(in *Input) { in.Resources = widgets }
	const makes = "Widget.example.com/a makes it, and moves"
	const crd = "CustomResourceDefinition.apiextensions.k8s.io/widgets.example.com"
	cases := map[string]struct {
		reason  string
		objects string
		change  func(*Input)
		want    planned
	}{
		"Plain": {
			reason:  "a custom resource moves with what it names",
			objects: join(widget, password),
			change: func(in *Input) {
				known(in)
				in.Application.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "a"}}
				in.Objects[0].SetLabels(map[string]string{"app": "a"})
			},
			want: planned{Moves: []string{"Secret/password", "Widget.example.com/a"}, Requires: []string{crd}},
		},
		"WithItsController": {
			reason:  "what a custom resource makes stops after its controller, is left to it, and its data moves",
			objects: join(widget, widgetMade, widgetSet, widgetPod, widgetMap, password, bound, controller),
			change:  known,
			want: planned{
				Moves: []string{
					"PersistentVolumeClaim/data", "ServiceAccount/widgets", "Secret/password", "Role.rbac.authorization.k8s.io/widgets",
					"RoleBinding.rbac.authorization.k8s.io/widgets", "Widget.example.com/a", "Deployment.apps/widgets",
				},
				Stops:    []string{"Deployment.apps/widgets", "Deployment.apps/widget-a of Widget.example.com/a"},
				Left:     []string{"ConfigMap/widget-a: " + makes, "Deployment.apps/widget-a: " + makes},
				Requires: []string{crd},
			},
		},
		"WithoutItsController": {
			reason:  "nothing could stop what a controller elsewhere starts again",
			objects: join(widget, widgetMade, password, bound),
			change:  known,
			want: planned{
				Moves:    []string{"PersistentVolumeClaim/data", "Secret/password", "Widget.example.com/a"},
				Stops:    []string{"Deployment.apps/widget-a of Widget.example.com/a"},
				Left:     []string{"Deployment.apps/widget-a: " + makes},
				Requires: []string{crd},
				Blockers: []string{"UnsupportedWorkload Widget.example.com/a"},
			},
		},
		"Stopped": {
			reason:  "what does not run needs no controller to stop",
			objects: join(widget, strings.Replace(widgetMade, "replicas: 2", "replicas: 0", 1), password, bound),
			change:  known,
			want: planned{
				Moves:    []string{"PersistentVolumeClaim/data", "Secret/password", "Widget.example.com/a"},
				Stops:    []string{"Deployment.apps/widget-a of Widget.example.com/a"},
				Left:     []string{"Deployment.apps/widget-a: " + makes},
				Requires: []string{crd},
			},
		},
		"BarePods": {
			reason: "Pods without a workload cannot be stopped and started again",
			objects: join(strings.Replace(widget, "passwordSecretRef", "x", 1), controller,
				`{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: src,
					ownerReferences: [{apiVersion: example.com/v1, kind: Widget, name: a, uid: w, controller: true}]}, spec: {containers: [{name: c}]}}`),
			change: known,
			want: planned{
				Moves: []string{"ServiceAccount/widgets", "Role.rbac.authorization.k8s.io/widgets",
					"RoleBinding.rbac.authorization.k8s.io/widgets", "Widget.example.com/a", "Deployment.apps/widgets"},
				Stops:    []string{"Deployment.apps/widgets"},
				Left:     []string{"Pod/p: " + makes},
				Requires: []string{crd},
				Blockers: []string{"UnsupportedWorkload Widget.example.com/a"},
			},
		},
		"NamedWorkloadOfACustomResource": {
			reason:  "who names what a custom resource makes means the custom resource",
			objects: join(widget, widgetMade, password, bound, controller),
			change: func(in *Input) {
				named("Deployment", "widget-a")(in)
				in.Application.Workloads = append(in.Application.Workloads, api.WorkloadReference{Group: "apps", Kind: "Deployment", Name: "widgets"})
			},
			want: planned{
				Moves: []string{
					"PersistentVolumeClaim/data", "ServiceAccount/widgets", "Secret/password", "Role.rbac.authorization.k8s.io/widgets",
					"RoleBinding.rbac.authorization.k8s.io/widgets", "Widget.example.com/a", "Deployment.apps/widgets",
				},
				Stops:    []string{"Deployment.apps/widgets", "Deployment.apps/widget-a of Widget.example.com/a"},
				Left:     []string{"Deployment.apps/widget-a: " + makes},
				Requires: []string{crd},
			},
		},
		"ReferenceToWhatIsMade": {
			reason: "a member that needs what a custom resource makes takes the custom resource with it",
			objects: join(strings.Replace(widget, "passwordSecretRef", "x", 1), widgetMap,
				`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src},
					spec: {template: {spec: {containers: [{name: c, envFrom: [{configMapRef: {name: widget-a}}]}]}}}}`),
			change: named("Deployment", "web"),
			want: planned{
				Moves: []string{"Widget.example.com/a", "Deployment.apps/web"}, Stops: []string{"Deployment.apps/web"},
				Left: []string{"ConfigMap/widget-a: " + makes}, Requires: []string{crd},
			},
		},
		"OwnerThatCannotMove": {
			reason: "without its maker a reference moves as a plain copy",
			objects: join(widget, widgetMap,
				`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src},
					spec: {template: {spec: {containers: [{name: c, envFrom: [{configMapRef: {name: widget-a}}]}]}}}}`),
			change: func(in *Input) {
				named("Deployment", "web")(in)
				in.Exclude = []Ref{{Group: "example.com", Kind: "Widget", Name: "a"}}
			},
			want: planned{
				Moves: []string{"ConfigMap/widget-a", "Deployment.apps/web"}, Stops: []string{"Deployment.apps/web"},
				Left: []string{"Widget.example.com/a: neither selected nor referenced by a member"}, Warned: []string{"moves as a plain copy"},
			},
		},
		"RouteAndScaler": {
			reason: "what leads to a Service or scales a workload belongs to it",
			objects: join(`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src},
				spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c}]}}}}`,
				`{apiVersion: v1, kind: Service, metadata: {name: web, namespace: src}, spec: {selector: {app: web}}}`,
				`{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web, namespace: src},
					spec: {parentRefs: [{name: gw}, {name: other, namespace: infra}], rules: [{backendRefs: [{name: web, port: 80}]}]}}`,
				`{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: other, namespace: src},
					spec: {rules: [{backendRefs: [{name: other, port: 80}]}]}}`,
				`{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: gw, namespace: src}}`,
				`{apiVersion: autoscaling.k8s.io/v1, kind: VerticalPodAutoscaler, metadata: {name: web, namespace: src},
					spec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}}`,
				`{apiVersion: example.com/v1, kind: Mention, metadata: {name: m, namespace: src}, spec: {note: {name: web}}}`),
			change: named("Deployment", "web"),
			want: planned{
				Moves: []string{"Service/web", "VerticalPodAutoscaler.autoscaling.k8s.io/web",
					"Deployment.apps/web", "Gateway.gateway.networking.k8s.io/gw", "HTTPRoute.gateway.networking.k8s.io/web"},
				Stops: []string{"Deployment.apps/web"},
				Left: []string{"HTTPRoute.gateway.networking.k8s.io/other: neither selected nor referenced by a member",
					"Mention.example.com/m: neither selected nor referenced by a member"},
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := outline(Make(whole(t, tc.objects, tc.change)), tc.want.Warned)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// TestOtherBuiltins: of the further kinds of Kubernetes itself those move that a user wrote.
func TestOtherBuiltins(t *testing.T) {
	cases := map[string]struct {
		reason  string
		objects string
		change  func(*Input)
		want    planned
	}{
		"Limits": {
			reason: "limits are the business of a namespace's administrator",
			objects: join(`{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: src}}`,
				`{apiVersion: v1, kind: ResourceQuota, metadata: {name: q, namespace: src}}`),
			want: planned{Moves: []string{"ConfigMap/c"}, Left: []string{"ResourceQuota/q: " + neverMoved["ResourceQuota"]}},
		},
		"Made": {
			reason: "controllers make these at the target, too, and KubeMove its own",
			objects: join(`{apiVersion: v1, kind: Service, metadata: {name: web, namespace: src}, spec: {selector: {app: web}}}`,
				`{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice,
					metadata: {name: web-1, namespace: src, labels: {endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io},
					ownerReferences: [{apiVersion: v1, kind: Service, name: web, uid: u, controller: true}]}}`,
				`{apiVersion: v1, kind: Endpoints, metadata: {name: web, namespace: src}}`,
				`{apiVersion: v1, kind: Endpoints,
					metadata: {name: gone, namespace: src, annotations: {endpoints.kubernetes.io/last-change-trigger-time: x}}}`,
				`{apiVersion: v1, kind: ConfigMap, metadata: {name: ours, namespace: src, labels: {app.kubernetes.io/managed-by: kubemove}}}`),
			want: planned{Moves: []string{"Service/web"}},
		},
		"HandMade": {
			reason: "of a Service without a selector people write the addresses",
			objects: join(`{apiVersion: v1, kind: Service, metadata: {name: old, namespace: src}, spec: {ports: [{port: 1}]}}`,
				`{apiVersion: v1, kind: Service, metadata: {name: db, namespace: src}, spec: {ports: [{port: 1}]}}`,
				`{apiVersion: v1, kind: Endpoints, metadata: {name: old, namespace: src}}`,
				`{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: old-m, namespace: src,
					labels: {endpointslice.kubernetes.io/managed-by: endpointslicemirroring-controller.k8s.io, kubernetes.io/service-name: old}}}`,
				`{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice,
					metadata: {name: db-1, namespace: src, labels: {kubernetes.io/service-name: db}}}`),
			want: planned{Moves: []string{"Service/db", "Service/old", "EndpointSlice.discovery.k8s.io/db-1", "Endpoints/old"}},
		},
		"Runtime": {
			reason: "programs take their leases again",
			objects: join(`{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: src}}`,
				`{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: leader, namespace: src}}`,
				`{apiVersion: v1, kind: Endpoints,
					metadata: {name: elected, namespace: src, annotations: {control-plane.alpha.kubernetes.io/leader: x}}}`),
			want: planned{Moves: []string{"ConfigMap/c"}, Left: []string{
				"Endpoints/elected: a running program writes it, there as here",
				"Lease.coordination.k8s.io/leader: " + neverMoved["Lease.coordination.k8s.io"]}},
		},
		"Helm": {
			reason: "without its records Helm would not know the release at the target",
			objects: join(`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src, annotations: {meta.helm.sh/release-name: r,
				meta.helm.sh/release-namespace: src}}, spec: {template: {spec: {containers: [{name: c}]}}}}`,
				`{apiVersion: v1, kind: Secret, metadata: {name: sh.helm.release.v1.r.v1, namespace: src, labels: {owner: helm, name: r}},
					type: helm.sh/release.v1}`,
				`{apiVersion: v1, kind: Secret, metadata: {name: sh.helm.release.v1.x.v1, namespace: src, labels: {owner: helm, name: x}},
					type: helm.sh/release.v1}`),
			change: func(in *Input) {
				in.Application = api.Application{Workloads: []api.WorkloadReference{{Kind: "Deployment", Name: "web"}}}
			},
			want: planned{Moves: []string{"Secret/sh.helm.release.v1.r.v1", "Deployment.apps/web"}, Stops: []string{"Deployment.apps/web"},
				Left: []string{"Secret/sh.helm.release.v1.x.v1: neither selected nor referenced by a member"}},
		},
		"Unseen": {
			reason:  "what could not be looked for is said, in order",
			objects: `{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: src}}`,
			change:  func(in *Input) { in.Unseen = []string{"b.example.com", "a.example.com"} },
			want:    planned{Moves: []string{"ConfigMap/c"}, Warned: []string{"a.example.com, b.example.com"}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := outline(Make(whole(t, tc.objects, tc.change)), tc.want.Warned)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}
