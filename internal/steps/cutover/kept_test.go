package cutover

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/workload"
	"github.com/kubemove/kubemove/task"
)

// back is the switch of a way back.
var back = lineage.Actor{Lineage: "first", Pair: "back-pair", Switch: "back", Earlier: []string{"forward"}}

// TestKeptForms: a kept workload starts without losing what a roll back needs, and carries nothing of a switch in the end.
func TestKeptForms(t *testing.T) {
	const (
		left = `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: {replicas: 0,
			persistentVolumeClaimRetentionPolicy: {whenScaled: Retain, whenDeleted: Retain}}}`
		wanted = `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: {replicas: 2,
			persistentVolumeClaimRetentionPolicy: {whenScaled: Delete, whenDeleted: Retain}}}`
		cron = `{apiVersion: batch/v1, kind: CronJob, metadata: {name: tidy}, spec: {suspend: true}}`
		runs = `{apiVersion: batch/v1, kind: CronJob, metadata: {name: tidy}, spec: {suspend: false}}`
	)
	two := int32(2)
	ledger := lineage.Ledger{Switch: "forward", Values: workload.Values{Replicas: &two,
		Retention: &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{WhenScaled: "Delete", WhenDeleted: "Retain"}}}
	held := func(text, by string) *unstructured.Unstructured {
		u := object(t, text)
		lineage.Hold(u, ledger)
		a := u.GetAnnotations()
		a[api.HeldByAnnotation] = by
		u.SetAnnotations(a)
		return u
	}
	set := func(u *unstructured.Unstructured, value any, path ...string) *unstructured.Unstructured {
		out := u.DeepCopy()
		if err := unstructured.SetNestedField(out.Object, value, path...); err != nil {
			t.Fatal(err)
		}
		return out
	}
	bare := func(text string) *unstructured.Unstructured {
		u := object(t, text)
		u.SetAnnotations(map[string]string{})
		return u
	}
	for name, tc := range map[string]struct {
		reason string
		form   keptForm
		plan   string
		there  *unstructured.Unstructured
		want   *unstructured.Unstructured
	}{
		"Starts": {"with its Pods; its claims stay when a roll back takes it to zero again", taken, wanted, held(left, "forward"),
			set(held(left, "back"), int64(2), "spec", "replicas")},
		"CronJob": {"it goes on when the target is open", taken, runs, held(cron, "forward"), held(cron, "back")},
		"Opens":   {"now it does", opened, runs, held(cron, "back"), set(held(cron, "back"), false, "spec", "suspend")},
		"Settled": {"an autoscaler has changed the replicas", settled, wanted, set(held(left, "back"), int64(5), "spec", "replicas"),
			set(bare(wanted), int64(5), "spec", "replicas")},
		"SettledBefore": {"there is nothing left to do", settled, wanted, object(t, wanted), nil},
		"Foreign":       {"another switch holds it", settled, wanted, held(left, "another"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			want := planned(t, tc.plan, application.PhaseStart)
			got, err := tc.form(&want, tc.there, back)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// TestKeptIsNeverDeleted: also when the plan that says so is lost.
func TestKeptIsNeverDeleted(t *testing.T) {
	us := back
	us.Recorded = map[types.UID]bool{"left": true}
	there := object(t, `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, uid: left}, spec: {replicas: 1}}`)
	b := readTarget(application.Object{Ref: application.RefOf(there), Phase: application.PhaseStart}, there, us)
	if !b.Mine || !b.Kept || b.deletable() || !b.stopsAgain() {
		t.Errorf("got %+v, want that it is stopped and not deleted", b)
	}
}

// TestNextBack: nothing is created in the place of what an earlier switch had left and is gone.
func TestNextBack(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	workloadOf := Object{Ref: ref(0), Phase: application.PhaseStart, Workload: true, Kept: true, Mine: true, Recorded: true}
	there, took := workloadOf, workloadOf
	there.Exists, there.Stopped = true, true
	took.Exists, took.Took, took.Ready = true, true, true
	for name, c := range map[string]struct {
		object Object
		left   []Claim
		commit bool
		want   Kind
		reason string
	}{
		"Starts":  {object: there, want: StartWorkloads},
		"Started": {object: took, want: Commit},
		"Gone": {object: Object{Ref: ref(0), Phase: application.PhaseStart, Workload: true, Kept: true}, want: End,
			reason: api.ReasonWorkloadNotFound},
		"Passivate": {object: took, left: []Claim{{Name: "data"}}, commit: true, want: Passivate},
		"Passive":   {object: took, commit: true, want: RecordOpen},
	} {
		t.Run(name, func(t *testing.T) {
			o := Observed{Now: now, HealthTimeout: time.Minute, Objects: []Object{c.object}, Left: c.left, Pinned: true, CommittedBoth: true,
				Record: Record{Epoch: 1, StartedAt: &now, Final: &FinalRun{Epoch: 1, Fence: Fence{}}}}
			o.Objects[0].Open = true
			decide := nextStart
			if c.commit {
				o.Record.CommittedAt, decide = &now, nextOpen
			}
			a := decide(o)
			if a.Kind != c.want || c.reason != "" && a.Result.Reason != c.reason {
				t.Errorf("got %s (%s), want %s %s", a.Kind, a.Message, c.want, c.reason)
			}
		})
	}
}

// TestActorOf: a way back may write what the switch that it reverses has on record as left, and no more; without that record
// there is none, but a roll back and a clean-up go on.
func TestActorOf(t *testing.T) {
	now := time.Now()
	source := &cluster.Cluster{Side: cluster.SideSource, Namespace: "shop", Kube: fake.NewClientset()}
	home := &cluster.Cluster{Side: cluster.SideHome, Namespace: "home", Kube: fake.NewClientset()}
	work := &task.Task{Verb: task.VerbCutover, Move: &task.Move{Pair: task.Object{Name: "back", UID: "p2"}, Lineage: &task.Object{UID: "p1"},
		Reverses: &task.Reverse{Switch: task.Object{Name: "shop-dst", UID: "forward"}, Earlier: []string{"forward"}}}}
	if _, err := ActorOf(t.Context(), home, source, work, "w2"); cluster.KindOf(err) != cluster.NotFound {
		t.Errorf("without a record: got %v", err)
	}
	for _, verb := range []task.Verb{task.VerbRollback, task.VerbCleanup} {
		again := *work
		again.Verb = verb
		if us, err := ActorOf(t.Context(), home, source, &again, "w2"); err != nil || us.Self() != "w2" {
			t.Errorf("%s without a record: got %+v, %v", verb, us, err)
		}
	}
	record := Record{Switch: "forward", CommittedAt: &now, Final: &FinalRun{Fence: Fence{
		"Deployment.apps/web": "uid-web/7", "PersistentVolumeClaim/data": "uid-data", "Deployment.apps/gone": missingIdentity,
		endedPod + "uid-pod": "ended"}}}
	if _, err := source.WriteRecord(t.Context(), cluster.Holder{UID: "forward", Name: "home/shop-dst"}, "", record); err != nil {
		t.Fatal(err)
	}
	us, err := ActorOf(t.Context(), home, source, work, "w2")
	if err != nil {
		t.Fatal(err)
	}
	want := lineage.Actor{Lineage: "p1", Pair: "p2", Switch: "w2", Earlier: []string{"forward"},
		Recorded: map[types.UID]bool{"uid-web": true, "uid-data": true}}
	if diff := cmp.Diff(want, us); diff != "" {
		t.Errorf("actor (-want +got):\n%s", diff)
	}
}

// TestForward: the pair keeps the plan of the forward move, which may be deleted.
func TestForward(t *testing.T) {
	kube := fake.NewClientset()
	home := &cluster.Cluster{Side: cluster.SideHome, Namespace: "shop", Kube: kube}
	work := &task.Task{Move: &task.Move{Pair: task.Object{Name: "back", UID: "p2"},
		Reverses: &task.Reverse{Switch: task.Object{Name: "shop-dst", UID: "forward"}}}}
	us := lineage.Actor{Pair: "p2", Earlier: []string{"forward"}, Recorded: map[types.UID]bool{"a": true, "b": true}}
	if _, err := Forward(t.Context(), home, work, us); cluster.KindOf(err) != cluster.NotFound {
		t.Errorf("without a plan: got %v", err)
	}
	forward := pinnedPlan{"h", &application.Plan{Engine: "shop", Workloads: []application.Workload{{Ref: ref(0), Replicas: 2}}}}
	owner := &metav1.OwnerReference{APIVersion: "v1", Kind: "MoveSwitch", Name: "shop-dst", UID: "forward"}
	if err := home.StoreBundle(t.Context(), cluster.Bundle{Name: planNameOf("forward"), Owner: owner}, forward); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"first", "after the forward move was deleted"} {
		p, err := Forward(t.Context(), home, work, us)
		if err != nil || p.Engine != "shop" || len(p.Workloads) != 1 {
			t.Errorf("%s: got %+v, %v", when, p, err)
		}
		if err := home.DeleteBundle(t.Context(), planNameOf("forward")); err != nil {
			t.Fatal(err)
		}
		// The record goes with the forward move, too.
		got, err := ActorOf(t.Context(), home, nil, work, "w2")
		if err != nil || !got.Left("a") || !got.Left("b") || got.Left("c") {
			t.Errorf("%s: got %+v, %v", when, got, err)
		}
	}
}
