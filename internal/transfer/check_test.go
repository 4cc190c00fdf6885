package transfer

import (
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

func testSpec(trigger api.Trigger) Spec {
	return Spec{
		Source: &cluster.Cluster{Side: "source", Namespace: "from"}, Target: &cluster.Cluster{Side: "target", Namespace: "to"},
		Run: task.Run{ID: "run-1", Trigger: trigger, Exact: trigger == api.TriggerFinal}, PairUID: "pair-uid",
		LockHolder: "switch-uid", Volumes: []application.Volume{{Name: "data", Target: "copy"}},
		AgentImage: "task:1",
	}
}

func user(name, claim string) corev1.Pod {
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PodSpec{NodeName: "node-1", Volumes: []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim},
		}}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning},
	}
}

func workerOf(s Spec, role task.Role, claim string) corev1.Pod {
	pod := user("worker", claim)
	pod.Labels = s.labels(role, claim)
	return pod
}

func held(name, holder string) *coordinationv1.Lease {
	return &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: coordinationv1.LeaseSpec{HolderIdentity: &holder}}
}

func TestCheck(t *testing.T) {
	final, request := testSpec(api.TriggerFinal), testSpec(api.TriggerRequest)
	known, back := final, request
	known.Claims = map[string]types.UID{"copy": "the-one"}
	back.Left = func(uid types.UID) bool { return uid == "left" }
	other := final
	other.Run.ID = "run-0"
	ended := user("job", "copy")
	ended.Status.Phase = corev1.PodSucceeded

	cases := map[string]struct {
		reason string
		spec   Spec
		moment moment
		change func(*world)
		want   string
	}{
		"all is well": {reason: "a passive claim, our lock, our lease", spec: final, moment: fromGo},
		"all is well on request": {reason: "no lock, our lease",
			spec: request, moment: fromGo, change: func(w *world) { w.SourceLock, w.TargetLock = nil, nil }},
		"marked active": {reason: "an application uses the claim: never write it",
			spec: final, moment: fromGo, want: api.ReasonTargetIsActive, change: func(w *world) {
				w.TargetClaims["copy"].Annotations = map[string]string{api.ActiveAnnotation: "other-switch"}
			}},
		"marked active, early": {reason: "no Pod is placed either",
			spec: request, moment: beforePlacing, want: api.ReasonTargetIsActive, change: func(w *world) {
				w.unlock()
				w.TargetClaims["copy"].Annotations = map[string]string{api.ActiveAnnotation: "s"}
			}},
		"claim made anew": {reason: "another client's claim of the same name is never written",
			spec: request, moment: fromGo, want: api.ReasonNameConflict, change: func(w *world) {
				w.unlock()
				w.TargetClaims["copy"].Annotations = nil
			}},
		"claim of another pair": {reason: "the same", spec: request, moment: beforePlacing, want: api.ReasonNameConflict, change: func(w *world) {
			w.unlock()
			w.TargetClaims["copy"].Annotations = map[string]string{api.CreatedByAnnotation: "other"}
		}},
		"claim stripped": {reason: "the cutover knows its claims by their UIDs",
			spec: final, moment: fromGo, change: func(w *world) { w.TargetClaims["copy"].Annotations = nil }},
		"claim made anew, final": {reason: "another client's claim of the same name", spec: known, moment: beforePlacing,
			want: api.ReasonClaimReplaced, change: func(w *world) { w.TargetClaims["copy"].UID = "anew" }},
		"claim of its UID, final": {reason: "its switch has looked at it",
			spec: known, moment: fromGo, change: func(w *world) { w.TargetClaims["copy"].UID = "the-one" }},
		"left by an earlier switch": {reason: "a way back fills it again", spec: back, moment: fromGo, change: func(w *world) {
			w.unlock()
			w.TargetClaims["copy"].Annotations, w.TargetClaims["copy"].UID = nil, "left"
		}},
		"not left by it": {reason: "it was made anew since", spec: back, moment: fromGo, want: api.ReasonNameConflict, change: func(w *world) {
			w.unlock()
			w.TargetClaims["copy"].Annotations, w.TargetClaims["copy"].UID = nil, "anew"
		}},
		"claim goes": {reason: "the copy would go with it", spec: request, moment: fromGo, want: api.ReasonNameConflict, change: func(w *world) {
			w.unlock()
			w.TargetClaims["copy"].DeletionTimestamp = &metav1.Time{Time: noon}
		}},
		"claim is missing": {reason: "the caller creates it",
			spec: final, moment: beforePlacing, want: api.ReasonNotReady, change: func(w *world) { delete(w.TargetClaims, "copy") }},
		"foreign Pod": {reason: "two writers", spec: final,
			moment: fromGo, want: ReasonClaimInUse, change: func(w *world) { w.TargetPods = append(w.TargetPods, user("app", "copy")) }},
		"foreign Pod, early": {reason: "two writers", spec: final,
			moment: beforePlacing, want: ReasonClaimInUse, change: func(w *world) { w.TargetPods = append(w.TargetPods, user("app", "copy")) }},
		"foreign Pod has ended": {reason: "an ended Pod mounts nothing",
			spec: final, moment: fromGo, change: func(w *world) { w.TargetPods = append(w.TargetPods, ended) }},
		"other claim": {reason: "other claims are not ours to judge",
			spec: final, moment: fromGo, change: func(w *world) { w.TargetPods = append(w.TargetPods, user("app", "cache")) }},
		"worker of another run": {reason: "it will go before ours is placed", spec: final,
			moment: beforePlacing, change: func(w *world) { w.TargetPods = append(w.TargetPods, workerOf(other, task.RoleTarget, "copy")) }},
		"worker of another, late": {reason: "two runs at once", spec: final, moment: fromGo,
			want: ReasonClaimInUse, change: func(w *world) { w.TargetPods = append(w.TargetPods, workerOf(other, task.RoleTarget, "copy")) }},
		"replaced": {reason: "another run holds the claim now",
			spec: final, moment: fromGo, want: ReasonRunReplaced, change: func(w *world) { w.RunLeases["copy"] = held("l", "run-2") }},
		"lease is gone": {reason: "nothing shows that the claim is ours",
			spec: final, moment: fromGo, want: ReasonRunReplaced, change: func(w *world) { delete(w.RunLeases, "copy") }},
		"locked, on request": {reason: "a switch is at work", spec: request, moment: beforePlacing, want: api.ReasonLocked},
		"another switch": {reason: "one switch at a time",
			spec: final, moment: beforePlacing, want: api.ReasonLocked, change: func(w *world) { w.SourceLock = held("kubemove", "other") }},
		"lock not yet taken": {reason: "the workers of a final run wait before the lock is taken",
			spec: final, moment: beforePlacing, change: func(w *world) { w.unlock() }},
		"lock lost": {reason: "a final run needs it",
			spec: final, moment: fromGo, want: api.ReasonLocked, change: func(w *world) { w.SourceLock = nil }},
		"source in use, exact": {reason: "the copy would not be exact", spec: final,
			moment: fromGo, want: ReasonClaimInUse, change: func(w *world) { w.SourcePods = append(w.SourcePods, user("app", "data")) }},
		"source in use, before go": {reason: "workers wait while the application still runs",
			spec: final, moment: beforePlacing, change: func(w *world) { w.SourcePods = append(w.SourcePods, user("app", "data")) }},
		"source in use, request": {reason: "a run on request copies beside the application",
			spec: request, moment: fromGo, change: func(w *world) { w.unlock(); w.SourcePods = append(w.SourcePods, user("app", "data")) }},
		"other pair reads": {reason: "workers of other targets only read",
			spec: final, moment: fromGo, change: func(w *world) { w.SourcePods = append(w.SourcePods, workerOf(other, task.RoleSource, "data")) }},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := world{
				SourcePods: []corev1.Pod{workerOf(tc.spec, task.RoleSource, "data")},
				TargetPods: []corev1.Pod{workerOf(tc.spec, task.RoleTarget, "copy")},
				TargetClaims: map[string]*corev1.PersistentVolumeClaim{"copy": {ObjectMeta: metav1.ObjectMeta{Name: "copy",
					Annotations: map[string]string{api.CreatedByAnnotation: "pair-uid"}}}},
				SourceLock: held("kubemove", "switch-uid"), TargetLock: held("kubemove", "switch-uid"),
				RunLeases: leases{"copy": held("l", "run-1")},
			}
			if tc.change != nil {
				tc.change(&w)
			}
			got := ""
			if err := check(tc.spec, w, tc.moment); err != nil {
				got = err.Reason
			}
			if got != tc.want {
				t.Errorf("%s: got %q, want %q", tc.reason, got, tc.want)
			}
		})
	}
}

