package kustomize

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// chunk is how many objects Kustomize gets at once: it compares each with each.
const chunk = 24

// run lets Kustomize apply one entry to some of the objects, which do not depend on each other.
// With a problem the entry changes none of them.
func (l *layer) run(entry string, f file, objects []int, v view) {
	out := make([]unstructured.Unstructured, 0, len(objects))
	for part := range slices.Chunk(objects, chunk) {
		changed, ok := l.runChunk(f, part, v)
		if !ok {
			l.blame(entry, f, part, v)
			return
		}
		out = append(out, changed...)
	}
	for n, i := range objects {
		if problem := guard(&l.objects[i], &out[n]); problem != "" {
			l.invalid(entry, i, "%s", problem)
			return
		}
	}
	for n, i := range objects {
		l.objects[i] = out[n]
	}
}

// runChunk is run for few objects; not ok: something is wrong with one of them.
func (l *layer) runChunk(f file, objects []int, v view) ([]unstructured.Unstructured, bool) {
	shown := make([]map[string]any, len(objects))
	rest := make([]hidden, len(objects))
	for n, i := range objects {
		shown[n], rest[n] = v.show(&l.objects[i])
	}
	out, err := build(f, shown)
	if err != nil || len(out) != len(objects) {
		return nil, false
	}
	for n, i := range objects {
		rest[n].restore(&out[n])
		restoreNumbers(l.objects[i].Object, out[n].Object)
	}
	return out, true
}

// blame looks for the first of the objects that an entry cannot be applied to.
func (l *layer) blame(entry string, f file, objects []int, v view) {
	for _, i := range objects {
		shown, _ := v.show(&l.objects[i])
		out, err := build(f, []map[string]any{shown})
		switch {
		case err != nil:
			l.invalid(entry, i, "cannot be applied to %s: %s; correct it", nameOf(&l.objects[i]), l.why(i, err))
			return
		case len(out) != 1:
			l.invalid(entry, i,
				"removes %s: expected a change, as what moves is chosen by application; take it out of the application there, or remove the entry",
				nameOf(&l.objects[i]))
			return
		}
	}
	l.invalid(entry, -1, "cannot be applied to %s at once; make an entry for each", l.few(objects))
}

// why an entry cannot be applied to an object. Of a Secret nothing is quoted.
func (l *layer) why(i int, err error) string {
	if isKind(&l.objects[i], "", "Secret") {
		return "Kustomize's message is left out, as it may hold values of the Secret"
	}
	return inWords(err)
}

// restoreNumbers gives whole numbers back that Kustomize's JSON patches have rounded: they read
// every number as a floating-point one.
func restoreNumbers(before, after any) {
	switch b := before.(type) {
	case map[string]any:
		a, ok := after.(map[string]any)
		if !ok {
			return
		}
		for key, value := range b {
			if n, big := bigNumber(value); big && rounded(n, a[key]) {
				a[key] = n
			} else {
				restoreNumbers(value, a[key])
			}
		}
	case []any:
		a, ok := after.([]any)
		for i := 0; ok && i < min(len(a), len(b)); i++ {
			if n, big := bigNumber(b[i]); big && rounded(n, a[i]) {
				a[i] = n
			} else {
				restoreNumbers(b[i], a[i])
			}
		}
	}
}

// bigNumber: a whole number that a floating-point one cannot hold for certain.
func bigNumber(value any) (int64, bool) {
	n, ok := value.(int64)
	return n, ok && (n > 1<<53 || n < -1<<53)
}

func rounded(n int64, value any) bool {
	switch v := value.(type) {
	case int64:
		return float64(v) == float64(n)
	case float64:
		return v == float64(n)
	}
	return false
}

// guard says what is wrong with what has become of an object; empty: nothing. It does not quote
// the new values: a patch may have taken them out of a Secret.
func guard(before, after *unstructured.Unstructured) string {
	name := nameOf(before)
	switch {
	case before.GroupVersionKind() != after.GroupVersionKind():
		return fmt.Sprintf("changes apiVersion or kind of %s: expected the same; leave them out of the patch", name)
	case before.GetName() != after.GetName():
		return fmt.Sprintf("changes the name of %s: expected the same; leave metadata.name out of the patch, and use namePrefix", name)
	case before.GetNamespace() != after.GetNamespace():
		return fmt.Sprintf("sets a namespace on %s: expected none, as KubeMove sets it; leave metadata.namespace out of the patch", name)
	}
	if mark := changedMark(before, after); mark != "" {
		return fmt.Sprintf("sets or removes %s of %s: such marks are KubeMove's own; leave it out of the entry", mark, name)
	}
	return ""
}
