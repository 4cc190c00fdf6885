package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubemove/kubemove/hooks"
)

// Loop applies what hooks desire, one parent at a time.
type Loop struct {
	Cluster Cluster
	Hooks   Hooks
	// Memory of what was applied. Default: Annotation.
	Memory Memory

	// rules by the UID of the parent.
	rules map[types.UID]answered
}

func (l *Loop) memory() Memory {
	if l.Memory == nil {
		return Annotation{}
	}
	return l.Memory
}

// Sync calls the hook of one parent, and applies what it answers. resync is when it wants to be called
// again; 0: when something changes.
func (l *Loop) Sync(ctx context.Context, c Controller, view View, namespace, name string) (resync time.Duration, err error) {
	parent := view.Get(c.Parent, namespace, name)
	if parent == nil {
		return 0, nil
	}
	if parent, err = l.withFinalizer(ctx, c, parent); err != nil || parent == nil {
		return 0, err
	}
	request, err := l.Request(ctx, c, view, parent)
	if err != nil {
		return 0, err
	}
	hook := "sync"
	if parent.GetDeletionTimestamp() != nil {
		hook = "finalize"
	}
	body, err := l.Hooks.Call(ctx, c.Path+"/"+hook, request)
	if err != nil {
		return 0, fmt.Errorf("%s of %s %s/%s: %w", hook, c.Parent.Kind, namespace, name, err)
	}
	r, err := decodeReply(body)
	if err != nil {
		return 0, fmt.Errorf("%s of %s %s/%s: %w", hook, c.Parent.Kind, namespace, name, err)
	}
	return r.resync, l.apply(ctx, c, view, parent, r)
}

// apply a reply: Metacontroller goes on with the rest when a child fails.
func (l *Loop) apply(ctx context.Context, c Controller, view View, parent *unstructured.Unstructured, r *reply) error {
	if r.finalized {
		if err := l.withoutFinalizer(ctx, c, parent); err != nil {
			return err
		}
	}
	desired, err := check(c, parent, r.children)
	if err != nil {
		return err
	}
	return errors.Join(l.manage(ctx, c, view, parent, desired), l.setStatus(ctx, c, parent, r.status))
}

// withFinalizer is the parent with the controller's finalizer; nil: it is gone.
func (l *Loop) withFinalizer(ctx context.Context, c Controller, parent *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if slices.Contains(parent.GetFinalizers(), c.Finalizer()) || parent.GetDeletionTimestamp() != nil {
		return parent, nil
	}
	return l.change(ctx, c.Parent, parent, func(o *unstructured.Unstructured) bool {
		if slices.Contains(o.GetFinalizers(), c.Finalizer()) || o.GetDeletionTimestamp() != nil {
			return false
		}
		o.SetFinalizers(append(o.GetFinalizers(), c.Finalizer()))
		return true
	})
}

func (l *Loop) withoutFinalizer(ctx context.Context, c Controller, parent *unstructured.Unstructured) error {
	_, err := l.change(ctx, c.Parent, parent, func(o *unstructured.Unstructured) bool {
		if !slices.Contains(o.GetFinalizers(), c.Finalizer()) {
			return false
		}
		o.SetFinalizers(slices.DeleteFunc(o.GetFinalizers(), func(f string) bool { return f == c.Finalizer() }))
		return true
	})
	return err
}

// change a parent as it is now, and read it again; nil: it is gone, or another one of its name is there.
func (l *Loop) change(ctx context.Context, k hooks.Kind, parent *unstructured.Unstructured,
	change func(*unstructured.Unstructured) bool) (*unstructured.Unstructured, error) {
	live, err := l.live(ctx, k, parent)
	if err != nil || live == nil {
		return nil, err
	}
	if next := live.DeepCopy(); change(next) {
		if err := l.Cluster.Update(ctx, next); err != nil {
			return nil, err
		}
		return l.live(ctx, k, parent)
	}
	return live, nil
}

func (l *Loop) live(ctx context.Context, k hooks.Kind, parent *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	live, err := l.Cluster.Live(ctx, k, parent.GetNamespace(), parent.GetName())
	if err != nil || live == nil || live.GetUID() != parent.GetUID() {
		return nil, err
	}
	return live, nil
}

// manage deletes the children that are not desired, and creates and updates the others.
func (l *Loop) manage(ctx context.Context, c Controller, view View, parent *unstructured.Unstructured,
	desired []*unstructured.Unstructured) error {
	observed := map[id]*unstructured.Unstructured{}
	wanted := map[id]bool{}
	for _, o := range desired {
		wanted[idOf(o)] = true
	}
	var errs []error
	for _, o := range children(c, view, parent) {
		observed[idOf(o)] = o
		if !wanted[idOf(o)] && o.GetDeletionTimestamp() == nil {
			errs = append(errs, passing(l.Cluster.Delete(ctx, o)))
		}
	}
	for _, o := range desired {
		errs = append(errs, passing(l.manageOne(ctx, c, parent, observed[idOf(o)], o)))
	}
	return errors.Join(errs...)
}

func (l *Loop) manageOne(ctx context.Context, c Controller, parent, observed, desired *unstructured.Unstructured) error {
	if observed == nil {
		o, err := l.created(parent, desired)
		if err != nil {
			return err
		}
		return l.Cluster.Create(ctx, o)
	}
	method, _ := c.method(kindOf(desired))
	if method != InPlace || observed.GetDeletionTimestamp() != nil {
		return nil
	}
	o, err := l.updated(observed, desired)
	if err != nil || same(o.Object, observed.Object) {
		return err
	}
	return l.Cluster.Update(ctx, o)
}

// passing: what another client has done meanwhile is no failure, the next call sees it.
func passing(err error) error {
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) || apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// setStatus replaces the status of the parent.
func (l *Loop) setStatus(ctx context.Context, c Controller, parent *unstructured.Unstructured, status map[string]any) error {
	live, err := l.live(ctx, c.Parent, parent)
	if err != nil || live == nil {
		return err
	}
	if status == nil {
		status = map[string]any{}
	}
	status["observedGeneration"] = parent.GetGeneration()
	if same(live.Object["status"], status) {
		return nil
	}
	next := live.DeepCopy()
	next.Object["status"] = status
	return passing(l.Cluster.UpdateStatus(ctx, next))
}
