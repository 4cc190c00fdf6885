package cutover

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
)

func owned(name, kind, owner string) metav1.ObjectMeta {
	yes := true
	return metav1.ObjectMeta{Name: name, Generation: 2, OwnerReferences: []metav1.OwnerReference{{Kind: kind, Name: owner, Controller: &yes}}}
}

func claimed(meta metav1.ObjectMeta, claim string, phase corev1.PodPhase) corev1.Pod {
	return corev1.Pod{ObjectMeta: meta, Status: corev1.PodStatus{Phase: phase}, Spec: corev1.PodSpec{Volumes: []corev1.Volume{{
		VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim}}}}}}
}

func set(want, have int32, seen int64) appsv1.ReplicaSet {
	return appsv1.ReplicaSet{ObjectMeta: owned("web-1", "Deployment", "web"), Spec: appsv1.ReplicaSetSpec{Replicas: &want},
		Status: appsv1.ReplicaSetStatus{Replicas: have, ObservedGeneration: seen}}
}

// TestRemaining says when a source is really stopped: also what could still make a Pod counts.
func TestRemaining(t *testing.T) {
	web := []podOwner{{application.Ref{Group: "apps", Kind: "Deployment", Name: "web"}, "app=web"},
		{application.Ref{Group: "batch", Kind: "CronJob", Name: "nightly"}, ""}}
	labelled := metav1.ObjectMeta{Name: "web-1-x", Labels: map[string]string{"app": "web", "pod-template-hash": "1"}}
	orphan := set(1, 0, 2)
	orphan.ObjectMeta = labelled
	going := corev1.Pod{ObjectMeta: owned("web-1-a", "ReplicaSet", "web-1")}
	going.Labels = labelled.Labels
	others, otherPod := set(1, 1, 2), corev1.Pod{ObjectMeta: owned("canary-x", "ReplicaSet", "canary")}
	others.ObjectMeta, otherPod.Labels = owned("canary", "Rollout", "web"), labelled.Labels
	worker := claimed(metav1.ObjectMeta{Name: "worker", Labels: map[string]string{api.ManagedByLabel: api.ManagedByValue, api.PairLabel: "p"}},
		"data", corev1.PodRunning)
	evicted := claimed(owned("web-1-b", "ReplicaSet", "web-1"), "data", corev1.PodFailed)
	evicted.Status.ContainerStatuses = []corev1.ContainerStatus{
		{State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 137}}},
	}
	for name, c := range map[string]struct {
		reason string
		owners owners
		want   []string
	}{
		"nothing": {"no Pod, no controller", owners{}, nil},
		"a Pod of the Deployment": {"it still runs", owners{sets: []appsv1.ReplicaSet{set(0, 0, 2)},
			pods: []corev1.Pod{{ObjectMeta: owned("web-1-a", "ReplicaSet", "web-1")}}}, []string{"Pod/web-1-a"}},
		"a ReplicaSet that wants Pods": {"it will make one at any moment",
			owners{sets: []appsv1.ReplicaSet{set(1, 0, 2)}}, []string{"ReplicaSet/web-1"}},
		"a ReplicaSet that lags behind": {"it has not seen that it is to be empty",
			owners{sets: []appsv1.ReplicaSet{set(0, 0, 1)}}, []string{"ReplicaSet/web-1"}},
		"a stopped ReplicaSet": {"it is at zero and knows it", owners{sets: []appsv1.ReplicaSet{set(0, 0, 2)}}, nil},
		"another client's Pod on a claim": {"it could write",
			owners{pods: []corev1.Pod{claimed(metav1.ObjectMeta{Name: "shell"}, "data", corev1.PodRunning)}}, []string{"Pod/shell"}},
		"a Pod that failed on a claim": {"its node may be gone and it may still run there",
			owners{pods: []corev1.Pod{claimed(metav1.ObjectMeta{Name: "lost"}, "data", corev1.PodFailed)}}, []string{"Pod/lost"}},
		"a Pod that has failed": {"its kubelet has seen its containers end", owners{pods: []corev1.Pod{evicted}}, nil},
		"a Pod that succeeded": {"it has ended",
			owners{pods: []corev1.Pod{claimed(metav1.ObjectMeta{Name: "done"}, "data", corev1.PodSucceeded)}}, nil},
		"another claim": {"it is not the application's",
			owners{pods: []corev1.Pod{claimed(metav1.ObjectMeta{Name: "x"}, "other", corev1.PodRunning)}}, nil},
		"a Pod without an owner": {"its workload was deleted without its Pods",
			owners{pods: []corev1.Pod{{ObjectMeta: labelled}}}, []string{"Pod/web-1-x"}},
		"a ReplicaSet without an owner": {"the same, a level above", owners{sets: []appsv1.ReplicaSet{orphan}}, []string{"ReplicaSet/web-1-x"}},
		"a Pod whose ReplicaSet is gone": {"its Deployment was deleted, and it takes its time to end",
			owners{pods: []corev1.Pod{going}}, []string{"Pod/web-1-a"}},
		"a Pod of others' ReplicaSet": {"what owns it is there, and is no member",
			owners{sets: []appsv1.ReplicaSet{others}, pods: []corev1.Pod{otherPod}}, nil},
		"a Pod whose Job is gone": {"the Job was deleted, and the Pod takes its time to end",
			owners{pods: []corev1.Pod{{ObjectMeta: owned("nightly-29000000-x", "Job", "nightly-29000000")}}}, []string{"Pod/nightly-29000000-x"}},
		"a Pod of another Job": {"it is of no CronJob of the application",
			owners{pods: []corev1.Pod{{ObjectMeta: owned("nightly-x", "Job", "nightly-report")}}}, nil},
		"a Job without an owner": {"its CronJob was deleted without its Jobs",
			owners{jobs: []batchv1.Job{{ObjectMeta: metav1.ObjectMeta{Name: "nightly-29000000"}}}}, []string{"Job/nightly-29000000"}},
		"our worker": {"it is there for the move", owners{pods: []corev1.Pod{worker}}, nil},
		"a Job of the CronJob": {"it has not finished",
			owners{jobs: []batchv1.Job{{ObjectMeta: owned("nightly-1", "CronJob", "nightly")}}}, []string{"Job/nightly-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.owners.remaining(web, []string{"data"})); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.reason, diff)
			}
		})
	}
}

