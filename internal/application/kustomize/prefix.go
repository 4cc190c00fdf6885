package kustomize

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// withoutReferences are the kinds that hold data and refer to nothing.
var withoutReferences = []string{"ConfigMap", "Secret", "PersistentVolumeClaim"}

// prefix renames all objects, and lets Kustomize correct what refers to them. To find the new
// name it needs to see both; so each object goes together with the bare names of those whose
// names stand anywhere in it.
func (l *layer) prefix(prefix string) {
	if prefix == "" {
		return
	}
	byName := map[string][]int{}
	for i := range l.objects {
		byName[l.objects[i].GetName()] = append(byName[l.objects[i].GetName()], i)
	}
	out := make([]unstructured.Unstructured, len(l.objects))
	p := &renaming{layer: l, prefix: prefix, out: out, bare: map[int]bool{}}
	for i := range l.objects {
		var named []int
		if !slices.Contains(withoutReferences, l.objects[i].GetKind()) {
			named = namedIn(l.objects[i].Object, byName, i)
		}
		if len(named) == 0 {
			out[i] = *l.objects[i].DeepCopy()
			out[i].SetName(prefix + out[i].GetName())
			continue
		}
		if !p.add(i, named) {
			return
		}
	}
	if p.flush() {
		l.objects = out
	}
}

// namedIn lists the other objects whose names are texts of an object.
func namedIn(value any, byName map[string][]int, self int) []int {
	found := map[int]bool{}
	var walk func(any)
	walk = func(value any) {
		switch v := value.(type) {
		case string:
			for _, i := range byName[v] {
				found[i] = true
			}
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			for _, item := range v {
				walk(item)
			}
		}
	}
	walk(value)
	delete(found, self)
	return slices.Sorted(maps.Keys(found))
}

// renaming collects objects for one run.
type renaming struct {
	layer  *layer
	prefix string
	out    []unstructured.Unstructured
	// whole objects of the next run, and those of which only the name is needed.
	whole []int
	bare  map[int]bool
}

func (p *renaming) add(i int, named []int) bool {
	p.whole = append(p.whole, i)
	for _, n := range named {
		p.bare[n] = true
	}
	return len(p.whole)+len(p.bare) < chunk || p.flush()
}

// flush renames what was collected; false: that cannot be done.
func (p *renaming) flush() bool {
	if len(p.whole) == 0 {
		return true
	}
	var shown []map[string]any
	var rest []hidden
	for _, i := range p.whole {
		o, h := viewWhole.show(&p.layer.objects[i])
		o["metadata"].(map[string]any)["namespace"] = h.namespace
		shown, rest = append(shown, o), append(rest, h)
		delete(p.bare, i)
	}
	for _, i := range slices.Sorted(maps.Keys(p.bare)) {
		shown = append(shown, bareName(&p.layer.objects[i]))
	}
	after, err := build(file{Kustomization: api.Kustomization{NamePrefix: p.prefix}}, shown)
	if err != nil || len(after) != len(shown) {
		reason := "Kustomize has lost an object"
		if err != nil {
			reason = inWords(err)
		}
		p.layer.invalid("namePrefix", -1, "cannot be applied to %s: %s; remove it, and rename the objects at the source",
			p.layer.few(p.whole), reason)
		return false
	}
	for n, i := range p.whole {
		rest[n].restore(&after[n])
		p.out[i] = after[n]
	}
	p.whole, p.bare = nil, map[int]bool{}
	return true
}

// bareName is an object of which nothing but the name is known.
func bareName(o *unstructured.Unstructured) map[string]any {
	var out unstructured.Unstructured
	out.SetGroupVersionKind(o.GroupVersionKind())
	out.SetName(o.GetName())
	out.SetNamespace(o.GetNamespace())
	return out.Object
}
