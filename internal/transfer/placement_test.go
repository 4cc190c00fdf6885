package transfer

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/task"
)

func grouped(name, group string) application.Volume {
	return application.Volume{Name: name, Target: name, Placement: application.Placement{Group: group}}
}

// TestWhomAGroupAttracts: the term of a worker's affinity selects exactly the Pods that the worker
// has to be with.
func TestWhomAGroupAttracts(t *testing.T) {
	build := func(t *testing.T, run string, v application.Volume, role task.Role) *corev1.Pod {
		s := testSpec(api.TriggerFinal)
		s.Run.ID = run
		in := podInput{Role: role, Volume: v, Mobilizer: task.Mobilizer{Image: "x"}, Try: 1}
		if role == task.RoleTarget {
			in.Placement = targetPlacement(v)
		}
		pod, err := buildPod(s, in)
		if err != nil {
			t.Fatal(err)
		}
		return pod
	}
	worker := build(t, "run-1", grouped("wal", "data"), task.RoleTarget)
	terms := worker.Spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	if len(terms) != 1 {
		t.Fatalf("got %d terms, want 1", len(terms))
	}
	selector, err := metav1.LabelSelectorAsSelector(terms[0].LabelSelector)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		reason string
		pod    *corev1.Pod
		want   bool
	}{
		"itself":      {"Kubernetes lets the first Pod alone only when it waits for its like", worker, true},
		"its group":   {"they are mounted by one Pod later", build(t, "run-1", grouped("data", "data"), task.RoleTarget), true},
		"other group": {"other Pods have nodes of their own", build(t, "run-1", grouped("data-1", "data-1"), task.RoleTarget), false},
		"no group":    {"a single claim is bound on its own", build(t, "run-1", grouped("x", ""), task.RoleTarget), false},
		"other run":   {"its node may be down", build(t, "run-0", grouped("data", "data"), task.RoleTarget), false},
		"source":      {"it may be in the same namespace's cluster", build(t, "run-1", grouped("data", "data"), task.RoleSource), false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := selector.Matches(labels.Set(tc.pod.Labels)); got != tc.want {
				t.Errorf("%s: got %v, want %v", tc.reason, got, tc.want)
			}
		})
	}
	if a := build(t, "run-1", grouped("x", ""), task.RoleTarget).Spec.Affinity; a != nil {
		t.Errorf("a worker without a group has the affinity %v", a)
	}
}

func TestLeaderOf(t *testing.T) {
	bound := &corev1.PersistentVolumeClaim{Spec: corev1.PersistentVolumeClaimSpec{VolumeName: "pv"}}
	chosen := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{selectedNode: "n"}}}
	fresh := &corev1.PersistentVolumeClaim{}
	cases := map[string]struct {
		reason     string
		wal, data  *corev1.PersistentVolumeClaim
		group      string
		settled    bool
		wantLeader bool
	}{
		"first run": {reason: "the scheduler places them together", wal: fresh, data: fresh, group: "data"},
		"half bound": {reason: "a new claim would be bound to where the other is not",
			wal: fresh, data: bound, group: "data", wantLeader: true},
		"half chosen": {reason: "its volume is being made on a node already", wal: fresh, data: chosen, group: "data", wantLeader: true},
		"placed":      {reason: "the affinity finds it", wal: fresh, data: bound, group: "data", settled: true},
		"all bound": {reason: "there is no choice any more, and waiting for each other would never end",
			wal: bound, data: bound, group: "data"},
		"the other way": {reason: "the bound one does not wait", wal: bound, data: fresh, group: "data"},
		"other group":   {reason: "other Pods have nodes of their own", wal: fresh, data: bound, group: "wal"},
		"no group":      {reason: "as before", wal: fresh, data: bound},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			own := newVolumePass(&workerPair{volume: grouped("wal", tc.group)})
			other := newVolumePass(&workerPair{volume: grouped("data", "data"), settled: tc.settled})
			if tc.group == "" {
				other.volume = grouped("data", "")
			}
			claims := map[string]*corev1.PersistentVolumeClaim{"wal": tc.wal, "data": tc.data}
			leader := leaderOf(own, []*volumePass{own, other}, claims)
			if got := leader == other; got != tc.wantLeader {
				t.Errorf("%s: waits %v, want %v", tc.reason, got, tc.wantLeader)
			}
		})
	}
}