// TestPodOwners: the Pods that a workload has left are found by what is known of it.
func TestPodOwners(t *testing.T) {
	web := application.Ref{Group: "apps", Kind: "Deployment", Name: "web"}
	planned := application.Object{Ref: web}
	planned.Object.Object = map[string]any{"spec": map[string]any{"selector": map[string]any{"matchLabels": map[string]any{"app": "planned"}}}}
	s := &switcher{plan: &application.Plan{Objects: []application.Object{planned}}}
	there := Workload{Workload: application.Workload{Ref: web}, Selector: "app=web"}
	gone := Workload{Workload: application.Workload{Ref: web}, Missing: true}
	former := Record{Former: []Former{{Ref: web, Selector: "app=former"}}}
	for name, c := range map[string]struct {
		reason string
		record Record
		w      Workload
		want   []podOwner
	}{
		"There":             {"its own selector says it", Record{}, there, []podOwner{{web, "app=web"}}},
		"MadeAnew":          {"Pods of the former one may be left", former, there, []podOwner{{web, "app=web"}, {web, "app=former"}}},
		"Deleted":           {"the record knows it", former, gone, []podOwner{{web, ""}, {web, "app=former"}}},
		"DeletedBeforeStop": {"it is not on record yet, and the plan knows it", Record{}, gone, []podOwner{{web, ""}, {web, "app=planned"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, s.podOwners(&c.record, c.w)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.reason, diff)
			}
		})
	}
}

