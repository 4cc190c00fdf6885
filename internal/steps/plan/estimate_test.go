package plan

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

func TestEstimate(t *testing.T) {
	volume := func(bytes, files int64) application.Volume {
		return application.Volume{Policy: api.ClaimCopy, Mobilizer: "restic", Usage: &application.Usage{Bytes: bytes, Files: files}}
	}
	unknown := application.Volume{Policy: api.ClaimCopy, Mobilizer: "restic"}
	cases := map[string]struct {
		reason       string
		volumes      []application.Volume
		verification api.Verification
		past         pastRun
		// want: the whole, and the downtime of it.
		want [2]int64
	}{
		"NoVolumes": {reason: "Without data there are the stop and the start.", want: [2]int64{20, 20}},
		"Skipped": {reason: "A claim that is not copied takes no time, however full it is.",
			volumes: []application.Volume{{Policy: api.ClaimSkip}}, want: [2]int64{20, 20}},
		"Bytes": {reason: "1.1 GB take 10 s at the usual rate; the workers start before the application stops.",
			volumes: []application.Volume{volume(1.1e9, 0)}, want: [2]int64{40, 30}},
		"Files": {reason: "100,000 small files take 40 s, whatever is in them.",
			volumes: []application.Volume{volume(0, 100_000)}, want: [2]int64{120, 60}},
		"Sum": {reason: "Volumes share the cores: their times are added.",
			volumes: []application.Volume{volume(1.1e9, 0), volume(1.1e9, 0)}, want: [2]int64{50, 40}},
		"Checksum": {reason: "To compare the contents everything is read once more.",
			volumes: []application.Volume{volume(1.1e9, 0)}, verification: api.VerificationChecksum, want: [2]int64{50, 40}},
		"Unknown": {reason: "With one volume that nobody has looked through there is no estimate.",
			volumes: []application.Volume{volume(1, 1), unknown}},
		"Measured": {reason: "A run of the same data has taken 20 s: so does the next.",
			volumes: []application.Volume{volume(11e9, 5)}, past: pastRun{11e9, 5, 20}, want: [2]int64{50, 40}},
		"Grown": {reason: "Half as much more takes half as long more.",
			volumes: []application.Volume{volume(15e8, 5)}, past: pastRun{1e9, 5, 20}, want: [2]int64{60, 50}},
		"Shrunk": {reason: "Less data is not quicker than what was measured, as a run has fixed costs.",
			volumes: []application.Volume{volume(1, 1)}, past: pastRun{1e9, 5, 20}, want: [2]int64{50, 40}},
		"ShortRun": {reason: "A run of a nearly empty volume says nothing of a full one.",
			volumes: []application.Volume{volume(1.1e9, 5)}, past: pastRun{10, 5, 20}, want: [2]int64{40, 30}},
		"LongRun": {reason: "A run that took its time has a rate.",
			volumes: []application.Volume{volume(4e9, 5)}, past: pastRun{1e9, 5, 100}, want: [2]int64{480, 420}},
		"RunOfNought": {reason: "A run of nothing has no rate, however long it took.",
			volumes: []application.Volume{volume(1.1e9, 0)}, past: pastRun{0, 0, 100}, want: [2]int64{40, 30}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var s api.PlanStatus
			estimate(&s, &application.Plan{Volumes: tc.volumes}, tc.verification, map[string]pastRun{"restic": tc.past})
			if diff := cmp.Diff(tc.want, [2]int64{s.EstimatedSeconds, s.EstimatedDowntimeSeconds}); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestCoarse(t *testing.T) {
	cases := map[float64]int64{0: 0, 1: 10, 60: 60, 61: 120, 600: 600, 601: 900, 3600: 3600, 3601: 4500}
	for seconds, want := range cases {
		if got := coarse(seconds); got != want {
			t.Errorf("%v s: want %d, got %d: the longer it takes, the coarser", seconds, want, got)
		}
	}
}

func TestMeasured(t *testing.T) {
	begin := metav1.NewTime(time.Unix(100, 0))
	end := metav1.NewTime(time.Unix(130, 0))
	cases := map[string]struct {
		reason string
		run    *api.SyncRun
		want   bool
	}{
		"None": {"There was no run yet.", nil, false},
		"Whole": {"A run that succeeded has copied what it says.",
			&api.SyncRun{Outcome: "Succeeded", StartedAt: &begin, FinishedAt: &end, Bytes: 7, Files: 2}, true},
		"Failed": {"A run that failed may have stopped anywhere.",
			&api.SyncRun{Outcome: "Failed", StartedAt: &begin, FinishedAt: &end, Bytes: 7}, false},
		"Running": {"A run that has not ended says nothing yet.", &api.SyncRun{Outcome: "Succeeded", StartedAt: &begin}, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, ok := measured(tc.run)
			if ok != tc.want || ok && got != (pastRun{7, 2, 30}) {
				t.Errorf("%s\ngot %v, %v", tc.reason, got, ok)
			}
		})
	}
}

// TestPastRuns: of the DataSyncs those of the pair count, each for its mobilizer.
func TestPastRuns(t *testing.T) {
	sync := func(name, pair, mobilizer, outcome string) *unstructured.Unstructured {
		o := object(t, `{apiVersion: kubemove.io/v1alpha1, kind: DataSync, metadata: {name: `+name+
			`, namespace: home}, spec: {pairRef: {name: `+pair+`}, mobilizer: `+mobilizer+`},
			status: {lastRun: {id: r, trigger: Final, outcome: `+outcome+
			`, startedAt: "2026-01-01T00:00:00Z", finishedAt: "2026-01-01T00:00:30Z", bytes: 7, files: 2}}}`)
		return &o.Object
	}
	resource := api.GroupVersion.WithResource("datasyncs")
	client := dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
		map[schema.GroupVersionResource]string{resource: "DataSyncList"},
		sync("a", "mine", "restic", "Succeeded"), sync("b", "mine", "stream", "Failed"), sync("c", "other", "stream", "Succeeded"))
	home := &cluster.Cluster{Side: cluster.SideHome, Namespace: "home", Dynamic: client}
	got := pastRuns(t.Context(), home, &task.Task{Move: &task.Move{Pair: task.Object{Name: "mine"}}})
	if diff := cmp.Diff(map[string]pastRun{"restic": {7, 2, 30}}, got, cmp.AllowUnexported(pastRun{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	client.PrependReactor("list", "datasyncs", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(resource.GroupResource(), "", nil)
	})
	if got := pastRuns(t.Context(), home, &task.Task{Move: &task.Move{}}); len(got) > 0 {
		t.Errorf("an estimate needs no right: what cannot be read was never measured, got %v", got)
	}
}
