package cluster

import (
	"context"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// Annotations on a lock and on a record.
const (
	// HolderAnnotation names the switch for people: NAMESPACE/NAME at home.
	HolderAnnotation = "kubemove.io/holder"
	// HomeAnnotation is the ClusterUID of the switch's home: its name means something only
	// there.
	HomeAnnotation = "kubemove.io/home"
)

// Holder of a lock.
type Holder struct {
	// UID of the switch.
	UID string
	// Name for people: NAMESPACE/NAME of the switch at home.
	Name string
	// Home is the UID of the home cluster (ClusterUID).
	Home string
}

func (h Holder) annotations() map[string]string {
	return map[string]string{HolderAnnotation: h.Name, HomeAnnotation: h.Home}
}

// LockedError says that another client holds the lock.
type LockedError struct {
	// Side and Namespace of the lock.
	Side, Namespace string
	// Holder of it.
	Holder Holder
}

// Error says who holds the lock and what to do.
func (e *LockedError) Error() string {
	return fmt.Sprintf("the namespace %s at the %s is locked by the switch %s (UID %s): wait until it has ended, or, if it is gone for good, "+
		"let the lock be taken over: kubectl -n %s annotate lease %s %s=true",
		e.Namespace, e.Side, e.Holder.Name, e.Holder.UID, e.Namespace, api.LockName, api.ForceUnlockAnnotation)
}

// ReadLock returns the holder of the namespace's lock; nil: it is free. With forced set,
// a person has allowed to take it over.
func (c *Cluster) ReadLock(ctx context.Context) (holder *Holder, forced bool, err error) {
	lease, err := c.Kube.CoordinationV1().Leases(c.Namespace).Get(ctx, api.LockName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, c.Wrap("read the lock (Lease/"+api.LockName+")", err)
	}
	h := HolderOf(lease)
	return h, h != nil && lease.Annotations[api.ForceUnlockAnnotation] == "true", nil
}

// AcquireLock takes the lock of the namespace for h. It succeeds when h holds it already. It
// returns a *LockedError when another client does, and never waits. A holder of whom gone says
// that it does not exist any more loses the lock; a nil gone knows of none.
func (c *Cluster) AcquireLock(ctx context.Context, h Holder, gone func(Holder) bool) error {
	leases := c.Kube.CoordinationV1().Leases(c.Namespace)
	for {
		lease, err := leases.Get(ctx, api.LockName, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			_, err = leases.Create(ctx, newLock(c.Namespace, h), metav1.CreateOptions{FieldManager: FieldManager})
		case err != nil:
			return c.Wrap("read the lock (Lease/"+api.LockName+")", err)
		default:
			next, done, locked := nextLock(lease, h, gone)
			if locked != nil {
				locked.Side = c.Side
				return locked
			}
			if done {
				return nil
			}
			_, err = leases.Update(ctx, next, metav1.UpdateOptions{FieldManager: FieldManager})
		}
		if err == nil {
			return nil
		}
		// Another client was faster: read again, who it was decides.
		if !apierrors.IsAlreadyExists(err) && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) || c.namespaceMissing(ctx, err) {
			return c.Wrap("take the lock (Lease/"+api.LockName+")", err)
		}
	}
}

// namespaceMissing tells a missing namespace from a lock that went away between two requests.
func (c *Cluster) namespaceMissing(ctx context.Context, err error) bool {
	if !apierrors.IsNotFound(err) {
		return false
	}
	_, err = c.Kube.CoreV1().Namespaces().Get(ctx, c.Namespace, metav1.GetOptions{})
	return err != nil
}

// nextLock decides what to do with a lock that exists: nothing (it is ours), an update that
// takes it over, or a refusal. The update carries the resourceVersion that was read.
func nextLock(lease *coordinationv1.Lease, h Holder, gone func(Holder) bool) (next *coordinationv1.Lease, done bool, locked *LockedError) {
	other := HolderOf(lease)
	if other != nil && other.UID == h.UID {
		return nil, true, nil
	}
	if other != nil && lease.Annotations[api.ForceUnlockAnnotation] != "true" && (gone == nil || !gone(*other)) {
		return nil, false, &LockedError{Namespace: lease.Namespace, Holder: *other}
	}
	next = lease.DeepCopy()
	fresh := newLock(lease.Namespace, h)
	next.Spec = fresh.Spec
	transitions := int32(1)
	if lease.Spec.LeaseTransitions != nil {
		transitions += *lease.Spec.LeaseTransitions
	}
	next.Spec.LeaseTransitions = &transitions
	delete(next.Annotations, api.ForceUnlockAnnotation)
	setAll(&next.Annotations, fresh.Annotations)
	setAll(&next.Labels, fresh.Labels)
	return next, false, nil
}

// ReleaseLock gives the lock back if uid holds it; a lock that is free or of another client is
// left alone.
func (c *Cluster) ReleaseLock(ctx context.Context, uid string) error {
	leases := c.Kube.CoordinationV1().Leases(c.Namespace)
	for {
		lease, err := leases.Get(ctx, api.LockName, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return c.Wrap("read the lock (Lease/"+api.LockName+")", err)
		}
		if h := HolderOf(lease); h == nil || h.UID != uid {
			return nil
		}
		err = leases.Delete(ctx, lease.Name, exactly(lease))
		if err == nil || apierrors.IsNotFound(err) {
			return nil
		}
		if !apierrors.IsConflict(err) {
			return c.Wrap("release the lock (Lease/"+api.LockName+")", err)
		}
	}
}

func newLock(namespace string, h Holder) *coordinationv1.Lease {
	now := metav1.NewMicroTime(time.Now())
	uid := h.UID
	return &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{
			Name: api.LockName, Namespace: namespace,
			Labels:      map[string]string{api.ManagedByLabel: api.ManagedByValue},
			Annotations: map[string]string{HolderAnnotation: h.Name, HomeAnnotation: h.Home},
		},
		Spec: coordinationv1.LeaseSpec{HolderIdentity: &uid, AcquireTime: &now},
	}
}

// HolderOf of a lock; nil: none.
func HolderOf(l *coordinationv1.Lease) *Holder {
	if l.Spec.HolderIdentity == nil || *l.Spec.HolderIdentity == "" {
		return nil
	}
	return &Holder{UID: *l.Spec.HolderIdentity, Name: l.Annotations[HolderAnnotation], Home: l.Annotations[HomeAnnotation]}
}

// exactly deletes only the very state that was read.
func exactly(o metav1.Object) metav1.DeleteOptions {
	uid, rv := o.GetUID(), o.GetResourceVersion()
	return metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid, ResourceVersion: &rv}}
}

func setAll(into *map[string]string, from map[string]string) {
	if *into == nil {
		*into = map[string]string{}
	}
	for k, v := range from {
		(*into)[k] = v
	}
}