// TestLeft says when a target is really stopped.
func TestLeft(t *testing.T) {
	web := application.Ref{Group: "apps", Kind: "StatefulSet", Name: "web"}
	stopped := Object{Ref: web, Workload: true, Exists: true, Mine: true, Stopped: true, Settled: true}
	unsettled, foreign, deleted := stopped, stopped, Object{Ref: web, Workload: true}
	unsettled.Settled, foreign.Mine = false, false
	running := &owners{pods: []corev1.Pod{{ObjectMeta: owned("web-0", "StatefulSet", "web")}}}
	shell := &owners{pods: []corev1.Pod{claimed(metav1.ObjectMeta{Name: "shell"}, "data", corev1.PodRunning)}}
	replaced := foreign
	replaced.Stopped = false
	now := time.Unix(1_800_000_000, 0)
	for name, c := range map[string]struct {
		reason        string
		object        Object
		before, after *owners
		want          []string
	}{
		"Stopped":   {"no Pod, and nothing that makes one", stopped, &owners{}, &owners{}, nil},
		"Unsettled": {"its controller has not seen that it is to be empty", unsettled, &owners{}, &owners{}, []string{"StatefulSet.apps/web"}},
		"Before":    {"it could have made something that was not read any more", stopped, running, &owners{}, []string{"Pod/web-0"}},
		"After":     {"its controller has reported too early", stopped, &owners{}, running, []string{"Pod/web-0"}},
		"Both":      {"a name once", stopped, running, running, []string{"Pod/web-0"}},
		"Foreign":   {"what was made in its place runs all the same", foreign, running, running, []string{"Pod/web-0"}},
		"Replaced": {"it has no Pod now, and asks for some",
			replaced, &owners{}, &owners{}, []string{"StatefulSet.apps/web (made by another client)"}},
		"Deleted": {"it was deleted, and its Pods still end", deleted, running, running, []string{"Pod/web-0"}},
		"Claim":   {"it writes to a claim of the move", stopped, shell, shell, []string{"Pod/shell"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := Observed{Objects: []Object{c.object}, Claims: []Claim{{Name: "data"}, {Name: "shared", Used: true}},
				Record: Record{StartedAt: &now}}
			if diff := cmp.Diff(c.want, o.left(c.before, c.after)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.reason, diff)
			}
		})
	}
}

// TestLeftOfCustom: what a controller has made at the target of a custom resource runs also when
// another client has replaced the resource or taken it away.
func TestLeftOfCustom(t *testing.T) {
	widget := application.Ref{Group: "example.com", Kind: "Widget", Name: "a"}
	web := application.Ref{Group: "apps", Kind: "Deployment", Name: "web"}
	foreign := Object{Ref: widget, Workload: true, Runs: true, Exists: true, Stopped: true, Settled: true}
	made := Object{Ref: web, Workload: true, Exists: true}
	labelled := metav1.ObjectMeta{Name: "web-1-x", Labels: map[string]string{"app": "web"}}
	now := time.Unix(1_800_000_000, 0)
	for name, c := range map[string]struct {
		reason string
		widget Object
		made   []Object
		owners owners
		want   []string
	}{
		"Replaced": {"its workload has no Pod now, and asks for some",
			foreign, []Object{made}, owners{}, []string{"Deployment.apps/web (made by another client)"}},
		"Pods": {"they run", foreign, nil, owners{sets: []appsv1.ReplicaSet{set(1, 1, 2)},
			pods: []corev1.Pod{{ObjectMeta: owned("web-1-a", "ReplicaSet", "web-1")}}}, []string{"Pod/web-1-a", "ReplicaSet/web-1"}},
		"Deleted": {"its Pods have lost their owner",
			Object{Ref: widget, Workload: true, Runs: true}, nil, owners{pods: []corev1.Pod{{ObjectMeta: labelled}}}, []string{"Pod/web-1-x"}},
		"Gone": {"nothing is left", Object{Ref: widget, Workload: true, Runs: true}, nil, owners{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := Observed{Objects: []Object{c.widget}, Made: c.made, Record: Record{StartedAt: &now},
				Workloads: []Workload{{Workload: application.Workload{Ref: web, MadeBy: &widget}, Selector: "app=web"}}}
			if diff := cmp.Diff(c.want, o.left(&c.owners, &c.owners)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.reason, diff)
			}
		})
	}
}
