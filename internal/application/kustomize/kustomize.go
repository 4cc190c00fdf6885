// Package kustomize changes objects as a part of a kustomization.yaml says. What the changes
// are is Kustomize's own: its library is run in memory, without files, plugins, network or
// other programs. Which objects it gets to see is decided here, so that every entry can be
// told that it matches nothing, every object keeps its identity, and what no entry concerns
// stays as it is, to the byte. The package is pure.
package kustomize

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/workload"
)

// Problem is something that cannot be done as it was asked for.
type Problem struct {
	// Reason of a blocker.
	Reason string
	// Object that is concerned: its index; -1: none.
	Object int
	// Message says what was found, what was expected and one way to fix it.
	Message string
}

// layer is one kustomization on its way over the objects.
type layer struct {
	// name of the kustomization, for messages.
	name string
	// objects as they are now. They are replaced and never changed.
	objects  []unstructured.Unstructured
	problems []Problem
}

// Apply changes the objects by one kustomization, which messages call by the name. The first
// result holds for each object what has become of it, in the same order. An entry with a
// problem changes nothing. The objects that were given are not changed.
func Apply(name string, k *api.Kustomization, objects []unstructured.Unstructured) ([]unstructured.Unstructured, []Problem) {
	l := &layer{name: name, objects: slices.Clone(objects)}
	// In Kustomize's own order, but for the prefix: names are no part of what comes after it
	// there, and entries are found by the names from before.
	for i := range k.Patches {
		l.patch(fmt.Sprintf("patches[%d]", i), &k.Patches[i])
	}
	for _, r := range sorted(k.Replicas, func(r api.KustomizeReplicas) string { return r.Name }) {
		l.replicas(r)
	}
	for _, i := range sorted(k.Images, func(i api.KustomizeImage) string { return i.Name }) {
		l.image(i)
	}
	l.marks(k)
	l.prefix(k.NamePrefix)
	return l.objects, l.problems
}

// sorted lists the entries of a map by name: the order of such lists says nothing.
func sorted[T any](list []T, name func(T) string) []T {
	return slices.SortedFunc(slices.Values(list), func(a, b T) int { return cmp.Compare(name(a), name(b)) })
}

func (l *layer) fail(reason string, object int, format string, args ...any) {
	l.problems = append(l.problems, Problem{Reason: reason, Object: object, Message: fmt.Sprintf(format, args...)})
}

// invalid notes what is wrong with an entry.
func (l *layer) invalid(entry string, object int, format string, args ...any) {
	l.fail(api.ReasonInvalidKustomization, object, "%s.%s %s", l.name, entry, fmt.Sprintf(format, args...))
}

// replicas of the Deployment or StatefulSet of that name.
func (l *layer) replicas(r api.KustomizeReplicas) {
	entry := fmt.Sprintf("replicas[%s]", r.Name)
	var scalable, found []int
	for i := range l.objects {
		if !isScalable(&l.objects[i]) {
			continue
		}
		scalable = append(scalable, i)
		if l.objects[i].GetName() == r.Name {
			found = append(found, i)
		}
	}
	if len(found) == 0 {
		l.fail(api.ReasonPatchMatchesNothing, -1,
			"%s.%s matches no object that moves: expected the name of one of %s; correct the name, or remove the entry",
			l.name, entry, l.few(scalable))
		return
	}
	l.run(entry, file{Kustomization: api.Kustomization{Replicas: []api.KustomizeReplicas{r}}}, found, viewWhole)
}

func isScalable(o *unstructured.Unstructured) bool {
	k := workload.OfObject(o)
	return k != nil && !k.Scheduled()
}

func isKind(o *unstructured.Unstructured, group, kind string) bool {
	gvk := o.GroupVersionKind()
	return gvk.Group == group && gvk.Kind == kind
}

// marks adds the labels and annotations of all objects.
func (l *layer) marks(k *api.Kustomization) {
	if len(k.Labels) == 0 && len(k.CommonAnnotations) == 0 {
		return
	}
	var all []int
	for i := range l.objects {
		if isList(&l.objects[i]) {
			l.markByHand(i, k)
			continue
		}
		all = append(all, i)
	}
	entry := "labels"
	if len(k.Labels) == 0 {
		entry = "commonAnnotations"
	}
	l.run(entry, file{Kustomization: api.Kustomization{Labels: k.Labels, CommonAnnotations: k.CommonAnnotations}}, all, viewMarks)
}

// isList: Kustomize takes every kind that ends so for a list of objects, and drops it.
func isList(o *unstructured.Unstructured) bool { return strings.HasSuffix(o.GetKind(), "List") }

// markByHand does what Kustomize would do to a custom resource.
func (l *layer) markByHand(i int, k *api.Kustomization) {
	next := l.objects[i].DeepCopy()
	labels, annotations := next.GetLabels(), next.GetAnnotations()
	for _, set := range k.Labels {
		labels = merged(labels, set.Pairs)
	}
	if len(k.Labels) > 0 {
		next.SetLabels(labels)
	}
	if len(k.CommonAnnotations) > 0 {
		next.SetAnnotations(merged(annotations, k.CommonAnnotations))
	}
	if problem := guard(&l.objects[i], next); problem != "" {
		l.invalid("labels", i, "%s", problem)
		return
	}
	l.objects[i] = *next
}

func merged(m, more map[string]string) map[string]string {
	if m == nil {
		m = map[string]string{}
	}
	maps.Copy(m, more)
	return m
}

// nameOf an object, as people read it: Deployment.apps/web.
func nameOf(o *unstructured.Unstructured) string {
	gvk := o.GroupVersionKind()
	if gvk.Group == "" {
		return gvk.Kind + "/" + o.GetName()
	}
	return gvk.Kind + "." + gvk.Group + "/" + o.GetName()
}

// few names some of the objects.
func (l *layer) few(objects []int) string {
	const most = 5
	if len(objects) == 0 {
		return "[] (there is none)"
	}
	text := "["
	for n, i := range objects {
		switch {
		case n == most:
			return fmt.Sprintf("%s and %d more]", text, len(objects)-most)
		case n > 0:
			text += ", "
		}
		text += nameOf(&l.objects[i])
	}
	return text + "]"
}
