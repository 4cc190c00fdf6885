package cutover

import (
	"context"
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/workload"
)

// A way back finds at its target what an earlier switch of the lineage has left there: claims, which are filled again, and
// workloads, which start again with what their ledgers say. The ledger stays until the switch is committed, so that a roll
// back only has to stop them: until then they are the earlier switch's.

// Started is a kept object as the application starts with it: with the content that the plan gives it, and a workload asks for its
// Pods.
func Started(want *application.Object, u *unstructured.Unstructured, us lineage.Actor) (out *unstructured.Unstructured, err error) {
	out = u
	if want.Former != nil {
		if out, err = withContent(&want.Object, out); err != nil {
			return nil, err
		}
	}
	if !isWorkload(want.Ref) {
		return out, nil
	}
	return taken(want, out, us)
}

// taken is a kept workload as it starts: it asks for its Pods, unless it is scheduled, and says who has started it.
// What keeps its claims while it is at zero stays until the commit: a roll back brings it there again.
func taken(want *application.Object, u *unstructured.Unstructured, us lineage.Actor) (*unstructured.Unstructured, error) {
	k := want.Ref.Workload()
	values := k.Values(&want.Object)
	values.Retention = nil
	if k.Scheduled() {
		values = workload.Values{}
	}
	out := u.DeepCopy()
	if err := k.Restore(out, values); err != nil {
		return nil, err
	}
	us.Take(out)
	return out, nil
}

// opened is a kept workload that is scheduled, as it goes on when the target is open.
func opened(want *application.Object, u *unstructured.Unstructured, _ lineage.Actor) (*unstructured.Unstructured, error) {
	k := want.Ref.Workload()
	out := u.DeepCopy()
	return out, k.Restore(out, k.Values(&want.Object))
}

// settled is a kept object after the commit: nothing of a switch is on it any more. How many Pods it asks for may have been
// changed since by an autoscaler.
func settled(want *application.Object, u *unstructured.Unstructured, us lineage.Actor) (*unstructured.Unstructured, error) {
	out := u.DeepCopy()
	if us.Reapplied(u) {
		lineage.TakeBack(out)
	}
	if k := want.Ref.Workload(); k != nil && (us.Took(u) || us.Leaves(lineage.HeldBy(u))) {
		if err := k.Restore(out, workload.Values{Retention: k.Values(&want.Object).Retention}); err != nil {
			return nil, err
		}
		lineage.Release(out)
	}
	if reflect.DeepEqual(out.Object, u.Object) {
		return nil, nil
	}
	return out, nil
}

// keptForm computes the next state of a kept object; nil: nothing is to be done.
type keptForm func(want *application.Object, u *unstructured.Unstructured, us lineage.Actor) (*unstructured.Unstructured, error)

// kept is an object that an earlier switch has left at the target, as it is now; nil: it is gone.
func (s *switcher) kept(ctx context.Context, want *application.Object) (*unstructured.Unstructured, error) {
	if isWorkload(want.Ref) {
		return s.target.Workload(ctx, want.Ref)
	}
	return s.target.Get(ctx, kindOf(want), want.Name)
}

// setKept writes one, with the version that was read.
func (s *switcher) setKept(ctx context.Context, want *application.Object, u *unstructured.Unstructured) error {
	if isWorkload(want.Ref) {
		return s.target.Wrap("update "+want.Ref.String(), s.target.SetWorkload(ctx, u))
	}
	_, err := s.target.Update(ctx, u)
	return err
}

// changeKept updates an object if it still is the one that is meant. One that is gone, or another one, is left to the next
// reading.
func (s *switcher) changeKept(ctx context.Context, want *application.Object, meant func(types.UID) bool, compute keptForm) error {
	again := func(err error) bool { return cluster.KindOf(err) == cluster.Conflict }
	err := retry.OnError(retry.DefaultBackoff, again, func() error {
		u, err := s.kept(ctx, want)
		if err != nil || u == nil || !meant(u.GetUID()) {
			return err
		}
		next, err := compute(want, u, s.us)
		if err != nil {
			return &permanent{err}
		}
		if next == nil {
			return nil
		}
		return s.setKept(ctx, want, next)
	})
	return refused(err)
}

func is(uid types.UID) func(types.UID) bool {
	return func(there types.UID) bool { return there == uid }
}

// startKept lets the kept workloads start.
func (s *switcher) startKept(ctx context.Context, o *Observed) error {
	var list []application.Object
	uids := map[application.Ref]types.UID{}
	for i, want := range s.plan.Objects {
		if b := o.Objects[i]; b.startsAgain() {
			list, uids[want.Ref] = append(list, want), b.UID
		}
	}
	return inLevels(ctx, list, sameLevel, func(want application.Object) error {
		return s.changeKept(ctx, &want, is(uids[want.Ref]), taken)
	})
}

// settleKept takes from the kept objects what the switches of the lineage have written on them.
func (s *switcher) settleKept(ctx context.Context) error {
	var list []application.Object
	for _, want := range s.plan.Objects {
		if want.Kept && (isWorkload(want.Ref) || want.Former != nil) {
			list = append(list, want)
		}
	}
	return worst(cluster.Each(ctx, len(list), func(i int) error { return s.changeKept(ctx, &list[i], s.us.Left, settled) }))
}

// startsAgain: it is a kept workload that this switch has not started yet.
func (b *Object) startsAgain() bool {
	return b.Kept && b.Workload && b.Exists && b.Mine && !b.Took && !b.Zero
}

// stopsAgain: it is a kept workload that a roll back has to stop, or to give back to the switch that had stopped it.
func (b *Object) stopsAgain() bool {
	return b.Kept && b.Workload && b.Exists && b.Mine && (!b.Stopped || b.Took)
}

// gone names what an earlier switch had left and is not there any more.
func (o *Observed) gone(phase application.Phase) []string {
	var out []string
	for _, b := range o.Objects {
		if b.Kept && !b.Exists && b.Phase == phase {
			out = append(out, b.Ref.String())
		}
	}
	return out
}

// observeLeft finds the claims of the source that are marked as active for an earlier switch of the lineage.
func (s *switcher) observeLeft(ctx context.Context, o *Observed) error {
	if len(s.us.Earlier) == 0 || o.Record.CommittedAt == nil || s.plan == nil {
		return nil
	}
	keys := claimKeys(sourceNames(s.plan.Volumes))
	found, err := getMany(ctx, s.source, keys)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if u := found[k]; u != nil && s.us.Leaves(lineage.Active(u)) {
			o.Left = append(o.Left, Claim{Name: k.Name, Exists: true, UID: u.GetUID(), Mark: lineage.Active(u)})
		}
	}
	return nil
}

// passivate takes the marks of earlier switches from the claims that the application has left: a way forward again fills them.
func (s *switcher) passivate(ctx context.Context, o *Observed) error {
	return worst(cluster.Each(ctx, len(o.Left), func(i int) error {
		c := o.Left[i]
		return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
			pvc, err := s.source.Claim(ctx, c.Name)
			if err != nil {
				return fmt.Errorf("cannot read the claim %s at the source: %w", c.Name, err)
			}
			if pvc.UID != c.UID || !s.us.Leaves(lineage.Active(pvc)) {
				return nil
			}
			lineage.Passivate(pvc)
			return s.source.SetClaim(ctx, pvc)
		})
	}))
}
