package plan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

// TestCheckNodes: no room at the target is told with the workload and the scheduler's words.
func TestCheckNodes(t *testing.T) {
	const (
		node   = `{metadata: {name: a}, status: {allocatable: {cpu: "2", pods: "110"}}}`
		solver = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: solver, namespace: shop},
			spec: {replicas: 1, template: {metadata: {labels: {app: solver}}, spec: {containers: [{name: c, resources: {requests: {cpu: "1"}}}]}}}}`
		modest = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: solver, namespace: shop},
			spec: {template: {spec: {containers: [{name: c}]}}}}`
		neighbor = `{metadata: {name: neighbour, namespace: other},
			spec: {nodeName: a, containers: [{name: c, resources: {requests: {cpu: 1100m}}}]}}`
	)
	in := func(text, namespace string) string {
		return strings.Replace(text, "namespace: other", "namespace: "+namespace, 1)
	}
	labelled := func(text, labels string) string {
		return strings.Replace(text, "name: neighbour", "name: neighbour, "+labels, 1)
	}
	own := `labels: {` + api.ManagedByLabel + `: ` + api.ManagedByValue + `, ` + api.PairLabel + `: uid}`
	cases := map[string]struct {
		reason   string
		workload string
		pods     string
		limits   string
		forbid   string // nodes, or pods of the whole cluster
		change   func(*application.Plan)
		want     []string
	}{
		"Room": {reason: "There is room.", workload: solver, pods: strings.Replace(neighbor, "1100m", "900m", 1)},
		"NoRoom": {reason: "Another tenant takes most of it.",
			workload: solver, pods: neighbor, want: []string{"0 of 1 Pods of Deployment.apps/solver", "1 Insufficient cpu"}},
		"Limits": {reason: "The namespace fills in what the Pods ask for.", workload: modest, pods: neighbor,
			limits: `{metadata: {name: l, namespace: shop}, spec: {limits: [{type: Container, defaultRequest: {cpu: "1"}}]}}`,
			want:   []string{"Insufficient cpu"}},
		"Workers": {reason: "KubeMove's own Pods are gone by then.", workload: solver, pods: labelled(neighbor, own)},
		"Itself": {reason: "Within a cluster the application itself is gone by then.", workload: solver, pods: in(labelled(neighbor,
			"ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: solver-1, uid: u, controller: true}]"), "src"),
			change: func(p *application.Plan) { p.SourceCluster, p.TargetCluster = "a", "a" }},
		"Elsewhere": {reason: "In another cluster a Pod of that name is another one.", workload: solver,
			pods: in(labelled(neighbor, "ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: solver-1, uid: u, controller: true}]"),
				"src"), want: []string{"Insufficient cpu"}},
		"NoPods": {reason: "Who may not list the Pods of others knows those of the namespace.",
			workload: solver, pods: in(neighbor, "shop"), forbid: "pods", want: []string{"Insufficient cpu"}},
		"NoOthers": {reason: "What others take is not known then.", workload: solver, pods: neighbor, forbid: "pods"},
		"NoNodes": {reason: "Without nodes nothing is known, and that is told.",
			workload: solver, pods: neighbor, forbid: "nodes", want: []string{"may not list nodes"}},
		"NoDemands": {reason: "A Pod that asks for nothing fits nearly everywhere.", workload: modest, pods: neighbor, forbid: "nodes"},
		"NoSpace": {reason: "Without a namespace nothing is asked.",
			workload: solver, pods: neighbor, change: func(p *application.Plan) {
				p.AddBlocker(api.ReasonNamespaceNotFound, application.Ref{},
					"no")
			}},
		"NoWorkload": {reason: "What runs nothing needs no node.", workload: plannedConfig, pods: neighbor, forbid: "nodes"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			kube := fake.NewClientset(parseAs[corev1.Node](t, node), parseAs[corev1.Pod](t, tc.pods))
			if tc.limits != "" {
				limits := parseAs[corev1.LimitRange](t, tc.limits)
				if _, err := kube.CoreV1().LimitRanges("shop").Create(t.Context(), limits, metav1.CreateOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			kube.PrependReactor("list", tc.forbid, func(a clienttesting.Action) (bool, runtime.Object, error) {
				if a.GetNamespace() != "" || tc.forbid == "" {
					return false, nil, nil
				}
				return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: tc.forbid}, "", nil)
			})
			target := &cluster.Cluster{Side: cluster.SideTarget, Namespace: "shop", Kube: kube, Mapper: newKindsMapper()}
			o := integers(t, tc.workload)
			p := &application.Plan{SourceNamespace: "src", TargetNamespace: "shop", Objects: []application.Object{o},
				Workloads: []application.Workload{{Ref: o.Ref}}}
			if tc.change != nil {
				tc.change(p)
			}
			if err := checkNodes(t.Context(), target, p); err != nil {
				t.Fatal(err)
			}
			if len(p.Warnings) != min(len(tc.want), 1) {
				t.Fatalf("%s got %v", tc.reason, p.Warnings)
			}
			for _, w := range tc.want {
				if !strings.Contains(p.Warnings[0], w) {
					t.Errorf("%s %q lacks %q", tc.reason, p.Warnings[0], w)
				}
			}
		})
	}
}

