package application

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/workload"
)

// The forward move has brought db (with another name for its claim) and a CronJob from src to dst.
const (
	leftSet = `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: src, uid: left-db}, spec: {replicas: 0,
		persistentVolumeClaimRetentionPolicy: {whenDeleted: Retain, whenScaled: Retain}, template: {spec: {containers: [{name: c}]}}},
		status: {replicas: 0}}`
	leftJob = `{apiVersion: batch/v1, kind: CronJob, metadata: {name: tidy, namespace: src, uid: left-tidy}, spec: {suspend: true}}`
	leftPVC = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, namespace: src, uid: left-data},
		spec: {resources: {requests: {storage: 1Gi}}}}`
	hereSet = `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: dst, uid: here-db}, spec: {replicas: 3}}`
	hereJob = `{apiVersion: batch/v1, kind: CronJob, metadata: {name: tidy, namespace: dst, uid: here-tidy}, spec: {suspend: false}}`
	herePVC = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: moved-data, namespace: dst, uid: here-data},
		spec: {resources: {requests: {storage: 1Gi}}}, status: {capacity: {storage: 2Gi}}}`
	herePod = `{apiVersion: v1, kind: Pod, metadata: {name: db-0, namespace: dst, ownerReferences: [
		{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: here-db, controller: true}]},
		spec: {volumes: [{name: v, persistentVolumeClaim: {claimName: moved-data}}]}, status: {phase: Running}}`
)

func back(t *testing.T) ReverseInput {
	two, off := int32(2), false
	ref := refTo
	held := func(text string, v workload.Values) unstructured.Unstructured {
		u := object(t, text)
		lineage.Hold(&u, lineage.Ledger{Switch: "forward", Values: v})
		return u
	}
	user := int64(999)
	return ReverseInput{
		Engine: "shop", SourceNamespace: "dst", TargetNamespace: "src", Mobilizers: []string{"restic"},
		Us: lineage.Actor{Lineage: "first", Pair: "back", Earlier: []string{"forward"},
			Recorded: map[types.UID]bool{"left-db": true, "left-tidy": true, "left-data": true}},
		Forward: &Plan{
			Workloads: []Workload{{Ref: ref(kindCronJob, "tidy")}, {Ref: ref(kindStatefulSet, "db"), Replicas: 2}},
			Objects: []Object{{Ref: ref(kindClaim, "moved-data"), Source: "data", Phase: PhaseVolume}, {Ref: ref("ConfigMap", "settings")},
				{Ref: ref(kindStatefulSet, "db"), Phase: PhaseStart, Origin: &Origin{LastApplied: "{}"}},
				{Ref: ref(kindCronJob, "tidy"), Phase: PhaseStart}},
			Volumes: []Volume{{Name: "data", Target: "moved-data", Policy: api.ClaimCopy, Mobilizer: "restic", CapacityBytes: 1 << 30,
				Identity: Identity{UID: &user}}},
		},
		Source: []unstructured.Unstructured{object(t, hereSet), object(t, hereJob), object(t, herePVC), object(t, herePod)},
		Target: []unstructured.Unstructured{held(leftSet, workload.Values{Replicas: &two}), held(leftJob, workload.Values{Suspend: &off}),
			object(t, leftPVC)},
	}
}

// TestReverse: the application stops where it is, its data goes back, and what the switch had stopped starts as it was.
func TestReverse(t *testing.T) {
	p := Reverse(back(t))
	if len(p.Blockers) > 0 {
		t.Fatalf("blockers: %+v", p.Blockers)
	}
	user := int64(999)
	wantWorkloads := []Workload{{Ref: refTo(kindCronJob, "tidy")}, {Ref: refTo(kindStatefulSet, "db"), Replicas: 3}}
	if diff := cmp.Diff(wantWorkloads, p.Workloads); diff != "" {
		t.Errorf("workloads (-want +got):\n%s", diff)
	}
	wantVolumes := []Volume{{Name: "moved-data", Target: "data", Policy: api.ClaimCopy, Mobilizer: "restic", CapacityBytes: 2 << 30,
		Identity: Identity{UID: &user}}}
	if diff := cmp.Diff(wantVolumes, p.Volumes); diff != "" {
		t.Errorf("volumes (-want +got):\n%s", diff)
	}
	const why = "an earlier switch has left it"
	wantObjects := []Object{
		{Ref: refTo(kindClaim, "data"), Source: "moved-data", Phase: PhaseVolume, Why: why, Kept: true, Object: object(t,
			`{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, namespace: src}, spec: {resources: {requests: {storage: 1Gi}}}}`)},
		{Ref: refTo(kindStatefulSet, "db"), Phase: PhaseStart, Why: why, Kept: true, Origin: &Origin{LastApplied: "{}"}, Object: object(t,
			`{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: src}, spec: {replicas: 2,
			persistentVolumeClaimRetentionPolicy: {whenDeleted: Retain, whenScaled: Retain}, template: {spec: {containers: [{name: c}]}}}}`)},
		{Ref: refTo(kindCronJob, "tidy"), Phase: PhaseStart, Why: why, Kept: true, Object: object(t,
			`{apiVersion: batch/v1, kind: CronJob, metadata: {name: tidy, namespace: src}, spec: {suspend: false}}`)},
	}
	if diff := cmp.Diff(wantObjects, p.Objects); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	if again := Reverse(back(t)); again.Hash() != p.Hash() {
		t.Errorf("the hash changes: %s and %s", p.Hash(), again.Hash())
	}
}

