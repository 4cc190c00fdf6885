package cluster

import (
	"context"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	// fewNames of a kind are read one by one: a list could hold thousands that were not asked for.
	fewNames = 4
	// pageCost is how many objects are read one by one for about what a page of a list costs.
	pageCost = 50
)

// Key names an object of the endpoint's namespace, or of the cluster where its kind has no
// namespaces. A kind without a version is read in the one that the server prefers.
type Key struct {
	Kind schema.GroupVersionKind
	Name string
}

// Found is what GetMany has read.
type Found struct {
	// Objects that exist.
	Objects map[Key]*unstructured.Unstructured
	// Unserved are the kinds that the cluster does not know, in the order of the keys.
	Unserved []schema.GroupVersionKind
}

// GetMany reads many objects with few requests: by lists, page by page, where a kind has many of
// the names, and one by one where it has few, or where the account may not list. Like Get it
// reads from the API server itself, never what a cache holds. Of kinds that are not whole only
// the metadata is read; a nil whole stands for all kinds.
func (c *Cluster) GetMany(ctx context.Context, keys []Key, whole func(schema.GroupVersionKind) bool) (Found, error) {
	r := &reader{cluster: c, found: Found{Objects: make(map[Key]*unstructured.Unstructured, len(keys))}}
	groups, err := r.group(keys, whole)
	if err != nil {
		return Found{}, err
	}
	// Those of a kind with few names, and what the lists have not settled.
	left := make([][]string, len(groups))
	errs := Each(ctx, len(groups), func(i int) (err error) {
		if left[i] = groups[i].names; len(left[i]) > fewNames {
			left[i], err = r.list(ctx, groups[i])
		}
		return err
	})
	if err := First(errs); err != nil {
		return Found{}, err
	}
	type single struct {
		of   *group
		name string
	}
	var singles []single
	for i, names := range left {
		for _, name := range names {
			singles = append(singles, single{groups[i], name})
		}
	}
	errs = Each(ctx, len(singles), func(i int) error { return r.get(ctx, singles[i].of, singles[i].name) })
	if err := First(errs); err != nil {
		return Found{}, err
	}
	return r.found, nil
}

// reader collects what GetMany reads.
type reader struct {
	cluster *Cluster
	mu      sync.Mutex
	found   Found
}

// group is what is asked for of one kind.
type group struct {
	kind    schema.GroupVersionKind
	mapping *meta.RESTMapping
	names   []string
	whole   bool
}

// namespace that the objects lie in; empty for kinds without namespaces.
func (g *group) namespace(c *Cluster) string {
	if g.mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return c.Namespace
	}
	return ""
}

// group sorts the keys by kind; each name is asked for once.
func (r *reader) group(keys []Key, whole func(schema.GroupVersionKind) bool) ([]*group, error) {
	var out []*group
	at := map[schema.GroupVersionKind]*group{}
	seen := make(map[Key]bool, len(keys))
	for _, k := range keys {
		if seen[k] {
			continue
		}
		seen[k] = true
		g, known := at[k.Kind]
		if !known {
			m, err := r.cluster.mapping(k.Kind)
			switch {
			case KindOf(err) == NotFound:
				r.found.Unserved = append(r.found.Unserved, k.Kind)
			case err != nil:
				return nil, err
			default:
				g = &group{kind: k.Kind, mapping: m, whole: whole == nil || whole(k.Kind)}
				out = append(out, g)
			}
			at[k.Kind] = g
		}
		if g != nil {
			g.names = append(g.names, k.Name)
		}
	}
	return out, nil
}

// list reads the objects of a kind page by page. It returns the names that are still to be read
// one by one: all, when the account may not list, and the last ones, when the kind has so many
// other objects that this costs less.
func (r *reader) list(ctx context.Context, g *group) (left []string, err error) {
	wanted := make(map[string]bool, len(g.names))
	for _, name := range g.names {
		wanted[name] = true
	}
	remaining := func() []string {
		return slices.DeleteFunc(slices.Clone(g.names), func(name string) bool { return !wanted[name] })
	}
	opts := metav1.ListOptions{Limit: pageSize}
	for {
		page, err := r.page(ctx, g, opts)
		if apierrors.IsForbidden(err) || apierrors.IsResourceExpired(err) && opts.Continue != "" {
			// May it not list, or was it too slow? What it has read so far is good.
			return remaining(), nil
		}
		if err != nil {
			return nil, r.cluster.Wrap("list "+g.mapping.Resource.GroupResource().String(), err)
		}
		for _, u := range page.objects {
			if wanted[u.GetName()] {
				delete(wanted, u.GetName())
				r.add(g, u)
			}
		}
		if opts.Continue = page.next; opts.Continue == "" || len(wanted) == 0 {
			return nil, nil // What was not in the list is not there.
		}
		if pages := (page.more + pageSize - 1) / pageSize; int64(len(wanted)) < pages*pageCost {
			return remaining(), nil
		}
	}
}

// page of a list.
type page struct {
	objects []*unstructured.Unstructured
	// next page, and how many objects follow; 0: not known.
	next string
	more int64
}

func (r *reader) page(ctx context.Context, g *group, opts metav1.ListOptions) (page, error) {
	var out page
	if g.whole {
		list, err := r.cluster.Dynamic.Resource(g.mapping.Resource).Namespace(g.namespace(r.cluster)).List(ctx, opts)
		if err != nil {
			return out, err
		}
		for i := range list.Items {
			out.objects = append(out.objects, &list.Items[i])
		}
		out.next = list.GetContinue()
		if n := list.GetRemainingItemCount(); n != nil {
			out.more = *n
		}
		return out, nil
	}
	list, err := r.cluster.metadata.Resource(g.mapping.Resource).Namespace(g.namespace(r.cluster)).List(ctx, opts)
	if err != nil {
		return out, err
	}
	for i := range list.Items {
		u, err := onlyMetadata(&list.Items[i], g.mapping.GroupVersionKind)
		if err != nil {
			return out, err
		}
		out.objects = append(out.objects, u)
	}
	out.next = list.Continue
	if list.RemainingItemCount != nil {
		out.more = *list.RemainingItemCount
	}
	return out, nil
}

// get reads one object, if it is there.
func (r *reader) get(ctx context.Context, g *group, name string) error {
	u, err := r.one(ctx, g, name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return r.cluster.Wrap("read "+g.kind.Kind+"/"+name, err)
	}
	r.add(g, u)
	return nil
}

func (r *reader) one(ctx context.Context, g *group, name string) (*unstructured.Unstructured, error) {
	if g.whole {
		return r.cluster.Dynamic.Resource(g.mapping.Resource).Namespace(g.namespace(r.cluster)).Get(ctx, name, metav1.GetOptions{})
	}
	m, err := r.cluster.metadata.Resource(g.mapping.Resource).Namespace(g.namespace(r.cluster)).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return onlyMetadata(m, g.mapping.GroupVersionKind)
}

func (r *reader) add(g *group, u *unstructured.Unstructured) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.found.Objects[Key{Kind: g.kind, Name: u.GetName()}] = u
}

// onlyMetadata is an object of which nothing else is known. Who owns which field is left out: it
// is most of the metadata, and it is not asked for.
func onlyMetadata(m *metav1.PartialObjectMetadata, kind schema.GroupVersionKind) (*unstructured.Unstructured, error) {
	m.ManagedFields = nil
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(m)
	if err != nil {
		return nil, err
	}
	u := &unstructured.Unstructured{Object: content}
	u.SetGroupVersionKind(kind)
	return u, nil
}
