package cluster

import (
	"context"
	"errors"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/bundle"
)

// Bundle is a value of any size in Secrets.
type Bundle = bundle.Bundle

// StoreBundle writes value, the first Secret last. What is there under that name already is replaced.
func (c *Cluster) StoreBundle(ctx context.Context, b Bundle, value any) error {
	parts, err := b.Secrets(c.Namespace, value)
	if err != nil {
		return err
	}
	for _, s := range slices.Backward(parts) {
		if err := c.putSecret(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// LoadBundle decodes the bundle into out. The error is of the kind NotFound when it is not
// there or not whole.
func (c *Cluster) LoadBundle(ctx context.Context, name string, out any) error {
	secrets := c.Kube.CoreV1().Secrets(c.Namespace)
	first, err := secrets.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return c.Wrap("read Secret/"+name, err)
	}
	count, err := bundle.Count(first)
	if err != nil {
		return c.BundleError(err)
	}
	parts := []corev1.Secret{*first}
	for i := 1; i < count; i++ {
		s, err := secrets.Get(ctx, bundle.PartName(name, i), metav1.GetOptions{})
		if err != nil {
			return c.Wrap("read Secret/"+bundle.PartName(name, i), err)
		}
		parts = append(parts, *s)
	}
	return c.BundleError(bundle.Read(parts, out))
}

// BundleError is what is wrong with a bundle as an error of this endpoint: one that is not whole counts as
// not there.
func (c *Cluster) BundleError(err error) error {
	switch {
	case errors.Is(err, bundle.ErrForeign):
		return &Error{Kind: Invalid, Side: c.Side, reason: api.ReasonFailed, Message: err.Error()}
	case errors.Is(err, bundle.ErrTorn):
		return &Error{Kind: NotFound, Side: c.Side, Message: err.Error()}
	}
	return err
}

// DeleteBundle deletes the bundle's Secrets, the first one first: what is left of a deletion
// that was interrupted is no bundle any more.
func (c *Cluster) DeleteBundle(ctx context.Context, name string) error {
	secrets := c.Kube.CoreV1().Secrets(c.Namespace)
	list, err := secrets.List(ctx, metav1.ListOptions{LabelSelector: bundle.Label + "=" + ShortHash(name)})
	if err != nil {
		return c.Wrap("list the parts of Secret/"+name, err)
	}
	slices.SortFunc(list.Items, func(a, b corev1.Secret) int { return strings.Compare(a.Name, b.Name) })
	for _, s := range list.Items {
		if err := secrets.Delete(ctx, s.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return c.Wrap("delete Secret/"+s.Name, err)
		}
	}
	return nil
}

// putSecret creates the Secret or replaces one that KubeMove has made.
func (c *Cluster) putSecret(ctx context.Context, s *corev1.Secret) error {
	secrets := c.Kube.CoreV1().Secrets(c.Namespace)
	_, err := secrets.Create(ctx, s, metav1.CreateOptions{FieldManager: FieldManager})
	if !apierrors.IsAlreadyExists(err) {
		return c.Wrap("create Secret/"+s.Name, err)
	}
	old, err := secrets.Get(ctx, s.Name, metav1.GetOptions{})
	if err != nil {
		return c.Wrap("read Secret/"+s.Name, err)
	}
	if old.Type != s.Type || old.Labels[api.ManagedByLabel] != api.ManagedByValue {
		return &Error{Kind: Invalid, Side: c.Side, reason: api.ReasonFailed,
			Message: "Secret/" + s.Name + " exists and was not made by KubeMove: delete or rename it"}
	}
	if bundle.Same(old, s) {
		return nil
	}
	s = s.DeepCopy()
	s.ResourceVersion = old.ResourceVersion
	_, err = secrets.Update(ctx, s, metav1.UpdateOptions{FieldManager: FieldManager})
	return c.Wrap("update Secret/"+s.Name, err)
}
