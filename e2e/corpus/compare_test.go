package corpus

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubemove/kubemove/internal/application"
)

func moved(objects ...unstructured.Unstructured) []application.Object {
	var out []application.Object
	for _, o := range objects {
		out = append(out, application.Object{Ref: application.RefOf(&o), Object: o})
	}
	return out
}

func TestDifferences(t *testing.T) {
	const service = "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: NodePort, ports: [{port: 80, nodePort: 30080}]}}"
	cases := map[string]struct {
		reason string
		got    string
		want   []string
	}{
		"Same": {reason: "equal objects have none", got: service},
		"Value": {"the path leads to the value",
			"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: NodePort, ports: [{port: 80, nodePort: 30081}]}}",
			[]string{"Service/a: spec.ports[0].nodePort: was 30080, is 30081"}},
		"Gone": {"a field is missing", "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80, nodePort: 30080}]}}",
			[]string{`Service/a: spec.type: was "NodePort", is gone`}},
		"New": {"a field is added",
			"{apiVersion: v1, kind: Service, metadata: {name: a, labels: {x: one}}, spec: {type: NodePort, ports: [{port: 80, nodePort: 30080}]}}",
			[]string{"Service/a: metadata.labels: was not there, is map[x:one]"}},
		"Shorter": {"a list of another length is shown whole",
			"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: NodePort, ports: []}}",
			[]string{"Service/a: spec.ports: was [map[nodePort:30080 port:80]], is []"}},
		"Other": {"an object is gone and another one is new",
			"{apiVersion: v1, kind: Service, metadata: {name: b}}", []string{"Service/a: gone", "Service/b: not there before"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, Differences(moved(object(t, service)), moved(object(t, tc.got))), tc.reason)
		})
	}
}

func TestLeaks(t *testing.T) {
	const web, claim = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 1}}",
		"{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data-db-0}}"
	const scaled = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 3}}"
	workload := func(autoscaled bool) []application.Workload {
		return []application.Workload{{Ref: application.Ref{Group: "apps", Kind: "Deployment", Name: "web"}, Autoscaled: autoscaled}}
	}
	cases := map[string]struct {
		reason string
		aged   *application.Plan
		want   []string
	}{
		"Clean": {reason: "nothing that controllers wrote moves, but the claims of StatefulSets",
			aged: &application.Plan{Objects: moved(object(t, web), object(t, claim))}},
		"Scaled": {reason: "the replicas that an autoscaler has set move",
			aged: &application.Plan{Objects: moved(object(t, scaled)), Workloads: workload(true)}},
		"Status": {"a field too many", &application.Plan{Objects: moved(object(t, scaled)), Workloads: workload(false)},
			[]string{"Deployment.apps/web: spec.replicas: was 1, is 3"}},
		"Object": {"an object too many",
			&application.Plan{Objects: moved(object(t, web), object(t, "{apiVersion: v1, kind: Secret, metadata: {name: token}}"))},
			[]string{"Secret/token: not there before"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, leaks(&application.Plan{Objects: moved(object(t, web))}, tc.aged), tc.reason)
		})
	}
}