// TestReverseOfAReverse: the plan of a way back can be reversed as that of a first move, and leads to the first places again.
func TestReverseOfAReverse(t *testing.T) {
	first := back(t)
	one := int32(1)
	again := first
	again.Forward = Reverse(first)
	again.SourceNamespace, again.TargetNamespace = "src", "dst"
	again.Us.Earlier = []string{"forward", "backward"}
	again.Us.Recorded = map[types.UID]bool{"here-db": true, "here-tidy": true, "here-data": true}
	set, claim, job := object(t, hereSet), object(t, herePVC), object(t, hereJob)
	if err := unstructured.SetNestedField(set.Object, int64(0), "spec", "replicas"); err != nil {
		t.Fatal(err)
	}
	lineage.Hold(&set, lineage.Ledger{Switch: "backward", Values: workload.Values{Replicas: &one}})
	if err := unstructured.SetNestedField(job.Object, true, "spec", "suspend"); err != nil {
		t.Fatal(err)
	}
	again.Source = []unstructured.Unstructured{object(t, leftPVC), object(t, leftSet), object(t, leftJob)}
	again.Target = []unstructured.Unstructured{set, claim, job}
	p := Reverse(again)
	if len(p.Blockers) > 0 || len(p.Volumes) != 1 || p.Volumes[0].Name != "data" || p.Volumes[0].Target != "moved-data" {
		t.Fatalf("blockers %+v, volumes %+v", p.Blockers, p.Volumes)
	}
	if o := p.ofSource(refTo(kindStatefulSet, "db")); o == nil || !o.Kept || o.Origin == nil {
		t.Errorf("the StatefulSet is %+v", o)
	} else if n, _, _ := unstructured.NestedInt64(o.Object.Object, "spec", "replicas"); n != 1 {
		t.Errorf("it starts with %d replicas, want those before the last stop", n)
	}
}

// TestReverseRefused: there is no way back to what is gone, is another client's by now, or runs.
func TestReverseRefused(t *testing.T) {
	without := func(list []unstructured.Unstructured, kind string) []unstructured.Unstructured {
		return slices.DeleteFunc(slices.Clone(list), func(u unstructured.Unstructured) bool { return u.GetKind() == kind })
	}
	find := func(list []unstructured.Unstructured, kind string) *unstructured.Unstructured {
		return &list[slices.IndexFunc(list, func(u unstructured.Unstructured) bool { return u.GetKind() == kind })]
	}
	for name, tc := range map[string]struct {
		change func(in *ReverseInput)
		want   string
		about  string
	}{
		"WorkloadGone": {func(in *ReverseInput) { in.Target = without(in.Target, "StatefulSet") }, api.ReasonWorkloadNotFound, "db"},
		"ClaimGone":    {func(in *ReverseInput) { in.Target = without(in.Target, "PersistentVolumeClaim") }, api.ReasonClaimMissing, "data"},
		"ClaimAnew": {func(in *ReverseInput) { find(in.Target, "PersistentVolumeClaim").SetUID("anew") },
			api.ReasonNameConflict, "data"},
		"WorkloadAnew": {func(in *ReverseInput) { find(in.Target, "StatefulSet").SetUID("anew") }, api.ReasonNameConflict, "db"},
		"Runs": {func(in *ReverseInput) {
			_ = unstructured.SetNestedField(find(in.Target, "StatefulSet").Object, int64(1), "spec", "replicas")
		}, api.ReasonTargetIsActive, "db"},
		"HeldByAnother": {func(in *ReverseInput) {
			lineage.Hold(find(in.Target, "StatefulSet"), lineage.Ledger{Switch: "another"})
		}, api.ReasonSourceHeld, "db"},
		"DataGone":  {func(in *ReverseInput) { in.Source = without(in.Source, "PersistentVolumeClaim") }, api.ReasonClaimMissing, "moved-data"},
		"Mobilizer": {func(in *ReverseInput) { in.Mobilizers = nil }, api.ReasonUnknownMobilizer, "moved-data"},
		"Stranger": {func(in *ReverseInput) { find(in.Source, "Pod").SetOwnerReferences(nil) },
			api.ReasonUnsupportedWorkload, "db-0"},
		"DataOnly":       {func(in *ReverseInput) { in.Forward.Contents = api.ContentsData }, api.ReasonInvalidSpec, ""},
		"CustomResource": {func(in *ReverseInput) { in.Forward.Objects[1].Runs = true }, api.ReasonUnsupportedWorkload, "settings"},
	} {
		t.Run(name, func(t *testing.T) {
			in := back(t)
			tc.change(&in)
			p := Reverse(in)
			if !slices.ContainsFunc(p.Blockers, func(b api.Blocker) bool {
				return b.Reason == tc.want && strings.HasSuffix(b.Object, tc.about)
			}) {
				t.Errorf("got the blockers %+v, want %s about %q", p.Blockers, tc.want, tc.about)
			}
		})
	}
}
