package application

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// node is an object of the source namespace.
type node struct {
	ref Ref
	obj *unstructured.Unstructured
	// template of its Pods; nil for kinds without Pods. The template of a Pod is the Pod.
	template *corev1.PodTemplateSpec
	// unread says why the template could not be read.
	unread error
	// mounts are the claims that its Pods mount.
	mounts []mount
	// own: KubeMove made it for its own work.
	own bool
	// typed holds what read has decoded.
	typed any
}

// index finds objects by their Ref, and lists them in a fixed order.
type index struct {
	byRef  map[Ref]*node
	nodes  []*node
	byKind map[string][]*node
	// owned are the objects at the ends of whose chains of controllers a custom resource stands.
	owned map[Ref][]*node
	// followers of workloads, in the order of nodes.
	followers []follower
}

func newIndex(namespace string, objects []unstructured.Unstructured) *index {
	x := &index{byRef: make(map[Ref]*node, len(objects)), byKind: map[string][]*node{}, owned: map[Ref][]*node{}}
	for i := range objects {
		o := &objects[i]
		if ns := o.GetNamespace(); ns != "" && ns != namespace {
			continue
		}
		n := &node{ref: RefOf(o), obj: o}
		if x.byRef[n.ref] != nil {
			continue
		}
		n.template, n.unread = podTemplate(o, n.ref.kind())
		x.byRef[n.ref] = n
		x.nodes = append(x.nodes, n)
	}
	slices.SortFunc(x.nodes, func(a, b *node) int { return compareRefs(a.ref, b.ref) })
	for _, n := range x.nodes {
		x.byKind[n.ref.kind()] = append(x.byKind[n.ref.kind()], n)
		if f, ok := newFollower(n); ok {
			x.followers = append(x.followers, f)
		}
	}
	claims := x.ofKind(kindClaim)
	for _, n := range x.nodes {
		n.mounts = mounts(n, claims)
		n.own = x.isOwn(n)
		if root, _ := x.root(n); root != n && isCustom(root.ref.kind()) {
			x.owned[root.ref] = append(x.owned[root.ref], n)
		}
	}
	return x
}

// ofKind lists the nodes of a kind, by name.
func (x *index) ofKind(kind string) []*node { return x.byKind[kind] }

// root follows the controllers of an object up to the last one that was read. foreign is
// the controller of that one, which is of another kind or gone; nil: it has none.
func (x *index) root(n *node) (root *node, foreign *metav1.OwnerReference) {
	root = n
	// The chains of the built-in kinds have at most four links; more is a loop.
	for range len(kinds) {
		owner := metav1.GetControllerOfNoCopy(root.obj)
		if owner == nil {
			return root, nil
		}
		up := x.byRef[ownerRef(owner)]
		if up == nil || !sameUID(up.obj, owner) {
			return root, owner
		}
		root = up
	}
	return root, nil
}

// sameUID tells an owner from a later object of the same name.
func sameUID(o *unstructured.Unstructured, owner *metav1.OwnerReference) bool {
	return o.GetUID() == "" || owner.UID == "" || o.GetUID() == owner.UID
}

func ownerRef(owner *metav1.OwnerReference) Ref {
	gv, err := schema.ParseGroupVersion(owner.APIVersion)
	if err != nil {
		return Ref{Kind: owner.Kind, Name: owner.Name}
	}
	return Ref{Group: gv.Group, Kind: owner.Kind, Name: owner.Name}
}

// foreignOwner is the controller of an object that belongs to none of the kinds that are
// read, such as a custom resource; nil otherwise.
func foreignOwner(o *unstructured.Unstructured) *Ref {
	owner := metav1.GetControllerOfNoCopy(o)
	if owner == nil {
		return nil
	}
	ref := ownerRef(owner)
	if known(ref.kind()) {
		return nil
	}
	return &ref
}

// compareRefs orders by kind in the order of creation, then by name.
func compareRefs(a, b Ref) int {
	return cmp.Or(
		cmp.Compare(place(a.kind()), place(b.kind())),
		cmp.Compare(a.kind(), b.kind()),
		cmp.Compare(a.Name, b.Name),
	)
}

// templatePath leads to the template of an object's Pods; nil: it has none, or is a Pod.
func templatePath(kind string) []string {
	if k := workloadOf(kind); k != nil {
		return k.Template()
	}
	switch kind {
	case kindDaemonSet, kindJob, kindRC:
		return []string{"spec", "template"}
	}
	return nil
}

// podTemplate reads the template of an object's Pods.
func podTemplate(o *unstructured.Unstructured, kind string) (*corev1.PodTemplateSpec, error) {
	if kind == kindStatefulSet {
		// As a whole: its claim templates must be readable too.
		set, err := decode[appsv1.StatefulSet](o.Object)
		if err != nil {
			return nil, err
		}
		return &set.Spec.Template, nil
	}
	path := templatePath(kind)
	if path == nil && kind != kindPod {
		return nil, nil
	}
	content := o.Object
	for _, field := range path {
		content, _ = content[field].(map[string]any)
	}
	if content == nil {
		return nil, errors.New("it has no Pod template")
	}
	return decode[corev1.PodTemplateSpec](content)
}

// decode reads a part of an object as the type that it has in the API.
func decode[T any](content map[string]any) (*T, error) {
	var out T
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content, &out); err != nil {
		// The parser's words may quote a value.
		return nil, fmt.Errorf("a field has another type than in %T", out)
	}
	return &out, nil
}

// read is decode for objects whose malformed parts count as absent: the API server has
// validated them, so only objects that no server holds can be malformed.
func read[T any](n *node) *T {
	if out, ok := n.typed.(*T); ok {
		return out
	}
	out, err := decode[T](n.obj.Object)
	if err != nil {
		out = new(T)
	}
	n.typed = out
	return out
}

// isOwn says whether KubeMove made an object, or what controls it, for its own work.
func (x *index) isOwn(n *node) bool {
	root, foreign := x.root(n)
	if foreign != nil && ownerRef(foreign).Group == api.GroupVersion.Group {
		return true
	}
	return isOwnKind(n.ref) || isOwnKind(root.ref) || madeByKubeMove(n.obj) || madeByKubeMove(root.obj)
}

// isOwnKind says whether objects of the kind are KubeMove's, or Metacontroller's notes of what it
// has asked KubeMove.
func isOwnKind(r Ref) bool {
	return r.Group == api.GroupVersion.Group || r.kind() == "ControllerRevision.metacontroller.k8s.io"
}

func madeByKubeMove(o *unstructured.Unstructured) bool {
	if o.GetLabels()[api.ManagedByLabel] == api.ManagedByValue {
		return true
	}
	return slices.ContainsFunc(o.GetOwnerReferences(), func(owner metav1.OwnerReference) bool {
		return ownerRef(&owner).Group == api.GroupVersion.Group
	})
}

// isFinished says whether a Pod or Job has ended and will not run again.
func isFinished(n *node) bool {
	switch n.ref.kind() {
	case kindPod:
		phase, _, _ := unstructured.NestedString(n.obj.Object, "status", "phase")
		return phase == string(corev1.PodSucceeded) || phase == string(corev1.PodFailed)
	case kindJob:
		conditions, _, _ := unstructured.NestedSlice(n.obj.Object, "status", "conditions")
		for _, c := range conditions {
			c, _ := c.(map[string]any)
			if (c["type"] == "Complete" || c["type"] == "Failed") && c["status"] == "True" {
				return true
			}
		}
	}
	return false
}
