package cutover

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/workload"
)

// maxOwners between a workload and the custom resource that it comes from.
const maxOwners = 4

// observeMade reads the workloads that controllers have made at the target of the custom
// resources that this switch has created there, and makes these as healthy as those are. To a roll
// back counts also what has the name of a workload that was made so at the source: another client may
// have replaced the custom resource, or taken it away.
func (s *switcher) observeMade(ctx context.Context, o *Observed) error {
	runs := map[types.UID]*Object{}
	for i := range o.Objects {
		if b := &o.Objects[i]; b.Runs && b.Mine {
			runs[b.UID] = b
		}
	}
	named := func(r application.Ref) bool {
		return s.rollback && slices.ContainsFunc(o.Workloads, func(w Workload) bool { return w.MadeBy != nil && w.Ref == r })
	}
	if len(runs) == 0 && !slices.ContainsFunc(o.Workloads, func(w Workload) bool { return named(w.Ref) }) {
		return nil
	}
	list, _, err := s.target.List(ctx, workload.Resources())
	if err != nil {
		return err
	}
	made := map[types.UID]int{}
	for i := range list {
		owner, err := s.ownerOf(ctx, &list[i], runs)
		if err != nil {
			return err
		}
		ref := application.RefOf(&list[i])
		if owner == nil && !named(ref) {
			continue
		}
		b := Object{Ref: ref, Phase: application.PhaseStart, Workload: true, UID: list[i].GetUID(), Exists: true, Mine: owner != nil, Open: true,
			Selector: selector(&list[i]), Stopped: stopped(&list[i]), Settled: workload.Settled(&list[i])}
		b.Ready, b.Message = workload.Ready(&list[i])
		o.Made = append(o.Made, b)
		if owner == nil {
			continue
		}
		made[owner.UID]++
		switch ran := slices.ContainsFunc(o.Workloads, func(w Workload) bool { return w.Ref == b.Ref && w.MadeBy != nil && w.Replicas > 0 }); {
		case !owner.Ready:
		case b.Stopped && ran:
			owner.Ready, owner.Message = false, b.Ref.String()+": asks for no Pods, and it did at the source"
		case !b.Stopped && !b.Ready:
			owner.Ready, owner.Message = false, b.Ref.String()+": "+b.Message
		}
	}
	for uid, b := range runs {
		if b.Ready && made[uid] == 0 {
			b.Ready, b.Message = false, "its controller has made nothing of it yet"
		}
	}
	return nil
}

// ownerOf finds the custom resource of the plan that a workload comes from; nil: none.
func (s *switcher) ownerOf(ctx context.Context, u *unstructured.Unstructured, runs map[types.UID]*Object) (*Object, error) {
	if len(runs) == 0 {
		return nil, nil
	}
	for range maxOwners {
		owner := metav1.GetControllerOf(u)
		if owner == nil {
			return nil, nil
		}
		if b := runs[owner.UID]; b != nil {
			return b, nil
		}
		up, err := s.target.Get(ctx, schema.FromAPIVersionAndKind(owner.APIVersion, owner.Kind), owner.Name)
		switch cluster.KindOf(err) {
		case "":
		case cluster.NotFound, cluster.Forbidden:
			return nil, nil // It is nothing that this switch has created.
		default:
			return nil, err
		}
		if up == nil || up.GetUID() != owner.UID {
			return nil, nil
		}
		u = up
	}
	return nil, nil
}

// release takes the finalizers from a custom resource that this switch has created, and is
// about to delete: its controller is stopped, and would otherwise clean up what may be the
// source's as well, such as a bucket outside of both clusters.
func (s *switcher) release(ctx context.Context, got *unstructured.Unstructured) error {
	if len(got.GetFinalizers()) == 0 {
		return nil
	}
	out := got.DeepCopy()
	out.SetFinalizers(nil)
	if _, err := s.target.Update(ctx, out); err != nil {
		return fmt.Errorf("cannot take the finalizers from %s/%s at the target: %w", got.GetKind(), got.GetName(), err)
	}
	return nil
}