// TestSlim: what is kept of a Pod is all that decides.
func TestSlim(t *testing.T) {
	const anti = `{podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: zone}]}}`
	pod := parseAs[corev1.Pod](t, `{metadata: {name: p, namespace: n, labels: {a: b}, annotations: {long: text}},
		spec: {nodeName: x, priority: 7, hostNetwork: true, overhead: {cpu: 1m}, affinity: `+anti+`, volumes: [{name: v}],
		initContainers: [{name: s, restartPolicy: Always, resources: {requests: {cpu: "1"}}}], containers: [{name: c, env: [{name: SECRET,
		value: hush}], ports: [{hostPort: 80, containerPort: 80}], resources: {requests: {cpu: "2"}}}]}, status: {phase: Running}}`)
	want := parseAs[corev1.Pod](t, `{metadata: {name: p, namespace: n, labels: {a: b}},
		spec: {nodeName: x, priority: 7, hostNetwork: true, overhead: {cpu: 1m}, affinity: `+anti+`,
		initContainers: [{name: s, restartPolicy: Always, resources: {requests: {cpu: "1"}}}],
		containers: [{name: c, ports: [{hostPort: 80, containerPort: 80}], resources: {requests: {cpu: "2"}}}]}, status: {phase: Running}}`)
	if diff := cmp.Diff(*want, slim(pod)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestListPodsPages: a list comes page by page, and not all of a large one is read.
func TestListPodsPages(t *testing.T) {
	kube := fake.NewClientset()
	read := 0
	kube.PrependReactor("list", "pods", func(a clienttesting.Action) (bool, runtime.Object, error) {
		list := &corev1.PodList{}
		if a.GetNamespace() == "shop" {
			list.Items = []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Name: "own"}}}
			return true, list, nil
		}
		read++
		for range pageSize {
			list.Items = append(list.Items, corev1.Pod{})
		}
		list.Continue = "more"
		return true, list, nil
	})
	target := &cluster.Cluster{Side: cluster.SideTarget, Namespace: "shop", Kube: kube}
	got, err := podsThere(t.Context(), target, &application.Plan{})
	if err != nil || len(got) != 1 || got[0].Name != "own" || read != mostPods/pageSize+1 {
		t.Errorf("read %d pages and kept %d Pods, %v", read, len(got), err)
	}
}

// integers is an object whose numbers are whole ones, as a server gives them.
func integers(t *testing.T, text string) application.Object {
	t.Helper()
	o := object(t, text)
	data, err := o.Object.MarshalJSON()
	if err == nil {
		err = o.Object.UnmarshalJSON(data)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}
