package application

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

func TestClean(t *testing.T) {
	cases := map[string]struct {
		reason string
		from   string
		want   string
	}{
		"ServerFields": {
			reason: "what servers and controllers wrote stays behind, what people wrote moves",
			from: `{apiVersion: v1, kind: ConfigMap,
				metadata: {name: a, uid: u, resourceVersion: "1", generation: 2, creationTimestamp: x, selfLink: s,
				deletionTimestamp: x, deletionGracePeriodSeconds: 3, managedFields: [{}], ownerReferences: [{}], finalizers: [f],
				labels: {a: b, kubemove.io/x: y},
				annotations: {kubemove.io/engine: e, kubectl.kubernetes.io/last-applied-configuration: x, note: hello}},
				data: {status: kept}, status: {a: b}}`,
			want: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {a: b}, annotations: {note: hello}}, data: {status: kept}}`,
		},
		"EmptyAnnotations": {
			reason: "no empty maps are left",
			from:   `{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: {kubemove.io/engine: e}, labels: {}}}`,
			want:   `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}`,
		},
		"Headless": {
			reason: "None is a wish, not an address",
			from:   `{apiVersion: v1, kind: Service, metadata: {name: a, uid: u}, spec: {clusterIP: None, clusterIPs: [None]}}`,
			want:   `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {clusterIP: None, clusterIPs: [None]}}`,
		},
		"ExternalIPs": {
			reason: "addresses that people wrote move",
			from: `{apiVersion: v1, kind: Service, metadata: {name: a, uid: u},
				spec: {clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1], healthCheckNodePort: 30001, externalIPs: [192.0.2.1]}}`,
			want: `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {externalIPs: [192.0.2.1]}}`,
		},
		"NodePortAllocated": {
			reason: "a port that the cluster chose may be taken elsewhere",
			from: `{apiVersion: v1, kind: Service, metadata: {name: a, uid: u, managedFields: [{manager: helm, operation: Update,
				fieldsV1: {"f:spec": {"f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}}}}}}]},
				spec: {ports: [{port: 80, protocol: TCP, nodePort: 30001}]}}`,
			want: `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80, protocol: TCP}]}}`,
		},
		"NodePortOwned": {
			reason: "a client that is not kubectl apply asked for it",
			from: `{apiVersion: v1, kind: Service, metadata: {name: a, uid: u, managedFields: [{manager: helm, operation: Update,
				fieldsV1: {"f:spec": {"f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:nodePort": {}}}}}}]},
				spec: {ports: [{port: 80, protocol: TCP, nodePort: 30001}, {port: 81, protocol: TCP, nodePort: 30002}]}}`,
			want: `{apiVersion: v1, kind: Service, metadata: {name: a},
				spec: {ports: [{port: 80, protocol: TCP, nodePort: 30001}, {port: 81, protocol: TCP}]}}`,
		},
		"NodePortApplied": {
			reason: "kubectl apply wrote down which port was asked for",
			from: `{apiVersion: v1, kind: Service, metadata: {name: a, uid: u,
				annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"spec":{"ports":[{"port":80,"nodePort":30001},{"port":81}]}}'}},
				spec: {ports: [{port: 80, nodePort: 30001}, {port: 81, nodePort: 30002}]}}`,
			want: `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80, nodePort: 30001}, {port: 81}]}}`,
		},
		"Account": {
			reason: "generated tokens are left out, Secrets that people listed are not",
			from: `{apiVersion: v1, kind: ServiceAccount, metadata: {name: a}, secrets: [{name: a-token-x7k2p}, {name: mine}],
				imagePullSecrets: [{name: a-dockercfg-x7k2p}]}`,
			want: `{apiVersion: v1, kind: ServiceAccount, metadata: {name: a}, secrets: [{name: mine}]}`,
		},
		"Token": {
			reason: "a token that is referenced moves empty: the target's controller fills it",
			from: `{apiVersion: v1, kind: Secret, metadata: {name: a, annotations: {kubernetes.io/service-account.name: b,
				kubernetes.io/service-account.uid: c}}, type: kubernetes.io/service-account-token, data: {token: YQ==}}`,
			want: `{apiVersion: v1, kind: Secret, metadata: {name: a, annotations: {kubernetes.io/service-account.name: b}},
				type: kubernetes.io/service-account-token}`,
		},
		"Claim": {
			reason: "the binding to a volume of the source stays behind",
			from: `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a, annotations: {pv.kubernetes.io/bound-by-controller: "yes",
				volume.kubernetes.io/selected-node: n, volume.beta.kubernetes.io/storage-provisioner: p, keep: this}},
				spec: {volumeName: v, dataSource: {}, dataSourceRef: {}, accessModes: [ReadWriteMany]}, status: {phase: Bound}}`,
			want: `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a, annotations: {keep: this}},
				spec: {accessModes: [ReadWriteMany]}}`,
		},
		"ClaimTemplate": {
			reason: "templates of claims are cleaned as claims are",
			from: `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a},
				spec: {template: {spec: {nodeName: n}}, volumeClaimTemplates: [{metadata: {name: d, creationTimestamp: null},
				spec: {volumeName: v, dataSource: {}, accessModes: [ReadWriteOnce]}, status: {phase: Pending}},
				{metadata: {name: e, annotations: {volume.beta.kubernetes.io/storage-class: c}}, spec: {}}]}}`,
			want: `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}, spec: {template: {spec: {}},
				volumeClaimTemplates: [{metadata: {name: d}, spec: {accessModes: [ReadWriteOnce]}}, {metadata: {name: e}, spec: {}}]}}`,
		},
		"Balancers": {
			reason: "what balancers of the source gave stays behind, what people ask of them moves",
			from: `{apiVersion: v1, kind: Service, metadata: {name: a,
				annotations: {metallb.io/ip-allocated-from-pool: p, metallb.universe.tf/ip-allocated-from-pool: p, cloud.google.com/neg-status: x,
				field.cattle.io/publicEndpoints: x, metallb.io/address-pool: wanted}}, spec: {}}`,
			want: `{apiVersion: v1, kind: Service, metadata: {name: a, annotations: {metallb.io/address-pool: wanted}}, spec: {}}`,
		},
		"Gateways": {
			reason: "the same goes for an Ingress",
			from: `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, annotations: {ingress.kubernetes.io/backends: x,
				ingress.kubernetes.io/forwarding-rule: x, ingress.kubernetes.io/https-forwarding-rule: x,
				ingress.kubernetes.io/target-proxy: x, ingress.kubernetes.io/https-target-proxy: x, ingress.kubernetes.io/url-map: x,
				ingress.kubernetes.io/ssl-redirect: "true"}}, spec: {}}`,
			want: `{apiVersion: networking.k8s.io/v1, kind: Ingress,
				metadata: {name: a, annotations: {ingress.kubernetes.io/ssl-redirect: "true"}}, spec: {}}`,
		},
		"Revision": {
			reason: "revisions are counted anew",
			from: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, annotations: {deployment.kubernetes.io/revision: "7"}},
				spec: {template: {metadata: {creationTimestamp: null, annotations: {kubectl.kubernetes.io/restartedAt: x}}}}}`,
			want: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a},
				spec: {template: {metadata: {annotations: {kubectl.kubernetes.io/restartedAt: x}}}}}`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			from, want := object(t, tc.from), object(t, tc.want)
			if diff := cmp.Diff(want.Object, clean(&from).Object); diff != "" {
				t.Errorf("%s: cleaned (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestMapStorageClass(t *testing.T) {
	mappings := []api.StorageClassMapping{{From: "*", To: "rest"}, {From: "a", To: "b"}}
	cases := map[string]struct {
		reason   string
		mappings []api.StorageClassMapping
		class    string
		want     string
	}{
		"Exact":    {"its own entry goes first, wherever it stands", mappings, "a", "b"},
		"Rest":     {"every other class has the entry *", mappings, "c", "rest"},
		"NoEntry":  {"a class without an entry keeps its name", mappings[1:], "c", "c"},
		"NoTwice":  {"what is mapped is not mapped again", []api.StorageClassMapping{{From: "a", To: "b"}, {From: "b", To: "c"}}, "a", "b"},
		"Explicit": {"no class at all is replaced by the rest, as there is no volume to bind to", mappings, "", "rest"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := mapStorageClass(tc.mappings, tc.class); got != tc.want {
				t.Errorf("%s: got %q, want %q", tc.reason, got, tc.want)
			}
		})
	}
}

func TestLegacyStorageClass(t *testing.T) {
	in := whole(t, `{apiVersion: v1, kind: PersistentVolumeClaim,
		metadata: {name: a, annotations: {volume.beta.kubernetes.io/storage-class: old}}, spec: {}}`,
		func(in *Input) { in.StorageClasses = []api.StorageClassMapping{{From: "old", To: "new"}} })
	p := Make(in)
	if diff := cmp.Diff([]string{"new"}, p.StorageClasses()); diff != "" {
		t.Errorf("classes (-want +got):\n%s", diff)
	}
}

func TestIsOrdinalOf(t *testing.T) {
	for name, want := range map[string]bool{
		"d-db-0": true, "d-db-12": true, "d-db-": false, "d-db-01": false, "d-db-0-0": false, "d-db-x": false, "d-db--1": false, "x-db-0": false,
	} {
		if got := isOrdinalOf(name, "d-db"); got != want {
			t.Errorf("isOrdinalOf(%q) = %v, want %v", name, got, want)
		}
	}
}