func (w *world) unlock() { w.SourceLock, w.TargetLock = nil, nil }

func TestPlace(t *testing.T) {
	claim := func(mode corev1.PersistentVolumeAccessMode) *corev1.PersistentVolumeClaim {
		return &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data"},
			Spec: corev1.PersistentVolumeClaimSpec{AccessModes: []corev1.PersistentVolumeAccessMode{mode}}}
	}
	cases := map[string]struct {
		reason string
		claim  *corev1.PersistentVolumeClaim
		pods   []corev1.Pod
		want   string
	}{
		"used":   {"one node only may mount it", claim(corev1.ReadWriteOnce), []corev1.Pod{user("app", "data")}, "node-1"},
		"unused": {"the scheduler knows best", claim(corev1.ReadWriteOnce), []corev1.Pod{user("app", "cache")}, ""},
		"shared": {"any node may mount it", claim(corev1.ReadWriteMany), []corev1.Pod{user("app", "data")}, ""},
		"by a worker": {"a worker of another run goes away",
			claim(corev1.ReadWriteOnce), []corev1.Pod{workerOf(testSpec(api.TriggerFinal), task.RoleSource, "data")}, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := place(tc.claim, tc.pods).Node; got != tc.want {
				t.Errorf("%s: %q, want %q", tc.reason, got, tc.want)
			}
		})
	}
}

func TestUses(t *testing.T) {
	ephemeral := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web-0"}}
	ephemeral.Spec.Volumes = []corev1.Volume{{Name: "scratch", VolumeSource: corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{}}}}
	terminating := user("app", "data")
	terminating.DeletionTimestamp = &metav1.Time{Time: noon}
	lost := user("app", "data")
	lost.Status.Phase = corev1.PodFailed
	failedPod := *lost.DeepCopy()
	failedPod.Status.ContainerStatuses = []corev1.ContainerStatus{
		{State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1}}},
	}
	pending := user("app", "data")
	pending.Status.Phase = corev1.PodPending
	cases := map[string]struct {
		reason string
		pod    corev1.Pod
		claim  string
		want   bool
	}{
		"running":     {"it writes", user("app", "data"), "data", true},
		"pending":     {"it may start at any moment", pending, "data", true},
		"terminating": {"it still writes", terminating, "data", true},
		"failed":      {"its containers have ended", failedPod, "data", false},
		"lost":        {"its containers were not seen to end", lost, "data", true},
		"ephemeral":   {"the claim is named after Pod and volume", ephemeral, "web-0-scratch", true},
		"other":       {"another claim", user("app", "cache"), "data", false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := uses(&tc.pod, tc.claim); got != tc.want {
				t.Errorf("%s: got %v", tc.reason, got)
			}
		})
	}
}
