package workload

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	// Numbers become integers, as a client reads them.
	if err := u.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	return u
}

func ptr[T any](v T) *T { return &v }

// TestThereAndBack stops an object step by step, and gives it back what it had.
func TestThereAndBack(t *testing.T) {
	const set = `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: x}, spec: {replicas: 3,
		persistentVolumeClaimRetentionPolicy: {whenScaled: Delete, whenDeleted: Retain}}}`
	cases := map[string]struct {
		reason string
		object string
		want   Values
		steps  int
	}{
		"Deployment": {"replicas go to zero", `{apiVersion: apps/v1, kind: Deployment, spec: {replicas: 2}}`, Values{Replicas: ptr[int32](2)}, 1},
		"Default":    {"absent replicas are one", `{apiVersion: apps/v1, kind: Deployment, spec: {}}`, Values{Replicas: ptr[int32](1)}, 1},
		"StatefulSet": {"its claims are kept first", set, Values{Replicas: ptr[int32](3),
			Retention: &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{WhenScaled: "Delete", WhenDeleted: "Retain"}}, 2},
		"CronJob":   {"it is suspended", `{apiVersion: batch/v1, kind: CronJob, spec: {schedule: "@daily"}}`, Values{Suspend: ptr(false)}, 1},
		"Suspended": {"it stays as it was", `{apiVersion: batch/v1, kind: CronJob, spec: {suspend: true}}`, Values{Suspend: ptr(true)}, 0},
		"Zero":      {"it stays as it was", `{apiVersion: apps/v1, kind: Deployment, spec: {replicas: 0}}`, Values{Replicas: ptr[int32](0)}, 0},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			u := object(t, tc.object)
			k := OfObject(u)
			before := k.Values(u)
			if diff := cmp.Diff(tc.want, before); diff != "" {
				t.Errorf("%s, -want +got:\n%s", tc.reason, diff)
			}
			if asks := before.AskForPods(); asks != (tc.steps > 0) {
				t.Errorf("%s: it asks for Pods: %v", tc.reason, asks)
			}
			steps := 0
			for ; !k.Stopped(u) && steps < 5; steps++ {
				if err := k.Stop(u); err != nil {
					t.Fatal(err)
				}
			}
			if steps != tc.steps || !KeepsClaims(u) {
				t.Errorf("%s: stopped in %d steps, want %d; claims are kept: %v", tc.reason, steps, tc.steps, KeepsClaims(u))
			}
			if err := k.Restore(u, before); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, k.Values(u)); diff != "" {
				t.Errorf("%s, after the way back, -want +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// TestStart: of what is scheduled nothing begins before the commit.
func TestStart(t *testing.T) {
	for _, k := range All() {
		u := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{}}}
		u.SetGroupVersionKind(k.GVK())
		if err := k.Start(u); err != nil {
			t.Fatal(err)
		}
		if got := k.Stopped(u); got != k.Scheduled() {
			t.Errorf("%s: created so that it asks for no Pods: %v, scheduled: %v", k.GVK().Kind, got, k.Scheduled())
		}
	}
}

func TestSettledAndReady(t *testing.T) {
	cases := map[string]struct {
		reason         string
		object         string
		settled, ready bool
	}{
		"Unseen": {"the controller has not seen the newest spec",
			`{apiVersion: apps/v1, kind: Deployment, metadata: {generation: 2},
				spec: {replicas: 0}, status: {observedGeneration: 1}}`, false, false},
		"Running": {"Pods are there",
			`{apiVersion: apps/v1, kind: StatefulSet, metadata: {generation: 2},
				spec: {replicas: 0}, status: {observedGeneration: 2, replicas: 1}}`, false, false},
		"Settled": {"all is seen and gone",
			`{apiVersion: apps/v1, kind: StatefulSet, metadata: {generation: 2}, spec: {replicas: 0}, status: {observedGeneration: 2}}`, true, true},
		"OnDelete": {"its Pods count, whatever their revision",
			`{apiVersion: apps/v1, kind: StatefulSet, metadata: {generation: 1}, spec: {replicas: 1, updateStrategy: {type: OnDelete}},
			status: {observedGeneration: 1, replicas: 1, readyReplicas: 0, currentRevision: a, updateRevision: b}}`, false, false},
		"CronJob": {"it is as it is", `{apiVersion: batch/v1, kind: CronJob, spec: {}}`, true, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			u := object(t, tc.object)
			k := OfObject(u)
			ready, message := k.Ready(u)
			if k.Settled(u) != tc.settled || ready != tc.ready {
				t.Errorf("%s: got settled %v, ready %v (%s); want %v, %v", tc.reason, k.Settled(u), ready, message, tc.settled, tc.ready)
			}
		})
	}
}

func TestOf(t *testing.T) {
	for _, k := range All() {
		if got := Of(k.GVK().GroupKind()); got != k {
			t.Errorf("%s is found as %v", k.GVK(), got)
		}
		if got := Named(k.GVK().Kind); got != k {
			t.Errorf("%s is named %v", k.GVK().Kind, got)
		}
		if GVR(k).Resource != k.Resource() || GVR(k).Group != k.GVK().Group {
			t.Errorf("%s has the resource %v", k.GVK(), GVR(k))
		}
	}
	for _, kind := range []schema.GroupKind{{Group: "example.com", Kind: "CronJob"}, {Kind: "Pod"}, {Group: "apps", Kind: "DaemonSet"}} {
		if Of(kind) != nil {
			t.Errorf("%s is no workload", kind)
		}
	}
}
