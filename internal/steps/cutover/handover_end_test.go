package cutover

import (
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

// TestNextHandsOver: the objects are handed over when the target is open, and nothing but the plan is
// needed for that.
func TestNextHandsOver(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for name, tc := range map[string]struct {
		reason string
		change func(*Observed)
		want   Kind
	}{
		"Opened":     {"it is no part of the downtime", func(*Observed) {}, HandOver},
		"HandedOver": {"once is enough", func(o *Observed) { o.Record.HandedOverAt = &now }, Unlock},
		"PlanLost":   {"without the plan it is not known whose they were", func(o *Observed) { o.Pinned = false }, Unlock},
		"NotOpen":    {"first the traffic", func(o *Observed) { o.Record.OpenedAt = nil }, RecordOpen},
	} {
		o := Observed{Now: now, Us: us, SourceLock: LockMine, TargetLock: LockMine, HasRecord: true, Pinned: true, CommittedBoth: true,
			Record: Record{CommittedAt: &now, OpenedAt: &now}}
		tc.change(&o)
		if a := Next(o); a.Kind != tc.want {
			t.Errorf("%s: %s: got %s, want %s", name, tc.reason, a.Kind, tc.want)
		}
	}
}

// TestHandOverEnds: an object that cannot be handed over holds up no switch that is complete, and a
// server that does not answer is asked again.
func TestHandOverEnds(t *testing.T) {
	maps := corev1.SchemeGroupVersion.WithResource("configmaps")
	before := handOverTries
	t.Cleanup(func() { handOverTries = before })
	handOverTries.Duration = time.Microsecond
	refused := apierrors.NewForbidden(maps.GroupResource(), "state", errors.New("no"))
	cases := map[string]struct {
		reason string
		// errs of the first updates.
		errs    []error
		foreign bool
		managed bool // by KubeMove, in the end
		done    bool
	}{
		"Fine": {reason: "the usual", done: true},
		"Conflict": {reason: "another client was faster",
			errs: []error{apierrors.NewConflict(maps.GroupResource(), "state", errors.New("changed"))}, done: true},
		"Busy": {reason: "a server can be busy",
			errs: []error{apierrors.NewTooManyRequests("later", 1), apierrors.NewInternalError(errors.New("webhook"))}, done: true},
		"Forbidden": {reason: "an account may create and not update", errs: []error{refused, refused}, managed: true, done: true},
		"WebhookDown": {reason: "a webhook that stays down is not waited for",
			errs: slices.Repeat([]error{apierrors.NewInternalError(errors.New("webhook"))}, 20), managed: true, done: true},
		"Unanswered": {reason: "without an answer nothing is known",
			errs: slices.Repeat([]error{&net.OpError{Op: "dial", Err: errors.New("down")}}, 20), managed: true},
		"Foreign": {reason: "what another client has put there is not touched", foreign: true, managed: true, done: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newReadingWorld(t)
			u := stateMap("1")
			if !tc.foreign {
				us.Sign(u, false)
			}
			u.SetResourceVersion("1")
			u.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: cluster.FieldManager, Operation: metav1.ManagedFieldsOperationUpdate,
				APIVersion: "v1", FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(`{"f:data":{"f:counter":{}}}`)}})
			objects := dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
				map[schema.GroupVersionResource]string{maps: "ConfigMapList"}, u)
			errs := slices.Clone(tc.errs)
			objects.PrependReactor("update", "configmaps", func(clienttesting.Action) (bool, runtime.Object, error) {
				if len(errs) == 0 {
					return false, nil, nil
				}
				err := errs[0]
				errs = errs[1:]
				return true, nil, err
			})
			clusterOf(w.target).Dynamic, clusterOf(w.target).Mapper = objects, clusterOf(w.source).Mapper
			w.plan.Objects[0].Origin = &application.Origin{Managers: []metav1.ManagedFieldsEntry{{Manager: "pipeline",
				Operation: metav1.ManagedFieldsOperationApply, APIVersion: "v1", FieldsType: "FieldsV1",
				FieldsV1: metav1.NewFieldsV1(`{"f:data":{"f:counter":{}}}`)}}}
			w.task.Move.Pair.UID = "pair"
			err := w.handOver(t.Context(), &Observed{})
			if (err == nil) != tc.done {
				t.Errorf("%s: got the error %v", tc.reason, err)
			}
			var r Record
			if _, err := w.target.ReadRecord(t.Context(), self, &r); err != nil || (r.HandedOverAt != nil) != tc.done {
				t.Errorf("%s: on record %v, want %v: %v", tc.reason, r.HandedOverAt, tc.done, err)
			}
			got, err := objects.Resource(maps).Namespace("shop").Get(t.Context(), "state", metav1.GetOptions{})
			if err != nil || (got.GetManagedFields()[0].Manager == cluster.FieldManager) != tc.managed {
				t.Errorf("%s: the managers are %v: %v", tc.reason, got.GetManagedFields(), err)
			}
		})
	}
}
