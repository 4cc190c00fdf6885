package application

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// TestTiming: how long the application takes to stop is assumed, and how long to start is read from its Pods.
func TestTiming(t *testing.T) {
	of := func(kind, fields, pod, container string) string {
		return `{apiVersion: apps/v1, kind: ` + kind + `, metadata: {name: web, namespace: src}, spec: {` + fields +
			`template: {metadata: {labels: {app: web}}, spec: {` + pod + `containers: [{name: c` + container + `}]}}}}`
	}
	// pod of a set, which was ready at second ready of its hour; its container runs since second began.
	pod := func(owner, conditions, status string) string {
		return "\n---\n" + `{apiVersion: v1, kind: Pod, metadata: {name: web-1, namespace: src,
			ownerReferences: [{apiVersion: apps/v1, ` + owner + `, controller: true}]}, spec: {containers: [{name: c}]},
			status: {startTime: "2026-01-01T10:00:00Z", conditions: [` + conditions + `], ` + status + `}}`
	}
	const (
		set     = "kind: StatefulSet, name: web"
		replica = "kind: ReplicaSet, name: web-5"
		ready   = `{type: Ready, status: "True", lastTransitionTime: "2026-01-01T10:00:49Z"}`
		setup   = `{type: PodReadyToStartContainers, status: "True", lastTransitionTime: "2026-01-01T10:00:03Z"}`
		running = `containerStatuses: [{name: c, state: {running: {startedAt: "2026-01-01T10:00:42Z"}}}]`
		waiting = `containerStatuses: [{name: c, state: {waiting: {}}}]`
		inits   = `initContainerStatuses: [{name: i, state: {terminated: {startedAt: "2026-01-01T10:00:20Z",
			finishedAt: "2026-01-01T10:00:31Z"}}}, {name: side, state: {running: {startedAt: "2026-01-01T10:00:31Z"}}}], `
	)
	rs := "\n---\n" + `{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web-5, namespace: src,
		ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, controller: true}]}, spec: {replicas: 1}}`
	cases := map[string]struct {
		reason  string
		objects string
		change  func(*Input)
		want    Timing
	}{
		"NoPod": {"of what there is no Pod something usual is assumed", of("Deployment", "", "", ""), nil, Timing{2, 5}},
		"Pod": {"7 s of its program and 3 s until it began, but not the pulling of the image between the two",
			of("StatefulSet", "", "", "") + pod(set, ready+", "+setup, running), nil, Timing{2, 10}},
		"OfReplicaSet": {"a Pod belongs to what has made its owner",
			of("Deployment", "", "", "") + rs + pod(replica, ready+", "+setup, running), nil, Timing{2, 10}},
		"OfAnother": {"the Pods of others do not count", of("Deployment", "", "", "") + pod(set, ready, running), nil, Timing{2, 5}},
		"NoSetup": {"an older kubelet does not say when it had the volumes",
			of("StatefulSet", "", "", "") + pod(set, ready, running), nil, Timing{2, 8}},
		"Init": {"init containers run at the target, too; a sidecar goes on",
			of("StatefulSet", "", "", "") + pod(set, ready+", "+setup, inits+running), nil, Timing{2, 21}},
		"NotReady": {"a Pod that is not ready says nothing", of("StatefulSet", "", "", "") + pod(set, setup, running), nil, Timing{2, 5}},
		"Waits":    {"nor does one that does not run", of("StatefulSet", "", "", "") + pod(set, ready, waiting), nil, Timing{2, 5}},
		"Flapped": {"a Pod that was not ready for a moment, hours after its start, says nothing of its start",
			of("StatefulSet", "", "", "") + pod(set, `{type: Ready, status: "True", lastTransitionTime: "2026-01-01T12:00:00Z"}`, running),
			nil, Timing{2, 5}},
		"Ordered": {"one Pod after the other", of("StatefulSet", "replicas: 3, ", "", "") + pod(set, ready+", "+setup, running), nil,
			Timing{6, 30}},
		"Parallel": {"all Pods at once",
			of("StatefulSet", "replicas: 3, podManagementPolicy: Parallel, ", "", "") + pod(set, ready+", "+setup, running), nil, Timing{2, 10}},
		"MinReady": {"its controller waits", of("Deployment", "minReadySeconds: 20, ", "", ""), nil, Timing{2, 25}},
		"Zero":     {"nothing runs", of("Deployment", "replicas: 0, ", "", ""), nil, Timing{}},
		"ZeroThere": {"it is stopped, and not started",
			of("Deployment", "", "", ""), kustomized(t, "replicas: [{name: web, count: 0}]"), Timing{2, 0}},
		"Data": {"nothing is started", of("Deployment", "", "", ""),
			func(in *Input) { in.Application.Contents = api.ContentsData }, Timing{2, 0}},
		"Sleeps": {"it is told how long that takes", of("Deployment", "", "", ", lifecycle: {preStop: {sleep: {seconds: 10}}}"), nil,
			Timing{12, 5}},
		"Killed": {"it does not get more time", of("Deployment", "", "terminationGracePeriodSeconds: 4, ",
			", lifecycle: {preStop: {sleep: {seconds: 10}}}"), nil, Timing{4, 5}},
		"AtOnce": {"even that takes a moment", of("Deployment", "", "terminationGracePeriodSeconds: 0, ", ""), nil, Timing{1, 5}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, tc.objects, tc.change))
			if diff := cmp.Diff(tc.want, p.Timing); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
			hash := p.Hash()
			if p.Timing = (Timing{StartSeconds: 99}); p.Hash() != hash {
				t.Error("what it takes is no part of the hash: it differs from plan to plan")
			}
		})
	}
}
