package nodefit

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func parse[T any](t testing.TB, text string) T {
	t.Helper()
	var out T
	if err := yaml.UnmarshalStrict([]byte(text), &out); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return out
}

// TestPlace: the words are the scheduler's.
func TestPlace(t *testing.T) {
	// nodeOf has two processors and room for three Pods.
	nodeOf := func(name, more string) string {
		return `{metadata: {name: ` + name + `, labels: {kubernetes.io/hostname: ` + name + `, zone: z-` + name + `}}, spec: {` + more +
			`}, status: {allocatable: {cpu: "2", memory: 4Gi, pods: "3"}}}`
	}
	podOn := func(node, cpu, more string) string {
		return `{metadata: {name: there, namespace: other, labels: {app: there}}, spec: {nodeName: ` + node + `, ` + more +
			` containers: [{name: c, resources: {requests: {cpu: ` + cpu + `}}}]}}`
	}
	podOf := func(cpu, more string) string {
		return `{metadata: {namespace: shop, labels: {app: web}}, spec: {` + more +
			` containers: [{name: c, resources: {requests: {cpu: ` + cpu + `}}}]}}`
	}
	one, two := []string{nodeOf("a", "")}, []string{nodeOf("a", ""), nodeOf("b", "")}
	const like = `requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname,
		labelSelector: {matchLabels: {app: web}}}]`
	cases := map[string]struct {
		reason string
		nodes  []string
		there  []string
		pod    string
		count  int64
		// priority of the workload.
		priority int32
		want     string
	}{
		"Fits": {"Exactly what is left is enough.", one, []string{podOn("a", "1", "")}, podOf(`"1"`, ""), 1, 0, ""},
		"CPU": {"Others take most of it.",
			one, []string{podOn("a", "1100m", "")}, podOf(`"1"`, ""), 1, 0, "0 of 1: 0/1 nodes are available: 1 Insufficient cpu."},
		"Together": {"One finds room, the next does not.",
			one, nil, podOf("1500m", ""), 2, 0, "1 of 2: 0/1 nodes are available: 1 Insufficient cpu."},
		"Both": {"A second node takes it.", two, nil, podOf("1500m", ""), 2, 0, ""},
		"Large": {"No node is large enough, though all together are.",
			two, nil, podOf(`"3"`, ""), 1, 0, "0 of 1: 0/2 nodes are available: 2 Insufficient cpu."},
		"Ended": {"A Pod that has ended takes nothing.",
			one, []string{strings.TrimSuffix(podOn("a", "1100m", ""), "}") + `, status: {phase: Succeeded}}`}, podOf(`"1"`, ""), 1, 0, ""},
		"Pending": {"Nor does one that has no node.", one, []string{podOn(`""`, "1100m", "")}, podOf(`"1"`, ""), 1, 0, ""},
		"Extended": {"A node without a device has none.",
			one, nil, `{spec: {containers: [{name: c, resources: {requests: {example.com/gpu: "1"}, limits: {example.com/gpu: "1"}}}]}}`, 1,
			0, "0 of 1: 0/1 nodes are available: 1 Insufficient example.com/gpu."},
		"Number": {"A node takes so many Pods.", one, []string{podOn("a", "1m", ""), podOn("a", "1m", ""), podOn("a", "1m", "")},
			podOf("1m", ""), 1, 0, "0 of 1: 0/1 nodes are available: 1 Too many pods."},
		"GivesWay": {"Pods of less priority give way.", one, []string{podOn("a", "1900m", "priority: 5,")}, podOf(`"1"`, ""), 1, 10, ""},
		"GivesNone": {"Those of more do not.",
			one, []string{podOn("a", "1900m", "priority: 5,")}, podOf(`"1"`, ""), 1, 0, "0 of 1: 0/1 nodes are available: 1 Insufficient cpu."},
		"Taint": {"A node is for others.", []string{nodeOf("a", `taints: [{key: team, value: red, effect: NoSchedule}]`)}, nil,
			podOf("1m", ""), 1, 0, "0 of 1: 0/1 nodes are available: 1 node(s) had untolerated taint {team: red}."},
		"Tolerated": {"It is for this one.", []string{nodeOf("a", `taints: [{key: team, value: red, effect: NoSchedule}]`)}, nil,
			podOf("1m", "tolerations: [{key: team, operator: Exists}],"), 1, 0, ""},
		"Soft": {"A node would rather have others.",
			[]string{nodeOf("a", `taints: [{key: team, effect: PreferNoSchedule}]`)}, nil, podOf("1m", ""), 1, 0, ""},
		"Cordoned": {"A node takes no more.", []string{nodeOf("a", `unschedulable: true`)}, nil, podOf("1m", ""), 1, 0,
			"0 of 1: 0/1 nodes are available: 1 node(s) were unschedulable."},
		"Selector": {"The target has no such node.", two, nil, podOf("1m", "nodeSelector: {disk: ssd},"), 1, 0,
			"0 of 1: 0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector."},
		"Mixed": {"Each node has its own reason.", []string{nodeOf("a", ""), nodeOf("b", "unschedulable: true")}, nil,
			podOf(`"3"`, ""), 1, 0, "0 of 1: 0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable."},
		"Port": {"Two Pods want one port of the node.",
			one, nil, `{spec: {containers: [{name: c, ports: [{containerPort: 80, hostPort: 80}]}]}}`, 2, 0,
			"1 of 2: 0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."},
		"HostPort": {"With the node's network every port is one of the node.",
			one, nil, `{spec: {hostNetwork: true, containers: [{name: c, ports: [{containerPort: 80}]}]}}`, 2, 0,
			"1 of 2: 0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."},
		"Apart": {"Pods that want to be alone need as many nodes.", two, nil, podOf("1m", "affinity: {podAntiAffinity: {"+like+"}},"),
			3, 0, "2 of 3: 0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules."},
		"Repelled": {"Another Pod wants to be alone.",
			one, []string{podOn("a", "1m", `affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: zone,
				namespaces: [shop], labelSelector: {matchLabels: {app: web}}}]}},`)}, podOf("1m", ""), 1, 0,
			"0 of 1: 0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules."},
		"WithLike": {"Pods that want to be with their like begin somewhere.",
			two, nil, podOf("1m", "affinity: {podAffinity: {"+like+"}},"), 3, 0, ""},
		"Alone": {"There is nothing that it could be with.",
			two, nil, podOf("1m", `affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: zone,
				labelSelector: {matchLabels: {app: cache}}}]}},`), 1, 0, "0 of 1: 0/2 nodes are available: 2 node(s) didn't match pod affinity rules."},
		"OtherSpace": {"What is of its like in another namespace does not count.",
			one, []string{strings.Replace(podOn("a", "1m", ""), "app: there", "app: web", 1)},
			podOf("1m", "affinity: {podAntiAffinity: {"+like+"}},"), 1, 0, ""},
		"Spread": {"A full zone leaves the other one too far ahead.",
			two, []string{podOn("b", "2", "")}, podOf("1m", `topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone,
				whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}],`), 2, 0,
			"1 of 2: 0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match pod topology spread constraints."},
		"SpreadSoft": {"It only would rather not.", two, []string{podOn("b", "2", "")}, podOf("1m", `topologySpreadConstraints: [{maxSkew: 1,
			topologyKey: zone, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: web}}}],`), 2, 0, ""},
		"NoNodes": {"Where no node is known, nothing is.", nil, nil, podOf("9", ""), 1, 0, ""},
		"NoPods":  {"A workload at zero needs none.", one, nil, podOf("9", ""), 0, 0, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var nodes []corev1.Node
			for _, n := range tc.nodes {
				nodes = append(nodes, parse[corev1.Node](t, n))
			}
			var there []corev1.Pod
			for _, p := range tc.there {
				there = append(there, parse[corev1.Pod](t, p))
			}
			pod := parse[corev1.Pod](t, tc.pod)
			got := ""
			for _, s := range Place(nodes, there, []Group{{Name: "web", Pod: &pod, Count: tc.count, Priority: tc.priority}}) {
				got += fmt.Sprintf("%d of %d: %s", s.Placed, s.Count, s.Why)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s -want +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// TestPlaceGroups: the order of the workloads does not matter.
func TestPlaceGroups(t *testing.T) {
	group := func(name, pod string, count int64) Group {
		p := parse[corev1.Pod](t, pod)
		return Group{Name: name, Pod: &p, Count: count}
	}
	small := group("small", `{metadata: {labels: {app: small}}, spec: {containers: [{name: c, resources: {requests: {cpu: 600m}}}]}}`, 2)
	large := group("large", `{spec: {containers: [{name: c, resources: {requests: {cpu: 1400m}}}]}}`, 2)
	near := group("near", `{spec: {affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: host,
		labelSelector: {matchLabels: {app: small}}}]}}, containers: [{name: c, resources: {requests: {cpu: 700m}}}]}}`, 1)
	node := func(name, cpu string) corev1.Node {
		return parse[corev1.Node](t, `{metadata: {name: `+name+`, labels: {host: `+name+`}}, status: {allocatable: {cpu: `+cpu+`}}}`)
	}
	for name, tc := range map[string]struct {
		reason string
		nodes  []corev1.Node
		groups []Group
	}{
		"SmallFirst": {"The large ones are placed before.", []corev1.Node{node("a", "2"), node("b", "2")}, []Group{small, large}},
		"LargeFirst": {"They are.", []corev1.Node{node("a", "2"), node("b", "2")}, []Group{large, small}},
		"Near":       {"One that waits for another is placed after it.", []corev1.Node{node("a", "2")}, []Group{near, small}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Place(tc.nodes, nil, tc.groups); len(got) > 0 {
				t.Errorf("%s got %v", tc.reason, got)
			}
		})
	}
}

// BenchmarkPlace: a plan of a large application for a large cluster.
func BenchmarkPlace(b *testing.B) {
	var nodes []corev1.Node
	var there []corev1.Pod
	for i := range 1000 {
		nodes = append(nodes, parse[corev1.Node](b,
			fmt.Sprintf(`{metadata: {name: n%d, labels: {zone: z%d}}, status: {allocatable: {cpu: "16", memory: 64Gi, pods: "110"}}}`, i, i%3)))
		for range 30 {
			pod := parse[corev1.Pod](b, fmt.Sprintf(`{metadata: {namespace: other},
				spec: {nodeName: n%d, containers: [{name: c, resources: {requests: {cpu: 500m, memory: 1Gi}}}]}}`, i))
			there = append(there, pod)
		}
	}
	pod := parse[corev1.Pod](b, `{metadata: {namespace: shop, labels: {app: web}},
		spec: {topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule,
		labelSelector: {matchLabels: {app: web}}}], containers: [{name: c, resources: {requests: {cpu: 500m}}}]}}`)
	b.ResetTimer()
	for range b.N {
		Place(nodes, there, []Group{{Name: "web", Pod: &pod, Count: 100}})
	}
}
