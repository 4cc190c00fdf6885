package cutover

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

// recorded is a target with one claim and the record of the switch.
type recorded struct {
	target
	claim  *corev1.PersistentVolumeClaim
	record Record
	writes int
}

func (r *recorded) Name() string { return "target" }

func (r *recorded) Claim(_ context.Context, name string) (*corev1.PersistentVolumeClaim, error) {
	if r.claim == nil {
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "persistentvolumeclaims"}, name)
	}
	return r.claim, nil
}

func (r *recorded) ReadRecord(_ context.Context, _ string, out any) (string, error) {
	*out.(*Record) = r.record
	return "1", nil
}

func (r *recorded) WriteRecord(context.Context, cluster.Holder, string, any) (string, error) {
	r.writes++
	return "2", nil
}

// TestActOnClaims: what cannot be taken back is done on the claims as they are now. A process that was held up after its
// reading must not commit, or start the application, with a claim that another client has put in the place of the full one.
func TestActOnClaims(t *testing.T) {
	now := metav1.Now()
	claim := func(uid types.UID, active string, change ...func(*corev1.PersistentVolumeClaim)) *corev1.PersistentVolumeClaim {
		c := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data", UID: uid,
			Annotations: map[string]string{api.ActiveAnnotation: active}}}
		for _, f := range change {
			f(c)
		}
		return c
	}
	going := func(c *corev1.PersistentVolumeClaim) { c.DeletionTimestamp = &now }
	for name, tc := range map[string]struct {
		claim     *corev1.PersistentVolumeClaim
		committed *time.Time
		want      bool
	}{
		"Same":     {claim: claim("full", self), want: true},
		"Anew":     {claim: claim("empty", self)},
		"Unmarked": {claim: claim("full", "")},
		"Going":    {claim: claim("full", self, going)},
		"Deleted":  {},
		// The second half of a commit is made whatever has become of the claims.
		"Committed": {committed: new(now.Time), want: true},
	} {
		for _, kind := range []Kind{Commit, StartWorkloads} {
			if kind == StartWorkloads && tc.committed != nil {
				continue
			}
			t.Run(name+string(kind), func(t *testing.T) {
				there := &recorded{claim: tc.claim, record: Record{Switch: self, PlanHash: "h", Process: "p", CommittedAt: tc.committed}}
				s := &switcher{us: us, task: &task.Task{Move: &task.Move{Home: "home"}},
					process: "p", target: there, source: there, plan: &application.Plan{}}
				o := &Observed{Us: us, Record: there.record, Claims: []Claim{{Name: "data", Exists: true, UID: "full", Mark: self}}}
				err := s.act(t.Context(), Action{Kind: kind}, o)
				wrote := there.writes > 0 || kind == StartWorkloads
				if done := err == nil; done != tc.want || done && !wrote || !done && there.writes > 0 {
					t.Errorf("got %v and %d writes, want that it is done: %t", err, there.writes, tc.want)
				}
			})
		}
	}
}
