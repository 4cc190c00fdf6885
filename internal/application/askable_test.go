package application

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAskable: a switch waits for a Pod that tells its user only where one can come.
func TestAskable(t *testing.T) {
	const web, set = "Deployment.apps/web", "StatefulSet.apps/db"
	mounts := func(where string) string {
		return `volumes: [{name: d, persistentVolumeClaim: {claimName: data}}], ` + where +
			`: [{name: c, volumeMounts: [{name: d, mountPath: /d}]}]`
	}
	deployment := func(fields, pod string) string {
		return fmt.Sprintf(`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src}, spec: {%s template: {spec: {%s}}}}`,
			fields, pod)
	}
	db := func(fields string) string {
		return fmt.Sprintf(`{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: src},
			spec: {%s volumeClaimTemplates: [{metadata: {name: data}}],
			template: {spec: {containers: [{name: c, volumeMounts: [{name: data, mountPath: /d}]}]}}}}`, fields)
	}
	claim := func(name string) string {
		return `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: ` + name + `, namespace: src}, status: {phase: Bound}}`
	}
	cases := map[string]struct {
		reason   string
		workload string
		claim    string
		want     string
	}{
		"Deployment": {"one replica does not have to be written", deployment("", mounts("containers")), "data", web},
		"Off":        {"no Pod comes by itself", deployment("replicas: 0,", mounts("containers")), "data", ""},
		"Stopped": {"nor one that this switch has stopped",
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src, annotations: {kubemove.io/held-by: switch,
				kubemove.io/ledger: '{"switch":"switch","replicas":3}'}}, spec: {replicas: 0, template: {spec: {` +
				mounts("containers") + `}}}}`, "data", ""},
		"Init": {"one that begins a Pod has ended when it is asked",
			deployment("", "containers: [{name: x}], "+mounts("initContainers")), "data", ""},
		"Unmounted": {"a volume that no container mounts",
			deployment("", "volumes: [{name: d, persistentVolumeClaim: {claimName: data}}], containers: [{name: c}]"), "data", ""},
		"CronJob": {"its Pods are seldom there", `{apiVersion: batch/v1, kind: CronJob, metadata: {name: n, namespace: src},
			spec: {schedule: "@daily", jobTemplate: {spec: {template: {spec: {` + mounts("containers") + `}}}}}}`, "data", ""},
		"Ordinal":    {"the Pod of that number", db("replicas: 2,"), "data-db-1", set},
		"Beyond":     {"a claim that a smaller set has left", db("replicas: 2,"), "data-db-2", ""},
		"FromStart":  {"numbers may begin elsewhere", db("replicas: 2, ordinals: {start: 5},"), "data-db-6", set},
		"BeforeThat": {"and what lies before has no Pod", db("replicas: 2, ordinals: {start: 5},"), "data-db-1", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, join(tc.workload, claim(tc.claim)), nil))
			if len(p.Volumes) != 1 {
				t.Fatalf("got the volumes %v and the blockers %v", p.Volumes, p.Blockers)
			}
			got := ""
			if a := p.Volumes[0].Askable; a != nil {
				got = a.String()
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}
