package cutover

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

// act carries one action out.
func (s *switcher) act(ctx context.Context, a Action, o *Observed) error {
	switch a.Kind {
	case Wait:
		sleep(ctx, pause)
		return ctx.Err()
	case Lock:
		return s.lock(ctx)
	case Unlock:
		return s.unlock(ctx)
	case Pin:
		return s.pin(ctx)
	case CreateClaims, CreateObjects, StartWorkloads:
		return s.create(ctx, a.Kind, o)
	case OpenWorkers:
		return s.openWorkers(ctx, o)
	case CloseWorkers:
		return s.closeWorkers(ctx)
	case FinalSync:
		return s.finalSync(ctx, o)
	case RecordQuiesce, RecordStart, RecordOpen:
		return s.recordTime(ctx, a.Kind)
	case Quiesce:
		return s.change(ctx, a.Workload.Ref, quiesceStep)
	case Restore:
		return s.change(ctx, a.Workload.Ref, restored)
	case Mark, Unmark:
		return s.mark(ctx, a.Kind == Mark, o)
	case Commit:
		return s.commit(ctx)
	case Open:
		return s.open(ctx)
	case StopTarget:
		return s.stopTarget(ctx, o)
	case RemoveWorkers:
		return s.removeWorkers(ctx)
	case DeleteObjects:
		return s.deleteObjects(ctx, o)
	case Forget:
		return s.forget(ctx)
	}
	return &permanent{fmt.Errorf("unknown action %s", a.Kind)}
}

// changeFunc computes the next state of a workload; nil: nothing is to be done.
type changeFunc func(u *unstructured.Unstructured, self string) (*unstructured.Unstructured, error)

// change updates one workload of the source: read, compute, write with the resourceVersion
// that was read.
func (s *switcher) change(ctx context.Context, r application.Ref, compute changeFunc) error {
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		u, err := getWorkload(ctx, s.source, r)
		if err != nil || u == nil {
			return err
		}
		next, err := compute(u, s.self)
		if err != nil {
			return &permanent{err}
		}
		if next == nil {
			return nil
		}
		_, err = s.source.Dynamic.Resource(workloadResources[r.Kind]).Namespace(s.source.Namespace).
			Update(ctx, next, metav1.UpdateOptions{FieldManager: cluster.FieldManager})
		return err
	})
}

// mark sets or removes the active mark of the target's claims.
func (s *switcher) mark(ctx context.Context, set bool, o *Observed) error {
	for _, c := range o.Claims {
		if !c.Exists || set == (c.Mark == s.self) {
			continue
		}
		if c.Mark != "" && c.Mark != s.self {
			if !set {
				continue
			}
			return &permanent{fmt.Errorf("the claim %s at the target is active for another switch (UID %s)", c.Name, c.Mark)}
		}
		if err := s.markClaim(ctx, c.Name, set); err != nil {
			return err
		}
	}
	return nil
}

func (s *switcher) markClaim(ctx context.Context, name string, set bool) error {
	claims := s.target.Kube.CoreV1().PersistentVolumeClaims(s.target.Namespace)
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		pvc, err := claims.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("cannot read the claim %s at the target: %w", name, err)
		}
		if pvc.Annotations == nil {
			pvc.Annotations = map[string]string{}
		}
		if by := pvc.Annotations[api.ActiveAnnotation]; by != "" && by != s.self {
			return &permanent{fmt.Errorf("the claim %s at the target is active for another switch (UID %s)", name, by)}
		}
		if set {
			pvc.Annotations[api.ActiveAnnotation] = s.self
		} else {
			delete(pvc.Annotations, api.ActiveAnnotation)
		}
		_, err = claims.Update(ctx, pvc, metav1.UpdateOptions{FieldManager: cluster.FieldManager})
		return err
	})
}

// create makes the objects of one action that are missing. A name that somebody else has
// taken meanwhile is found by the next reading.
func (s *switcher) create(ctx context.Context, k Kind, o *Observed) error {
	for i, want := range s.plan.Objects {
		b := o.Objects[i]
		if b.Exists || !belongsTo(k, &b) {
			continue
		}
		u, err := startForm(want, s.self)
		if err != nil {
			return &permanent{err}
		}
		if want.Phase == application.PhaseVolume {
			setCreatedBy(u, s.task.Move.Pair.UID)
		}
		r, err := resource(s.target, want)
		if err != nil {
			return err
		}
		_, err = r.Create(ctx, u, metav1.CreateOptions{FieldManager: cluster.FieldManager})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return refused(fmt.Errorf("cannot create %s at the target: %w", want.Ref, err))
		}
		if want.Kind == definitionKind {
			if err := established(ctx, r, want.Name); err != nil {
				return err
			}
		}
	}
	return nil
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

// open gives every door its final form.
func (s *switcher) open(ctx context.Context) error {
	for _, want := range s.plan.Objects {
		u := openForm(want, s.self)
		if u == nil {
			continue
		}
		got, err := getObject(ctx, s.target, want)
		if err != nil {
			return err
		}
		client, err := resource(s.target, want)
		if err != nil {
			return err
		}
		switch {
		case got == nil && want.Phase == application.PhaseOpen:
			_, err = client.Create(ctx, u, metav1.CreateOptions{FieldManager: cluster.FieldManager})
		case got != nil && !isOpen(want, got):
			var patch []byte
			if patch, err = json.Marshal(map[string]any{"spec": u.Object["spec"]}); err == nil {
				_, err = client.Patch(ctx, want.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: cluster.FieldManager})
			}
		}
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("cannot open %s at the target: %w", want.Ref, err)
		}
	}
	return nil
}

// stopTarget lets every workload that this switch created ask for no Pods.
func (s *switcher) stopTarget(ctx context.Context, o *Observed) error {
	for _, b := range slices.Concat(o.Objects, o.Made) {
		if !b.Workload || !b.Mine || b.Stopped {
			continue
		}
		err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
			u, err := getWorkload(ctx, s.target, b.Ref)
			if err != nil || u == nil {
				return err
			}
			if err := setStopped(u); err != nil {
				return &permanent{err}
			}
			_, err = s.target.Dynamic.Resource(workloadResources[b.Kind]).Namespace(s.target.Namespace).
				Update(ctx, u, metav1.UpdateOptions{FieldManager: cluster.FieldManager})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// deleteObjects deletes what this switch created, in reverse order; never a claim, and never
// an object that was replaced meanwhile by another of the same name.
func (s *switcher) deleteObjects(ctx context.Context, o *Observed) error {
	objects := s.objects(o)
	for i := len(objects) - 1; i >= 0; i-- {
		want, b := objects[i], o.Objects[i]
		if !b.deletable() {
			continue
		}
		got, err := getObject(ctx, s.target, want)
		if err != nil {
			return err
		}
		if got == nil || got.GetAnnotations()[api.CreatedByAnnotation] != s.self {
			continue
		}
		if application.IsCustom(want.Ref) {
			if err := s.release(ctx, got); err != nil {
				return err
			}
		}
		r, err := resource(s.target, want)
		if err != nil {
			return err
		}
		uid, policy := got.GetUID(), metav1.DeletePropagationBackground
		err = r.Delete(ctx, want.Name,
			metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}, PropagationPolicy: &policy})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("cannot delete %s at the target: %w", want.Ref, err)
		}
	}
	return nil
}

// refused makes an error permanent when the API server understood the object and said no.
func refused(err error) error {
	if apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) {
		return &permanent{err}
	}
	return err
}

// sleep waits, or until the task is asked to stop.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
