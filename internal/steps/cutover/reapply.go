package cutover

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/lineage"
)

// A way back with objects: Reapply changes kept objects, before any of them starts, as they were changed where the application
// leaves. What each was before is in the pinned plan, and a mark in the same update says that it was changed: so a roll back, also
// one of another process, puts back what was changed, and nothing else.

// withContent is a kept object with another content. A workload goes on asking for as many Pods as before.
func withContent(content, u *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	out := application.WithContent(u, content)
	if k := application.RefOf(u).Workload(); k != nil {
		return out, k.Restore(out, k.Values(u))
	}
	return out, nil
}

// reapplied is a kept object that this switch has changed; nil: it was.
func reapplied(want *application.Object, u *unstructured.Unstructured, us lineage.Actor) (*unstructured.Unstructured, error) {
	if us.Reapplied(u) {
		return nil, nil
	}
	if !application.SameContent(u, &want.Former.Object) {
		return nil, fmt.Errorf("%s at the target was changed by another client since the plan was made, and would be overwritten: "+
			"read the new plan, approve it, then set spec.retry", want.Ref)
	}
	out, err := withContent(&want.Object, u)
	if err != nil {
		return nil, err
	}
	us.Reapply(out)
	return out, nil
}

// putBack is a kept object as it was before this switch has changed it; nil: it is.
func putBack(want *application.Object, u *unstructured.Unstructured, us lineage.Actor) (*unstructured.Unstructured, error) {
	if !us.Reapplied(u) {
		return nil, nil
	}
	out, err := withContent(&want.Former.Object, u)
	if err != nil {
		return nil, err
	}
	lineage.TakeBack(out)
	return out, nil
}

// changeAll computes the next state of the kept objects that the plan changes and that are due. Workloads come last.
func (s *switcher) changeAll(ctx context.Context, o *Observed, due func(*Object) bool, compute keptForm) error {
	var list []application.Object
	uids := map[application.Ref]types.UID{}
	for i, want := range s.plan.Objects {
		if b := o.Objects[i]; b.Changes && b.Exists && b.Mine && due(&b) {
			list, uids[want.Ref] = append(list, want), b.UID
		}
	}
	return inLevels(ctx, list, sameLevel, func(want application.Object) error {
		return s.changeKept(ctx, &want, is(uids[want.Ref]), compute)
	})
}

func (s *switcher) reapply(ctx context.Context, o *Observed) error {
	return s.changeAll(ctx, o, func(b *Object) bool { return !b.Reapplied }, reapplied)
}

func (s *switcher) putBack(ctx context.Context, o *Observed) error {
	return s.changeAll(ctx, o, func(b *Object) bool { return b.Reapplied }, putBack)
}

// toReapply: the plan changes something that this switch has not changed yet.
func (o *Observed) toReapply() bool {
	return slices.ContainsFunc(o.Objects, func(b Object) bool { return b.Changes && b.Exists && !b.Reapplied })
}

// toPutBack: this switch has changed something, and the plan says what it was before.
func (o *Observed) toPutBack() bool {
	return slices.ContainsFunc(o.Objects, func(b Object) bool { return b.Changes && b.Exists && b.Mine && b.Reapplied })
}
