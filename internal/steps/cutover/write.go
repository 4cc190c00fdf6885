package cutover

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

// inLevels does something with each item, in order, where neighbours that are the same form a
// level: those of one level are done at once, and the next level begins when all of them are. A
// failure ends it.
func inLevels[T any](ctx context.Context, list []T, same func(a, b T) bool, do func(T) error) error {
	for len(list) > 0 {
		n := 1
		for n < len(list) && same(list[0], list[n]) {
			n++
		}
		level := list[:n]
		if err := worst(cluster.Each(ctx, n, func(i int) error { return do(level[i]) })); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// sameLevel: neither of two objects of the plan needs the other one.
func sameLevel(a, b application.Object) bool {
	return a.Phase == b.Phase && a.Group == b.Group && a.Kind == b.Kind
}

// sameKind: neither of two workloads has to be stopped or started before the other. What a custom
// resource makes comes after the controller that makes it.
func sameKind(a, b Workload) bool {
	return a.Group == b.Group && a.Kind == b.Kind && (a.MadeBy == nil) == (b.MadeBy == nil)
}

// worst of the failures of a level: the first that trying again does not fix, else the first.
func worst(errs []error) error {
	if i := slices.IndexFunc(errs, isPermanent); i >= 0 {
		return errs[i]
	}
	return cluster.First(errs)
}

// create makes the objects of one action that are missing. A name that another client has
// taken meanwhile is found by the next reading.
func (s *switcher) create(ctx context.Context, k Kind, o *Observed) ([]Object, error) {
	var missing []application.Object
	for i, want := range s.plan.Objects {
		if b := o.Objects[i]; !b.Exists && !b.Kept && belongsTo(k, &b) {
			missing = append(missing, want)
		}
	}
	var mu sync.Mutex
	var made []Object
	err := inLevels(ctx, missing, sameLevel, func(want application.Object) error {
		uid, err := s.createOne(ctx, want)
		if uid != "" {
			mu.Lock()
			made = append(made, Object{Ref: want.Ref, UID: uid, Exists: true, Mine: true})
			mu.Unlock()
		}
		return err
	})
	return made, err
}

// createOne returns the UID of what it has made; empty: something of the name is there already.
func (s *switcher) createOne(ctx context.Context, want application.Object) (types.UID, error) {
	u, err := startForm(want, s.us)
	if err != nil {
		return "", &permanent{err}
	}
	r, err := s.target.Resource(kindOf(&want))
	if err != nil {
		return "", err
	}
	var uid types.UID
	// A quota that counts several objects at once may refuse some of them for a moment.
	err = retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		got, err := r.Create(ctx, u, metav1.CreateOptions{FieldManager: cluster.FieldManager})
		if err == nil {
			uid = got.GetUID()
		}
		return err
	})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return "", refused(s.target.Wrap("create "+want.Ref.String(), cluster.WithoutContent(u, err)))
	}
	if want.Kind == definitionKind {
		err = established(ctx, r, want.Name)
		return uid, err
	}
	return uid, nil
}

// belongsTo: the action creates the object.
func belongsTo(k Kind, b *Object) bool {
	switch k {
	case CreateClaims:
		return b.Phase == application.PhaseVolume
	case CreateObjects:
		return b.atStart() && !b.Workload
	case StartWorkloads:
		return b.atStart()
	}
	return false
}

// open gives every external endpoint its final form.
func (s *switcher) open(ctx context.Context) error {
	held := slices.DeleteFunc(slices.Clone(s.plan.Objects), func(want application.Object) bool { return !isHeldBack(&want) })
	found, err := s.atTarget(ctx, held)
	if err != nil {
		return err
	}
	return inLevels(ctx, held, sameLevel, func(want application.Object) error {
		err := s.openOne(ctx, want, found[keyOf(&want)])
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return refused(s.target.Wrap("open "+want.Ref.String(), err))
		}
		return nil
	})
}

func (s *switcher) openOne(ctx context.Context, want application.Object, got *unstructured.Unstructured) error {
	r, err := s.target.Resource(kindOf(&want))
	if err != nil {
		return err
	}
	u := openForm(want, s.us)
	switch {
	case want.Kept && (got == nil || isOpen(want, got)):
	case got == nil && want.Phase == application.PhaseOpen:
		_, err = r.Create(ctx, u, metav1.CreateOptions{FieldManager: cluster.FieldManager})
	case want.Kept:
		return s.changeKept(ctx, &want, is(got.GetUID()), opened)
	case got != nil && !isOpen(want, got):
		var patch []byte
		if patch, err = json.Marshal(map[string]any{"spec": u.Object["spec"]}); err == nil {
			_, err = r.Patch(ctx, want.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: cluster.FieldManager})
		}
	}
	return err
}

// stopTarget lets every workload that this switch created ask for no Pods.
func (s *switcher) stopTarget(ctx context.Context, o *Observed) error {
	running := slices.DeleteFunc(slices.Concat(o.Objects, o.Made), func(b Object) bool {
		return !b.Workload || !b.Mine || b.Stopped && !b.stopsAgain()
	})
	return worst(cluster.Each(ctx, len(running), func(i int) error { return s.stopOne(ctx, running[i]) }))
}

// stopOne stops the very workload that was observed. Where its claims would go with its Pods, that takes
// two changes: the copy in them is what a retry goes on from.
func (s *switcher) stopOne(ctx context.Context, b Object) error {
	for range 2 {
		done := false
		err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
			u, err := s.target.Workload(ctx, b.Ref)
			if done = err == nil && (u == nil || u.GetUID() != b.UID); done || err != nil {
				return err
			}
			if err := b.Ref.Workload().Stop(u); err != nil {
				return &permanent{err}
			}
			if done = stopped(u); done && b.Kept {
				s.us.GiveBack(u)
			}
			return s.target.Wrap("stop "+b.Ref.String(), s.target.SetWorkload(ctx, u))
		})
		if err != nil || done {
			return refused(err)
		}
	}
	return nil // The next reading says that it is not stopped.
}

// deleteObjects deletes what this switch created, in reverse order; never a claim, and never
// an object that was replaced meanwhile by another of the same name.
func (s *switcher) deleteObjects(ctx context.Context, o *Observed) error {
	var created []application.Object
	uids := map[application.Ref]types.UID{}
	for i, want := range s.objects(o) {
		if b := o.Objects[i]; b.deletable() {
			created = append(created, want)
			uids[b.Ref] = b.UID
		}
	}
	slices.Reverse(created)
	found, err := s.atTarget(ctx, created)
	if err != nil {
		return err
	}
	return inLevels(ctx, created, sameLevel, func(want application.Object) error {
		got := found[keyOf(&want)]
		if got == nil || got.GetUID() != uids[want.Ref] {
			return nil
		}
		if application.IsCustom(want.Ref) {
			if err := s.release(ctx, got); err != nil {
				return err
			}
		}
		return s.deleteOne(ctx, want, got.GetUID())
	})
}

func (s *switcher) deleteOne(ctx context.Context, want application.Object, uid types.UID) error {
	r, err := s.target.Resource(kindOf(&want))
	if err != nil {
		return err
	}
	policy := metav1.DeletePropagationBackground
	err = r.Delete(ctx, want.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}, PropagationPolicy: &policy})
	if err != nil && !apierrors.IsNotFound(err) {
		return refused(s.target.Wrap("delete "+want.Ref.String(), err))
	}
	return nil
}
