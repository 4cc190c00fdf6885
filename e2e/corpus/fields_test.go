package corpus

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLost(t *testing.T) {
	cases := map[string]struct {
		reason                   string
		written, stored, planned string
		want                     []string
	}{
		"Kept": {
			reason:  "what the API server adds is no loss, nor what it writes in another way",
			written: "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}]}, stringData: {a: b}}",
			stored: `{apiVersion: v1, kind: Service, metadata: {name: a, uid: u},
				spec: {type: ClusterIP, ports: [{port: 80, protocol: TCP}]}, data: {a: Yg==}}`,
			planned: "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}]}}",
		},
		"Field": {
			reason:  "a field that a user wrote must move",
			written: "{apiVersion: v1, kind: Service, metadata: {name: a, labels: {x: one}}, spec: {externalIPs: [192.0.2.1]}}",
			stored:  "{apiVersion: v1, kind: Service, metadata: {name: a, labels: {x: one}}, spec: {externalIPs: [192.0.2.1]}}",
			planned: "{apiVersion: v1, kind: Service, metadata: {name: a, labels: {x: two}}, spec: {}}",
			want:    []string{`metadata.labels.x: written "one", planned "two"`, "spec.externalIPs: written [192.0.2.1], not planned"},
		},
		"Item": {
			reason:  "a list must keep its items",
			written: "{apiVersion: v1, kind: Service, spec: {ports: [{port: 80}, {port: 81}]}}",
			stored:  "{apiVersion: v1, kind: Service, spec: {ports: [{port: 80}, {port: 81}]}}",
			planned: "{apiVersion: v1, kind: Service, spec: {ports: [{port: 80}]}}",
			want:    []string{"spec.ports: written [map[port:80] map[port:81]], planned [map[port:80]]"},
		},
		"OnPurpose": {
			reason: "what belongs to the source cluster stays there, and a map of nothing else with it",
			written: `{apiVersion: v1, kind: Service, metadata: {name: a, finalizers: [x], annotations: {kubemove.io/engine: e}},
				spec: {clusterIP: 10.0.0.1}, status: {a: b}}`,
			stored: `{apiVersion: v1, kind: Service, metadata: {name: a, finalizers: [x], annotations: {kubemove.io/engine: e}},
				spec: {clusterIP: 10.0.0.1}, status: {a: b}}`,
			planned: "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {}}",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := lost(object(t, tc.written).Object, object(t, tc.stored).Object, object(t, tc.planned).Object)
			require.Equal(t, tc.want, got, tc.reason)
		})
	}
}

func TestForeign(t *testing.T) {
	cases := map[string]struct {
		reason           string
		written, planned string
		want             []string
	}{
		"Fine": {
			reason:  "a headless Service has no address, and a port that was asked for moves",
			written: "{apiVersion: v1, kind: Service, spec: {ports: [{port: 80, nodePort: 30080}]}}",
			planned: `{apiVersion: v1, kind: Service, metadata: {namespace: b-1},
				spec: {clusterIP: None, clusterIPs: [None], ports: [{port: 80, nodePort: 30080}]}}`,
		},
		"Allocated": {
			reason:  "what the source cluster gave is not the target's",
			written: "{apiVersion: v1, kind: Service, spec: {ports: [{port: 80}]}}",
			planned: "{apiVersion: v1, kind: Service, metadata: {uid: u}, spec: {clusterIP: 10.96.0.7, ports: [{port: 80, nodePort: 30080}]}}",
			want:    []string{`metadata.uid: "u"`, `spec.clusterIP: "10.96.0.7"`, "spec.ports[0].nodePort: not asked for: 30080"},
		},
		"Marks": {
			reason:  "neither are the marks of kubectl, nor the name of the namespace",
			written: "{apiVersion: v1, kind: RoleBinding}",
			planned: `{apiVersion: v1, kind: RoleBinding,
				metadata: {namespace: b-1, annotations: {kubectl.kubernetes.io/last-applied-configuration: x}}, subjects: [{namespace: a-1}]}`,
			want: []string{`metadata.annotations.kubectl.kubernetes.io/last-applied-configuration: "x"`,
				"subjects[0].namespace: the source namespace a-1"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, foreign(object(t, tc.written).Object, object(t, tc.planned).Object, "a-1"), tc.reason)
		})
	}
}
