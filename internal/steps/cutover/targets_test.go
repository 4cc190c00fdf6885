package cutover

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/workload"
)

const external = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  healthCheckNodePort: 30999
  selector: {app: web}
  ports: [{port: 80, nodePort: 30080}]
`

// addressed lets traffic in without being of a type that does.
const addressed = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: ClusterIP, externalIPs: [192.0.2.1]}}"

func planned(t *testing.T, text string, phase application.Phase) application.Object {
	u := object(t, text)
	gvk := u.GroupVersionKind()
	return application.Object{Ref: application.Ref{Group: gvk.Group, Kind: gvk.Kind, Name: u.GetName()}, Phase: phase, Object: *u}
}

// TestStartForm: nothing that is created before the commit lets traffic in or runs by a clock.
func TestStartForm(t *testing.T) {
	u, err := startForm(planned(t, external, application.PhaseOpen), us)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"type": "ClusterIP", "selector": map[string]any{"app": "web"}, "ports": []any{map[string]any{"port": int64(80)}}}
	got, _, _ := unstructured.NestedMap(u.Object, "spec")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the Service before the commit (-want +got):\n%s", diff)
	}
	if u.GetAnnotations()[api.CreatedByAnnotation] != self {
		t.Error("the Service does not say who made it")
	}
	u, err = startForm(planned(t, cron, application.PhaseStart), us)
	if err != nil || !stopped(u) {
		t.Errorf("the CronJob is not suspended before the commit: %v", err)
	}
	ingress := planned(t, "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}}", application.PhaseOpen)
	if u, err = startForm(ingress, us); u != nil || err != nil {
		t.Errorf("an Ingress is created before the commit: %v, %v", u, err)
	}
}

// TestKindsOfOtherGroups: a custom kind may be called like one of Kubernetes, and is not treated like it.
func TestKindsOfOtherGroups(t *testing.T) {
	service := planned(t, "{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: web}, spec: {}}", application.PhaseOpen)
	if u, err := startForm(service, us); u != nil || err != nil {
		t.Errorf("a custom resource that leads traffic is created before the commit: %v, %v", u, err)
	}
	if b := readTarget(service, nil, us); b.atStart() || b.Open {
		t.Errorf("a custom resource of the kind Service: created at the start %v, open %v", b.atStart(), b.Open)
	}
	if b := readTarget(service, &service.Object, us); !b.Open {
		t.Error("a custom resource that is there is not open")
	}
	job := planned(t, "{apiVersion: batch.example.com/v1, kind: CronJob, metadata: {name: job}, spec: {}}", application.PhaseStart)
	u, err := startForm(job, us)
	if _, suspended, _ := unstructured.NestedBool(u.Object, "spec", "suspend"); err != nil || suspended {
		t.Errorf("a custom resource got a field that its kind need not have: %v, %v", u, err)
	}
	if openForm(job, us) != nil {
		t.Error("a custom resource of the kind CronJob is changed after the commit")
	}
	for _, kind := range []string{"Deployment.apps.example.com", "StatefulSet.apps.kruise.io", "CronJob.batch.volcano.sh"} {
		gk := schema.ParseGroupKind(kind)
		if isWorkload(application.Ref{Group: gk.Group, Kind: gk.Kind, Name: "a"}) {
			t.Errorf("%s is stopped as the workload of that name", kind)
		}
	}
}

// TestReadTarget says what the decisions see of an object at the target.
func TestReadTarget(t *testing.T) {
	by := func(text, uid string) *unstructured.Unstructured {
		u := object(t, text)
		u.SetAnnotations(map[string]string{api.CreatedByAnnotation: uid})
		return u
	}
	service := planned(t, external, application.PhaseOpen)
	claim := planned(t, "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}}", application.PhaseVolume)
	closed, err := startForm(service, us)
	if err != nil {
		t.Fatal(err)
	}
	addresses := planned(t, addressed, application.PhaseOpen)
	closedAddresses, err := startForm(addresses, us)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		reason             string
		want               application.Object
		got                *unstructured.Unstructured
		exists, mine, open bool
	}{
		"missing endpoint": {"it is still to be opened", service, nil, false, false, false},
		"closed endpoint":  {"it is there without its endpoint", service, closed, true, true, false},
		"open endpoint":    {"it has its final form", service, by(external, self), true, true, true},
		"another client's": {"it must not be touched", service, by(external, "other"), true, false, true},
		"closed addresses": {"its type alone does not say that it lets traffic in", addresses, closedAddresses, true, true, false},
		"open addresses":   {"it has its addresses", addresses, by(addressed, self), true, true, true},
		"the pair's claim": {"the pair made it for the data",
			claim, by("{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}}", "pair"), true, true, true},
		"the pair's Service?": {"a pair makes claims alone", service, by(external, "pair"), true, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := readTarget(c.want, c.got, us)
			if b.Exists != c.exists || b.Mine != c.mine || b.Open != c.open {
				t.Errorf("%s: exists %v, mine %v, open %v", c.reason, b.Exists, b.Mine, b.Open)
			}
		})
	}
}

// TestReadyOnDelete: kstatus does not look at the Pods of a StatefulSet that is updated by hand.
func TestReadyOnDelete(t *testing.T) {
	set := func(strategy string, ready int64, newest string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": map[string]any{"name": "vault", "generation": int64(1)},
			"spec": map[string]any{"replicas": int64(2), "updateStrategy": map[string]any{"type": strategy}},
			"status": map[string]any{"observedGeneration": int64(1), "replicas": int64(2), "currentReplicas": int64(2),
				"updatedReplicas": int64(2), "readyReplicas": ready, "currentRevision": "a", "updateRevision": newest},
		}}
	}
	for name, c := range map[string]struct {
		reason string
		set    *unstructured.Unstructured
		want   bool
	}{
		"NoPod":     {"it does not run yet", set("OnDelete", 0, "a"), false},
		"OnePod":    {"it does not run as a whole", set("OnDelete", 1, "a"), false},
		"Ready":     {"it runs", set("OnDelete", 2, "a"), true},
		"OldPods":   {"who updates by hand decides when", set("OnDelete", 2, "b"), true},
		"RollingUp": {"others are updated by themselves, and not yet here", set("RollingUpdate", 2, "b"), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got, message := workload.Ready(c.set); got != c.want {
				t.Errorf("%s: ready is %v (%s)", c.reason, got, message)
			}
		})
	}
}
