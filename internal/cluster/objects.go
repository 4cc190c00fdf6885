package cluster

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// pageSize of lists.
const pageSize = 500

// Resource is the way to the objects of a kind in the endpoint's namespace (or in the cluster,
// for kinds without namespaces). A kind that is not served is an error of the kind NotFound.
func (c *Cluster) Resource(gvk schema.GroupVersionKind) (dynamic.ResourceInterface, error) {
	return c.resource(c.Dynamic, gvk)
}

func (c *Cluster) resource(client dynamic.Interface, gvk schema.GroupVersionKind) (dynamic.ResourceInterface, error) {
	m, err := c.mapping(gvk)
	if err != nil {
		return nil, err
	}
	r := client.Resource(m.Resource)
	if m.Scope.Name() == meta.RESTScopeNameNamespace {
		return r.Namespace(c.Namespace), nil
	}
	return r, nil
}

// mapping of a kind. The mapper itself asks again when it does not know a kind, but only once;
// kinds may be defined later than that.
func (c *Cluster) mapping(gvk schema.GroupVersionKind) (*meta.RESTMapping, error) {
	var versions []string // None: the one that the server prefers.
	if gvk.Version != "" {
		versions = append(versions, gvk.Version)
	}
	m, err := c.Mapper.RESTMapping(gvk.GroupKind(), versions...)
	if meta.IsNoMatchError(err) && c.rediscover() {
		m, err = c.Mapper.RESTMapping(gvk.GroupKind(), versions...)
	}
	if meta.IsNoMatchError(err) {
		return nil, &Error{Kind: NotFound, Side: c.Side, Err: err, Message: fmt.Sprintf("the %s cluster does not serve %s %s: "+
			"install its CustomResourceDefinition there, or a version of it that serves %s", c.Side, gvk.GroupVersion(), gvk.Kind, gvk.Version)}
	}
	if err != nil {
		return nil, c.Wrap("discover "+gvk.Kind, err)
	}
	return m, nil
}

// rediscover forgets which kinds the cluster serves, unless that was just done.
func (c *Cluster) rediscover() bool {
	const pause = 2 * time.Second
	c.discovering.Lock()
	defer c.discovering.Unlock()
	if time.Since(c.discovered) < pause {
		return false
	}
	c.Mapper.Reset()
	c.discovered = time.Now()
	return true
}

// Get reads an object from the API server itself; nil when it is not there.
func (c *Cluster) Get(ctx context.Context, gvk schema.GroupVersionKind, name string) (*unstructured.Unstructured, error) {
	r, err := c.Resource(gvk)
	if err != nil {
		return nil, err
	}
	u, err := r.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, c.Wrap("read "+gvk.Kind+"/"+name, err)
	}
	return u, nil
}

// List returns the objects of the resources in the endpoint's namespace, page by page, in the
// order of the resources, and those that the cluster does not serve.
func (c *Cluster) List(
	ctx context.Context, resources []schema.GroupVersionResource,
) (objects []unstructured.Unstructured, absent []schema.GroupVersionResource, err error) {
	pages, served := make([][]unstructured.Unstructured, len(resources)), make([]bool, len(resources))
	errs := Each(ctx, len(resources), func(i int) (err error) {
		pages[i], err = c.listAll(ctx, resources[i])
		served[i] = KindOf(err) != NotFound
		if !served[i] {
			return nil
		}
		return err
	})
	if err := First(errs); err != nil {
		return nil, nil, err
	}
	for i, gvr := range resources {
		objects = append(objects, pages[i]...)
		if !served[i] {
			absent = append(absent, gvr)
		}
	}
	return objects, absent, nil
}

// ListClusterScoped returns the objects of a resource in the whole cluster.
func (c *Cluster) ListClusterScoped(ctx context.Context, gvr schema.GroupVersionResource) ([]unstructured.Unstructured, error) {
	return c.listPages(ctx, gvr, c.Dynamic.Resource(gvr))
}

func (c *Cluster) listAll(ctx context.Context, gvr schema.GroupVersionResource) ([]unstructured.Unstructured, error) {
	return c.listPages(ctx, gvr, c.Dynamic.Resource(gvr).Namespace(c.Namespace))
}

func (c *Cluster) listPages(
	ctx context.Context, gvr schema.GroupVersionResource, r dynamic.ResourceInterface,
) ([]unstructured.Unstructured, error) {
	var out []unstructured.Unstructured
	opts := metav1.ListOptions{Limit: pageSize}
	for {
		page, err := r.List(ctx, opts)
		if apierrors.IsResourceExpired(err) && opts.Continue != "" {
			// The list was too old to go on with: begin again, it must be whole.
			out, opts.Continue = nil, ""
			continue
		}
		if err != nil {
			return nil, c.Wrap("list "+gvr.GroupResource().String(), err)
		}
		out = append(out, page.Items...)
		if opts.Continue = page.GetContinue(); opts.Continue == "" {
			return out, nil
		}
	}
}

// Create creates an object; the error is of the kind Conflict when it exists.
func (c *Cluster) Create(ctx context.Context, obj *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	r, err := c.Resource(obj.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	out, err := r.Create(ctx, obj, metav1.CreateOptions{FieldManager: FieldManager})
	return out, c.Wrap("create "+describe(obj), WithoutContent(obj, err))
}

// Apply is a server-side apply. With force it takes over fields that others own.
func (c *Cluster) Apply(ctx context.Context, obj *unstructured.Unstructured, force bool) (*unstructured.Unstructured, error) {
	r, err := c.Resource(obj.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	out, err := r.Apply(ctx, obj.GetName(), obj, metav1.ApplyOptions{FieldManager: FieldManager, Force: force})
	return out, c.Wrap("apply "+describe(obj), WithoutContent(obj, err))
}

// Update replaces an object that was read before: it must carry its resourceVersion, and the
// error is of the kind Conflict when it has changed since.
func (c *Cluster) Update(ctx context.Context, obj *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if obj.GetResourceVersion() == "" {
		return nil, fmt.Errorf("cannot update %s: it has no resourceVersion, so it was not read before", describe(obj))
	}
	r, err := c.Resource(obj.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	out, err := r.Update(ctx, obj, metav1.UpdateOptions{FieldManager: FieldManager})
	return out, c.Wrap("update "+describe(obj), WithoutContent(obj, err))
}

// Delete deletes the very object that was read (its UID, and its resourceVersion with
// unchanged), in the background. An object that is gone already is no error.
func (c *Cluster) Delete(ctx context.Context, obj *unstructured.Unstructured, unchanged bool) error {
	r, err := c.Resource(obj.GroupVersionKind())
	if err != nil {
		return err
	}
	uid, rv, policy := obj.GetUID(), obj.GetResourceVersion(), metav1.DeletePropagationBackground
	opts := metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}, PropagationPolicy: &policy}
	if unchanged {
		opts.Preconditions.ResourceVersion = &rv
	}
	err = r.Delete(ctx, obj.GetName(), opts)
	if apierrors.IsNotFound(err) {
		return nil
	}
	return c.Wrap("delete "+describe(obj), err)
}

func describe(obj *unstructured.Unstructured) string {
	return obj.GetKind() + "/" + obj.GetName()
}
