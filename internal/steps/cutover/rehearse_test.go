package cutover

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/lineage"
)

// TestStops: what a plan asks the API server about is what the switch will write, update by update.
func TestStops(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		object string
		want   int
	}{
		"Deployment":  {"one update stops it", deployment, 1},
		"CronJob":     {"it is suspended", cron, 1},
		"StatefulSet": {"its claims are made safe before", eraser, 2},
		"Stopped": {"the ledger is written all the same",
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 0}}`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			u := object(t, tc.object)
			got, err := Stops(u, us)
			if err != nil || len(got) != tc.want {
				t.Fatalf("%s: %d updates, %v", tc.reason, len(got), err)
			}
			for i, next := range got {
				want, err := quiesceStep(u, us, nil)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, next); diff != "" {
					t.Errorf("%s, update %d (-of the switch +of the plan):\n%s", tc.reason, i, diff)
				}
				u = want
			}
			if !stopped(u) || u.GetAnnotations()[api.LedgerAnnotation] == "" {
				t.Errorf("%s: the last update does not stop it: %v", tc.reason, u)
			}
		})
	}
	held := object(t, deployment)
	held.SetAnnotations(map[string]string{api.LedgerAnnotation: lineage.Ledger{Switch: "other"}.Encode()})
	if got, err := Stops(held, us); err == nil {
		t.Errorf("a workload of another switch would be stopped: %v", got)
	}
}

func TestFormsOf(t *testing.T) {
	const (
		claim   = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}}"
		ingress = "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}}"
		off     = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 0}}"
	)
	form := func(text string, annotations map[string]string, change func(*unstructured.Unstructured)) *unstructured.Unstructured {
		u := object(t, text)
		u.SetAnnotations(annotations)
		if change != nil {
			change(u)
		}
		return u
	}
	set := func(value any, path ...string) func(*unstructured.Unstructured) {
		return func(u *unstructured.Unstructured) {
			if err := unstructured.SetNestedField(u.Object, value, path...); err != nil {
				t.Fatal(err)
			}
		}
	}
	mine := map[string]string{api.CreatedByAnnotation: self}
	for name, tc := range map[string]struct {
		reason string
		object string
		phase  application.Phase
		want   Forms
	}{
		"Claim": {"it belongs to the pair, and is active before the application starts", claim, application.PhaseVolume,
			Forms{Start: form(claim, map[string]string{api.CreatedByAnnotation: "pair", api.ActiveAnnotation: self}, nil)}},
		"Deployment": {"a roll back may have to stop it", deployment, application.PhaseStart,
			Forms{Start: form(deployment, mine, nil), Stopped: form(deployment, mine, set(int64(0), "spec", "replicas"))}},
		"Off": {"it asks for nothing anyway", off, application.PhaseStart, Forms{Start: form(off, mine, nil)}},
		"CronJob": {"it is suspended until the commit", cron, application.PhaseStart,
			Forms{Start: form(cron, mine, set(true, "spec", "suspend")), Open: form(cron, mine, nil)}},
		"Ingress": {"it comes after the commit", ingress, application.PhaseOpen, Forms{Open: form(ingress, mine, nil)}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := FormsOf(planned(t, tc.object, tc.phase), us)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}
