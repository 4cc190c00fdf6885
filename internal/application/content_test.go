package application

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestChanged: what was changed in one is changed in the other, and nothing else is.
func TestChanged(t *testing.T) {
	t.Parallel()
	deployment := func(metadata, spec, container string) string {
		return `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web` + metadata + `}, spec: {` + spec +
			`template: {spec: {containers: [{name: c` + container + `}]}}}}`
	}
	config := func(data string) string {
		return `{apiVersion: v1, kind: ConfigMap, metadata: {name: web}, data: ` + data + `}`
	}
	service := func(more, ports string) string {
		return `{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {` + more + `ports: [` + ports + `]}}`
	}
	for name, c := range map[string]struct {
		reason               string
		base, from, to, want string
	}{
		"Image": {"what is only in one of them stays there",
			deployment("", "replicas: 2, ", ", image: 'a:1', env: [{name: HERE, value: x}]"),
			deployment("", "replicas: 2, ", ", image: 'a:1'"),
			deployment("", "replicas: 5, ", ", image: 'a:2', env: [{name: NEW, value: z}]"),
			deployment("", "replicas: 5, ", ", image: 'a:2', env: [{name: NEW, value: z}, {name: HERE, value: x}]")},
		"Same": {"what the switch has made otherwise on purpose is no change",
			deployment("", "", ", image: 'home/a:1'"), deployment("", "", ", image: 'there/a:1'"), deployment("", "", ", image: 'there/a:1'"),
			deployment("", "", ", image: 'home/a:1'")},
		"Server": {"nor is what servers and controllers write",
			deployment(", uid: here", "", ""), deployment(", uid: made, generation: 1", "", ""),
			deployment(`, uid: made, generation: 3, annotations: {kubemove.io/created-by: x, deployment.kubernetes.io/revision: "2"}`, "", ""),
			deployment("", "", "")},
		"Namespace": {"nor where it lies",
			deployment(", namespace: home", "", ""), deployment(", namespace: there", "", ""),
			deployment(", namespace: there, labels: {a: b}", "", ""), deployment(", namespace: home, labels: {a: b}", "", "")},
		"Keys": {"a key that was removed goes, and one that was added comes",
			config(`{a: "1", b: "2", home: "3"}`), config(`{a: "1", b: "2"}`), config(`{a: "1", c: "4"}`), config(`{a: "1", c: "4", home: "3"}`)},
		"NodePort": {"a node port is its server's",
			service("clusterIP: 10.0.0.1, ", "{port: 80, nodePort: 30001}"), service("", "{port: 80, nodePort: 30002}"),
			service("clusterIP: 10.1.1.1, ", "{port: 80, nodePort: 30003}, {port: 81, nodePort: 30004}"), service("", "{port: 80}, {port: 81}")},
		"Custom": {"a list of a custom resource is one value",
			`{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}, spec: {size: 1, of: [a], home: x}}`,
			`{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}, spec: {size: 1, of: [a]}}`,
			`{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}, spec: {size: 2, of: [b, c]}, status: {ready: true}}`,
			`{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}, spec: {size: 2, of: [b, c], home: x}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, from, to := object(t, c.base), object(t, c.from), object(t, c.to)
			got, err := Changed(&base, &from, &to)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(object(t, c.want).Object, got.Object); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.reason, diff)
			}
		})
	}
}

// TestChangedThere: a change of something that only the other one has is told, and not made by half.
func TestChangedThere(t *testing.T) {
	t.Parallel()
	pod := func(spec string) string {
		return `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {` + spec + `}}}}`
	}
	for name, c := range map[string]struct {
		reason         string
		base, from, to string
		fails          bool
	}{
		"Sidecar": {"the image of a container that the move has added", pod("containers: [{name: c}]"),
			pod("containers: [{name: c}, {name: side, image: 'a:1'}]"), pod("containers: [{name: c}, {name: side, image: 'a:2'}]"), true},
		"SidecarKept": {"it stays as it is", pod("containers: [{name: c}]"),
			pod("containers: [{name: c}, {name: side, image: 'a:1'}]"), pod("containers: [{name: c, image: x}, {name: side, image: 'a:1'}]"), false},
		"Map": {"a field of what the move has added", pod("containers: [{name: c}]"),
			pod("containers: [{name: c}], securityContext: {runAsUser: 1, fsGroup: 1}"),
			pod("containers: [{name: c}], securityContext: {runAsUser: 2, fsGroup: 1}"), true},
		"NewBeside": {"so is what was added beside something of the move's", `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}`,
			`{apiVersion: v1, kind: ConfigMap, metadata: {name: c, annotations: {move: x}}}`,
			`{apiVersion: v1, kind: ConfigMap, metadata: {name: c, annotations: {move: x, user: y}}}`, false},
		"New": {"what was added since is whole", pod("containers: [{name: c}]"), pod("containers: [{name: c}]"),
			pod("containers: [{name: c}, {name: side, image: 'a:2'}], securityContext: {runAsUser: 2}"), false},
		"Gone": {"what is only here stays", pod("containers: [{name: c}, {name: mine}]"), pod("containers: [{name: c}]"),
			pod("containers: [{name: c, image: x}]"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, from, to := object(t, c.base), object(t, c.from), object(t, c.to)
			got, err := Changed(&base, &from, &to)
			if (err != nil) != c.fails {
				t.Errorf("%s: got %v, %v", c.reason, got, err)
			}
		})
	}
}

// TestWithContent: an object gets the content of another one, and keeps what is its server's and KubeMove's. With its former content
// it is again as it was.
func TestWithContent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ live, content, want string }{
		"Deployment": {
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, uid: u, resourceVersion: "7", finalizers: [f],
				labels: {old: x}, annotations: {kubemove.io/held-by: s, note: a}}, spec: {replicas: 0, paused: true,
				template: {spec: {containers: [{name: c, image: "a:1"}]}}}, status: {replicas: 0}}`,
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, annotations: {note: b, more: c}},
				spec: {replicas: 2, template: {spec: {containers: [{name: c, image: "a:2"}]}}}}`,
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, uid: u, resourceVersion: "7", finalizers: [f],
				annotations: {kubemove.io/held-by: s, note: b, more: c}}, spec: {replicas: 2,
				template: {spec: {containers: [{name: c, image: "a:2"}]}}}, status: {replicas: 0}}`,
		},
		"Marks": {
			`{apiVersion: v1, kind: ConfigMap, metadata: {name: web, labels: {kubemove.io/x: y, a: b},
				annotations: {kubemove.io/ledger: s, note: a}}}`,
			`{apiVersion: v1, kind: ConfigMap, metadata: {name: web}, data: {a: b}}`,
			`{apiVersion: v1, kind: ConfigMap, metadata: {name: web, labels: {kubemove.io/x: y}, annotations: {kubemove.io/ledger: s}},
				data: {a: b}}`,
		},
		"Service": {
			`{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {clusterIP: 10.0.0.1, type: NodePort,
				ports: [{port: 80, nodePort: 30001}]}}`,
			`{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: NodePort, selector: {a: b}, ports: [{port: 80}]}}`,
			`{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {clusterIP: 10.0.0.1, type: NodePort, selector: {a: b},
				ports: [{port: 80, nodePort: 30001}]}}`,
		},
		"Ports": {
			`{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: NodePort, ports: [
				{port: 80, protocol: TCP, nodePort: 30001}, {name: dns, port: 53, protocol: UDP, nodePort: 30002}]}}`,
			`{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: NodePort, ports: [
				{name: dns, port: 53, protocol: TCP}, {name: http, port: 80}]}}`,
			`{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: NodePort, ports: [
				{name: dns, port: 53, protocol: TCP}, {name: http, port: 80, nodePort: 30001}]}}`,
		},
		"ClusterIP": {
			`{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: NodePort, ports: [{port: 80, nodePort: 30001}]}}`,
			`{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: ClusterIP, ports: [{name: a, port: 80}]}}`,
			`{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: ClusterIP, ports: [{name: a, port: 80}]}}`,
		},
		"ServiceAccount": {
			`{apiVersion: v1, kind: ServiceAccount, metadata: {name: web}, secrets: [{name: web-token-abcde}]}`,
			`{apiVersion: v1, kind: ServiceAccount, metadata: {name: web}, automountServiceAccountToken: false}`,
			`{apiVersion: v1, kind: ServiceAccount, metadata: {name: web}, secrets: [{name: web-token-abcde}], automountServiceAccountToken: false}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			live, content := object(t, c.live), object(t, c.content)
			got := WithContent(&live, &content)
			if diff := cmp.Diff(object(t, c.want).Object, got.Object); diff != "" {
				t.Errorf("changed (-want +got):\n%s", diff)
			}
			if !SameContent(got, &content) {
				t.Errorf("it has another content: %v", got.Object)
			}
			again := WithContent(got, contentOf(&live))
			if !SameContent(again, &live) {
				t.Errorf("put back (-want +got):\n%s", cmp.Diff(live.Object, again.Object))
			}
		})
	}
}
