package cutover

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// TestFinalHolds: a Pod that has begun and ended between two readings may have written to a claim that
// was copied.
func TestFinalHolds(t *testing.T) {
	for name, c := range map[string]struct {
		reason      string
		before, now []types.UID
		want        bool
	}{
		"Same":     {"nothing has happened", []types.UID{"a"}, []types.UID{"a"}, true},
		"NewPod":   {"what it has written is not in the copy", []types.UID{"a"}, []types.UID{"a", "b"}, false},
		"FirstPod": {"the same", nil, []types.UID{"b"}, false},
		"Removed":  {"one that had ended before was cleaned up", []types.UID{"a", "b"}, []types.UID{"b"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			o := begun(time.Unix(1_800_000_000, 0), func(o *Observed) {
				o.SourceEnded = c.before
				o.Record.Fence, o.Record.Final.Fence = o.fence(), o.fence()
				o.SourceEnded = c.now
			})
			if got := o.finalHolds(); got != c.want {
				t.Errorf("%s: got %t", c.reason, got)
			}
		})
	}
}

// TestEndedOn lists Pods that have used a claim.
func TestEndedOn(t *testing.T) {
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name, UID: types.UID(name)} }
	worker := claimed(meta("worker"), "data", corev1.PodSucceeded)
	worker.Labels = map[string]string{api.ManagedByLabel: api.ManagedByValue, api.PairLabel: "p"}
	o := owners{pods: []corev1.Pod{claimed(meta("done"), "data", corev1.PodSucceeded), claimed(meta("runs"), "data", corev1.PodRunning),
		claimed(meta("other"), "other", corev1.PodSucceeded), worker}}
	if diff := cmp.Diff([]types.UID{"done"}, o.endedOn([]string{"data"})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
