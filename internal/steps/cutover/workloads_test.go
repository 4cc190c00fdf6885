package cutover

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/workload"
)

func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	return u
}

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, uid: u1, generation: 4}
spec: {replicas: 3}
status: {observedGeneration: 4, replicas: 3}
`

const eraser = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 2
  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete, whenDeleted: Retain}
`

const cron = `
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec: {schedule: "0 3 * * *"}
`

// TestQuiesceAndRestore stops a workload step by step, as a task would that is killed between
// any two of them, and gives it back what it had.
func TestQuiesceAndRestore(t *testing.T) {
	for name, c := range map[string]struct {
		reason string
		object string
		steps  int
	}{
		"a Deployment":            {"one update stops it", deployment, 1},
		"a CronJob":               {"it is suspended", cron, 1},
		"claims would be deleted": {"the retention policy comes first, in an update of its own", eraser, 2},
	} {
		t.Run(name, func(t *testing.T) {
			was := object(t, c.object)
			u, steps := was, 0
			for !stopped(u) {
				next, err := quiesceStep(u, us, nil)
				if err != nil {
					t.Fatal(err)
				}
				if stopped(next) && !workload.KeepsClaims(u) {
					t.Fatalf("%s: it is stopped before its claims are safe", c.reason)
				}
				if next.GetAnnotations()[api.HeldByAnnotation] != self {
					t.Error("it is not held")
				}
				u, steps = next, steps+1
			}
			if steps != c.steps {
				t.Errorf("%s: %d steps, want %d", c.reason, steps, c.steps)
			}
			back, err := restored(u, us, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(spec(was), spec(back)); diff != "" {
				t.Errorf("restored (-was +is):\n%s", diff)
			}
			if len(back.GetAnnotations()) != 0 {
				t.Errorf("annotations are left: %v", back.GetAnnotations())
			}
			if again, err := restored(back, us, nil); again != nil || err != nil {
				t.Errorf("a second restore changes something: %v, %v", again, err)
			}
		})
	}
}

// spec with its defaults spelled out.
func spec(u *unstructured.Unstructured) map[string]any {
	m, _, _ := unstructured.NestedMap(u.Object, "spec")
	if u.GetKind() == "CronJob" && m["suspend"] == nil {
		m["suspend"] = false
	}
	return m
}

// TestForeignLedger: what another switch has stopped is not touched.
func TestForeignLedger(t *testing.T) {
	u := object(t, deployment)
	u.SetAnnotations(map[string]string{api.LedgerAnnotation: lineage.Ledger{Switch: "other"}.Encode()})
	if _, err := quiesceStep(u, us, nil); err == nil {
		t.Error("a workload with the ledger of another switch is stopped")
	}
	if back, err := restored(u, us, nil); back != nil || err != nil {
		t.Errorf("a workload with the ledger of another switch is restored: %v, %v", back, err)
	}
}

// TestLedgerIsWrittenOnce: the ledger describes the state before the first change, whatever
// another client did meanwhile.
func TestLedgerIsWrittenOnce(t *testing.T) {
	u, err := quiesceStep(object(t, deployment), us, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := unstructured.SetNestedField(u.Object, int64(1), "spec", "replicas"); err != nil {
		t.Fatal(err)
	}
	if u, err = quiesceStep(u, us, nil); err != nil {
		t.Fatal(err)
	}
	l, err := lineage.LedgerOf(u)
	if err != nil {
		t.Fatal(err)
	}
	if l.Replicas == nil || *l.Replicas != 3 {
		t.Errorf("the ledger says %v replicas, want 3", l.Replicas)
	}
}

func TestSettled(t *testing.T) {
	for name, c := range map[string]struct {
		reason   string
		seen, n  int64
		expected bool
	}{
		"seen and empty": {"nothing runs, nothing will", 4, 0, true},
		"not seen yet":   {"the controller may still make a Pod", 3, 0, false},
		"still running":  {"a Pod is there", 4, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			u := object(t, deployment)
			_ = unstructured.SetNestedField(u.Object, c.seen, "status", "observedGeneration")
			_ = unstructured.SetNestedField(u.Object, c.n, "status", "replicas")
			if got := workload.Settled(u); got != c.expected {
				t.Errorf("%s: got %v", c.reason, got)
			}
		})
	}
}

// TestLedgerIsNotWrittenOfTheStoppedState: a ledger that another client has removed is written again
// with what the workload was, not with the zero that the switch has given it; and without one a roll
// back uses what is recorded.
func TestLedgerIsNotWrittenOfTheStoppedState(t *testing.T) {
	on := false
	for name, c := range map[string]struct {
		reason string
		object string
		former lineage.Ledger
		want   string
	}{
		"Deployment": {"it had three replicas", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 0}}",
			*ledger(3), `{"switch":"switch-uid","replicas":3}`},
		"CronJob": {"it was not suspended", "{apiVersion: batch/v1, kind: CronJob, metadata: {name: nightly}, spec: {suspend: true}}",
			lineage.Ledger{Switch: self, Values: workload.Values{Suspend: &on}}, `{"switch":"switch-uid","suspend":false}`},
		"Rescaled": {"another client wants five by now", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 5}}",
			*ledger(3), `{"switch":"switch-uid","replicas":5}`},
	} {
		t.Run(name, func(t *testing.T) {
			u := object(t, c.object)
			next, err := quiesceStep(u, us, &c.former)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, next.GetAnnotations()[api.LedgerAnnotation]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.reason, diff)
			}
			back, err := restored(u, us, &c.former)
			if err != nil || stopped(u) && (back == nil || stopped(back)) || !stopped(u) && back != nil {
				t.Errorf("%s: restored to %v, error %v", c.reason, back, err)
			}
		})
	}
}
