package cutover

import (
	"context"
	"errors"
	"log/slog"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilwait "k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/retry"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
)

// handOver makes those the field managers of the objects at the target that are it at the source, so
// that the next release is applied there as it would have been here. It comes when the target is open,
// as it takes a request for each object.
func (s *switcher) handOver(ctx context.Context, o *Observed) error {
	if err := s.settleKept(ctx); err != nil {
		return err
	}
	if err := s.handOverAll(ctx); err != nil {
		return err
	}
	return s.recordTime(ctx, HandOver, o)
}

func (s *switcher) handOverAll(ctx context.Context) error {
	keys := make([]cluster.Key, len(s.plan.Objects))
	for i := range s.plan.Objects {
		keys[i] = keyOf(&s.plan.Objects[i])
	}
	found, err := s.target.GetMany(ctx, keys, nil) // Whole, to be written back.
	if err != nil {
		return err
	}
	return worst(cluster.Each(ctx, len(keys), func(i int) error {
		want := s.plan.Objects[i]
		err := s.handOverOne(ctx, want, found.Objects[keys[i]])
		if err == nil || unanswered(err) {
			return err
		}
		// The server has said no, as to an account that may create objects of the whole cluster and not
		// update them, or for a webhook that is down. The application runs: that is worth no failure.
		slog.Warn("KubeMove remains a field manager: a server-side apply needs --force-conflicts once",
			"object", want.Ref.String(), "error", err.Error())
		return nil
	}))
}

// unanswered: the API server has said nothing, so the next try may go through.
func unanswered(err error) bool {
	var status apierrors.APIStatus
	kind := cluster.KindOf(err)
	return kind == cluster.Interrupted || kind == cluster.Unreachable && !errors.As(err, &status)
}

// handOverTries of an object that others write, or of a server that is busy.
var handOverTries = utilwait.Backoff{Steps: 8, Duration: 20 * time.Millisecond, Factor: 2, Jitter: 0.5}

// handOverOne writes an object of this move back with other managers; when it has changed meanwhile it
// is read again.
func (s *switcher) handOverOne(ctx context.Context, want application.Object, u *unstructured.Unstructured) error {
	passes := func(err error) bool {
		kind := cluster.KindOf(err)
		return kind == cluster.Conflict || kind == cluster.Unreachable
	}
	return retry.OnError(handOverTries, passes, func() error {
		for again := true; again && u != nil && readTarget(want, u, s.us).Mine; {
			var next *unstructured.Unstructured
			var err error
			if next, again, err = handedOver(want, u); err != nil || next == nil {
				return err
			}
			if u, err = s.target.Update(ctx, next); err != nil {
				var gone error
				if u, gone = s.target.Get(ctx, kindOf(&want), want.Name); gone != nil {
					return gone
				}
				return err
			}
		}
		return nil
	})
}

// handedOver is an object as its managers at the source would have made it; nil: nothing is to be
// done. An object without the note of kubectl apply gets that first: what is written is KubeMove's
// until the next update, which must come again.
func handedOver(want application.Object, u *unstructured.Unstructured) (next *unstructured.Unstructured, again bool, err error) {
	next = u.DeepCopy()
	managers, changed, err := application.HandOver(u.GetManagedFields(), want.Origin, cluster.FieldManager)
	if err != nil || !changed {
		return nil, false, err // It was handed over, and may have been applied since.
	}
	if want.AddLastApplied(next) {
		return next, true, nil
	}
	if len(managers) == 0 {
		// A list of one empty entry empties the list; an empty list changes nothing
		// (https://kubernetes.io/docs/reference/using-api/server-side-apply/#clearing-managedfields).
		return next, false, unstructured.SetNestedSlice(next.Object, []any{map[string]any{}}, "metadata", "managedFields")
	}
	next.SetManagedFields(managers)
	return next, false, nil
}

// handBack does the same for a workload of the source that has been restored. It is of no consequence
// for the application, so what it cannot do ends no roll back.
func (s *switcher) handBack(ctx context.Context, r application.Ref) {
	if s.pinned == nil {
		return
	}
	for _, want := range s.pinned.Objects {
		if want.SourceRef() != r {
			continue
		}
		err := s.change(ctx, r, nil, func(u *unstructured.Unstructured, _ lineage.Actor, _ *lineage.Ledger) (*unstructured.Unstructured, error) {
			return handedBack(want, u)
		})
		if err != nil {
			slog.Warn("KubeMove remains a field manager at the source", "object", r.String(), "error", err.Error())
		}
	}
}

// handedBack is a restored workload with the managers that it had; nil: nothing is to be done.
func handedBack(want application.Object, u *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	managers, changed, err := application.HandOver(u.GetManagedFields(), want.Origin, cluster.FieldManager)
	if err != nil || !changed || len(managers) == 0 {
		return nil, err
	}
	next := u.DeepCopy()
	next.SetManagedFields(managers)
	return next, nil
}
