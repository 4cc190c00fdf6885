package cluster

import (
	"context"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// Others are objects of kinds that were not asked for by name.
type Others struct {
	Objects []unstructured.Unstructured
	// Resources are the plural names of the kinds that the cluster serves, by KIND.GROUP.
	Resources map[string]string
	// Unseen are the resources that could not be listed, in most cases because the account may
	// not.
	Unseen []string
	// Silent are the API groups whose own server does not answer, as SilentGroups lists them: it is not
	// known what there is of them.
	Silent []string
}

// views are groups of which nothing can be created, whatever server serves them.
var views = []string{"metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io"}

// SilentGroups are the API groups, each GROUP/VERSION, that an error of a discovery names: their own
// servers do not answer. Any other error is none of its business.
func SilentGroups(err error) ([]string, bool) {
	groups, partial := discovery.GroupDiscoveryFailedErrorGroups(err)
	var out []string
	for gv := range groups {
		if !slices.Contains(views, gv.Group) {
			out = append(out, gv.String())
		}
	}
	slices.Sort(out)
	return out, partial
}

// Others lists the objects in the endpoint's namespace that are of none of the known kinds.
// Whatever the cluster serves is looked through, custom resources too. version says in which one
// to read a kind that has that preferred one.
func (c *Cluster) Others(
	ctx context.Context, known []schema.GroupVersionResource, version func(kind schema.GroupKind, preferred string) string,
) (*Others, error) {
	lists, err := c.Kube.Discovery().ServerPreferredNamespacedResources()
	silent, partial := SilentGroups(err)
	if err != nil && !partial {
		return nil, c.Wrap("discover the kinds", err)
	}
	out := &Others{Resources: map[string]string{}, Silent: silent}
	found := otherKinds(lists, known)
	pages, errs := make([][]unstructured.Unstructured, len(found)), make([]error, len(found))
	failures := Each(ctx, len(found), func(i int) error {
		gvr := found[i].resource
		gvr.Version = version(schema.GroupKind{Group: gvr.Group, Kind: found[i].kind}, gvr.Version)
		pages[i], errs[i] = c.listAll(ctx, gvr)
		if ctx.Err() != nil || KindOf(errs[i]) == Unreachable {
			return errs[i]
		}
		return nil
	})
	if err := First(failures); err != nil {
		return nil, err
	}
	for i, kind := range found {
		switch err := errs[i]; {
		case err == nil:
			gk := schema.GroupKind{Group: kind.resource.Group, Kind: kind.kind}
			out.Resources[gk.String()] = kind.resource.Resource
			out.Objects = append(out.Objects, pages[i]...)
		case KindOf(err) != NotFound:
			out.Unseen = append(out.Unseen, kind.resource.GroupResource().String())
		}
	}
	return out, nil
}

// otherKind is a kind of objects, and the resource that it is served as.
type otherKind struct {
	resource schema.GroupVersionResource
	kind     string
}

// isOwn says whether objects of the resource belong to KubeMove, or are Metacontroller's notes of
// what it has asked KubeMove.
func isOwn(r schema.GroupResource) bool {
	return r.Group == api.GroupVersion.Group || r == schema.GroupResource{Group: "metacontroller.k8s.io", Resource: "controllerrevisions"}
}

// otherKinds are those that a client can create and that are not known: what cannot be created
// is a view of something else.
func otherKinds(lists []*metav1.APIResourceList, known []schema.GroupVersionResource) []otherKind {
	var out []otherKind
	for _, list := range lists {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			continue
		}
		for _, r := range list.APIResources {
			gvr := gv.WithResource(r.Name)
			isKnown := slices.ContainsFunc(known, func(k schema.GroupVersionResource) bool { return k.GroupResource() == gvr.GroupResource() })
			isEvent := r.Kind == "Event" && (gv.Group == "" || gv.Group == "events.k8s.io")
			if isKnown || isEvent || isOwn(gvr.GroupResource()) || strings.Contains(r.Name, "/") || !slices.Contains(r.Verbs, "list") ||
				!slices.Contains(r.Verbs, "create") {
				continue
			}
			out = append(out, otherKind{resource: gvr, kind: r.Kind})
		}
	}
	return out
}
