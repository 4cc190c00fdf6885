//go:build corpus

package corpus

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kubemove/kubemove/e2e/lab"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/steps/cutover"
	"github.com/kubemove/kubemove/internal/steps/plan"
)

// The first release of a site and the next one, which drops a key, a variable and a port.
const (
	firstSettings = `{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {colour: blue, size: small}}`
	nextSettings  = `{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {colour: green}}`
	firstSite     = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: site},
		spec: {replicas: 1, selector: {matchLabels: {app: site}}, template: {metadata: {labels: {app: site}},
		spec: {containers: [{name: site, image: busybox, env: [{name: RELEASE, value: "1"}, {name: OLD_SWITCH, value: "on"}],
		envFrom: [{configMapRef: {name: settings}}]}]}}}}`
	nextSite = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: site},
		spec: {replicas: 2, selector: {matchLabels: {app: site}}, template: {metadata: {labels: {app: site}},
		spec: {containers: [{name: site, image: busybox, env: [{name: RELEASE, value: "2"}], envFrom: [{configMapRef: {name: settings}}]}]}}}}`
	firstEndpoint = `{apiVersion: v1, kind: Service, metadata: {name: site},
		spec: {type: NodePort, selector: {app: site}, ports: [{name: a, port: 80}, {name: b, port: 81}]}}`
	nextEndpoint = `{apiVersion: v1, kind: Service, metadata: {name: site},
		spec: {type: NodePort, selector: {app: site}, ports: [{name: a, port: 8080}]}}`
	firstCron = `{apiVersion: batch/v1, kind: CronJob, metadata: {name: night}, spec: {schedule: "0 0 * * *", suspend: false,
		jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox}]}}}}}}`
	nextCron = `{apiVersion: batch/v1, kind: CronJob, metadata: {name: night}, spec: {schedule: "0 1 * * *", suspend: true,
		jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox}]}}}}}}`
	firstData = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, labels: {a: b}},
		spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}`
	nextData = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, labels: {c: d}},
		spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}`
)

// TestNextReleaseServerSide: the pipeline that has applied a release at the source applies the next one
// at the target, without force, and what that drops is gone.
func TestNextReleaseServerSide(t *testing.T) {
	apiServer, err := lab.StartAPIServer(t.Context(), "", os.Stderr)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, apiServer.Stop()) })
	config, err := apiServer.Config()
	require.NoError(t, err)
	server, err := newServer(config)
	require.NoError(t, err)
	r := &run{server: server, from: "before", to: "after", result: &Result{}}
	for _, namespace := range []string{r.from, r.to} {
		require.NoError(t, r.namespace(t.Context(), namespace))
	}
	apply := func(ctx context.Context, namespace, text string) (*unstructured.Unstructured, error) {
		o := &unstructured.Unstructured{}
		require.NoError(t, yaml.Unmarshal([]byte(text), &o.Object))
		o.SetNamespace(namespace)
		resource, err := server.resource(ctx, o)
		require.NoError(t, err)
		return resource.Apply(ctx, o.GetName(), o, metav1.ApplyOptions{FieldManager: "pipeline"})
	}
	for _, text := range []string{firstSettings, firstSite, firstEndpoint, firstCron, firstData} {
		_, err := apply(t.Context(), r.from, text)
		require.NoError(t, err)
	}
	p, err := r.capture(t.Context(), r.from)
	require.NoError(t, err)
	require.NoError(t, server.closeExternal(t.Context(), r.from))
	target, err := r.endpoint("target", r.to)
	require.NoError(t, err)
	require.NoError(t, plan.Check(t.Context(), target, p, lineage.Actor{}))
	require.NoError(t, cutover.Place(t.Context(), target, p, Everything(r.from, r.to)))
	got := map[string]*unstructured.Unstructured{}
	for _, text := range []string{nextSettings, nextSite, nextEndpoint, nextCron, nextData} {
		o, err := apply(t.Context(), r.to, text)
		require.NoError(t, err)
		got[o.GetKind()] = o
		for _, m := range o.GetManagedFields() {
			require.Equal(t, "pipeline Apply", m.Manager+" "+string(m.Operation), "%s/%s", o.GetKind(), o.GetName())
		}
	}
	require.Equal(t, map[string]any{"colour": "green"}, got["ConfigMap"].Object["data"])
	containers, _, err := unstructured.NestedSlice(got["Deployment"].Object, "spec", "template", "spec", "containers")
	require.NoError(t, err)
	require.Equal(t, []any{map[string]any{"name": "RELEASE", "value": "2"}}, containers[0].(map[string]any)["env"])
	ports, _, err := unstructured.NestedSlice(got["Service"].Object, "spec", "ports")
	require.NoError(t, err)
	require.Len(t, ports, 1)
	suspended, _, err := unstructured.NestedBool(got["CronJob"].Object, "spec", "suspend")
	require.NoError(t, err)
	require.True(t, suspended)
	require.Equal(t, map[string]string{"c": "d"}, got["PersistentVolumeClaim"].GetLabels())
}
