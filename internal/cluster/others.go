package cluster

import (
	"context"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// Others lists the metadata of the objects in the endpoint's namespace that are of none of the
// known kinds. unseen are the resources that could not be listed, in most cases because the
// account may not. Whatever the cluster serves is looked through, custom resources too.
func (c *Cluster) Others(ctx context.Context, known []schema.GroupVersionResource) (objects []unstructured.Unstructured, unseen []string, err error) {
	lists, err := c.Kube.Discovery().ServerPreferredNamespacedResources()
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) {
		return nil, nil, c.Wrap("discover the kinds", err)
	}
	if failed, ok := err.(*discovery.ErrGroupDiscoveryFailed); ok {
		for gv := range failed.Groups {
			unseen = append(unseen, gv.String())
		}
	}
	client, err := metadata.NewForConfigAndClient(metadata.ConfigFor(c.Config), c.client)
	if err != nil {
		return nil, nil, invalidKubeconfig(c.Side, err)
	}
	for _, kind := range otherKinds(lists, known) {
		page, err := c.listMetadata(ctx, client, kind)
		switch {
		case err == nil:
			objects = append(objects, page...)
		case ctx.Err() != nil || KindOf(err) == Unreachable:
			return nil, nil, err
		case KindOf(err) != NotFound:
			unseen = append(unseen, kind.resource.GroupResource().String())
		}
	}
	return objects, unseen, nil
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

// otherKinds are those that somebody can create and that are not known: what cannot be created
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
			if isKnown || isEvent || isOwn(gvr.GroupResource()) || strings.Contains(r.Name, "/") || !slices.Contains(r.Verbs, "list") || !slices.Contains(r.Verbs, "create") {
				continue
			}
			out = append(out, otherKind{resource: gvr, kind: r.Kind})
		}
	}
	return out
}

func (c *Cluster) listMetadata(ctx context.Context, client metadata.Interface, kind otherKind) ([]unstructured.Unstructured, error) {
	var out []unstructured.Unstructured
	opts := metav1.ListOptions{Limit: pageSize}
	for {
		page, err := client.Resource(kind.resource).Namespace(c.Namespace).List(ctx, opts)
		if err != nil {
			return nil, c.Wrap("list "+kind.resource.GroupResource().String(), err)
		}
		for i := range page.Items {
			content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&page.Items[i])
			if err != nil {
				return nil, err
			}
			u := unstructured.Unstructured{Object: content}
			u.SetGroupVersionKind(kind.resource.GroupVersion().WithKind(kind.kind))
			out = append(out, u)
		}
		if opts.Continue = page.Continue; opts.Continue == "" {
			return out, nil
		}
	}
}
