package application

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/workload"
)

// TestLedgerRestoresTheObject: the target starts what ran before the quiesce.
func TestLedgerRestoresTheObject(t *testing.T) {
	set := object(t, `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: src}, spec: {replicas: 0,
		persistentVolumeClaimRetentionPolicy: {whenDeleted: Retain, whenScaled: Retain}, template: {spec: {containers: [{name: c}]}}}}`)
	two := int32(2)
	l := lineage.Ledger{Switch: "switch", Values: workload.Values{Replicas: &two,
		Retention: &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{WhenDeleted: "Retain", WhenScaled: "Delete"}}}
	set.SetAnnotations(map[string]string{api.LedgerAnnotation: l.Encode(), api.HeldByAnnotation: "switch"})
	in := whole(t, "", nil)
	in.Objects = append(in.Objects, set)
	p := Make(in)
	want := object(t, `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: src}, spec: {replicas: 2,
		persistentVolumeClaimRetentionPolicy: {whenDeleted: Retain, whenScaled: Delete}, template: {spec: {containers: [{name: c}]}}}}`)
	if len(p.Objects) != 1 || len(p.Blockers) > 0 {
		t.Fatalf("got %d objects and the blockers %v", len(p.Objects), p.Blockers)
	}
	if diff := cmp.Diff(want.Object, p.Objects[0].Object.Object); diff != "" {
		t.Errorf("object (-want +got):\n%s", diff)
	}
	if p.Workloads[0].Replicas != 2 {
		t.Errorf("the workload has %d replicas, want 2", p.Workloads[0].Replicas)
	}
}
