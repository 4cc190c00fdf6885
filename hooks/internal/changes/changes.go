// Package changes tells a row of JSON documents as people read it: the first one in full, and of
// each later one what is different. Nothing is lost: the documents follow from what is told.
//
// A change is laid over the document before it, as a JSON merge patch is: what is not named stays,
// and null removes. A list of objects that have a type or a name each, in the same order as
// before, is told as a map of those that are different; every other list that is different is told
// whole.
//
// So the documents have no null of their own, and none has an object where the one before it has
// a list.
package changes

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Between is what has changed from before to after; nil when nothing has.
func Between(before, after any) any {
	switch a := after.(type) {
	case map[string]any:
		b, ok := before.(map[string]any)
		change := object(b, a)
		if ok && len(change) == 0 {
			return nil
		}
		return change
	case []any:
		b, _ := before.([]any)
		names := keys(a)
		if names == nil || !slices.Equal(names, keys(b)) {
			break
		}
		change := map[string]any{}
		for i, name := range names {
			if c := Between(b[i], a[i]); c != nil {
				change[name] = c
			}
		}
		if len(change) == 0 {
			return nil
		}
		return change
	}
	if reflect.DeepEqual(before, after) {
		return nil
	}
	return after
}

func object(before, after map[string]any) map[string]any {
	change := map[string]any{}
	for k, v := range after {
		if c := Between(before[k], v); c != nil {
			change[k] = c
		}
	}
	for k := range before {
		if _, ok := after[k]; !ok {
			change[k] = nil
		}
	}
	return change
}

// keys of a list whose elements are objects with a type or a name each; nil for every other list.
func keys(list []any) []string {
	for _, field := range []string{"type", "name"} {
		var out []string
		for _, e := range list {
			o, _ := e.(map[string]any)
			key, ok := o[field].(string)
			if !ok || slices.Contains(out, key) {
				out = nil
				break
			}
			out = append(out, key)
		}
		if out != nil {
			return out
		}
	}
	return nil
}

// Apply makes of a document the next one. It changes neither of the two it is given.
func Apply(before, change any) (any, error) {
	c, ok := change.(map[string]any)
	if !ok {
		return change, nil
	}
	if b, ok := before.([]any); ok {
		return elements(b, c)
	}
	b, _ := before.(map[string]any)
	after := maps.Clone(b)
	if after == nil {
		after = map[string]any{}
	}
	for k, v := range c {
		if v == nil {
			delete(after, k)
			continue
		}
		next, err := Apply(after[k], v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k, err)
		}
		after[k] = next
	}
	return after, nil
}

func elements(before []any, change map[string]any) (any, error) {
	names, after := keys(before), slices.Clone(before)
	for _, name := range slices.Sorted(maps.Keys(change)) {
		i := slices.Index(names, name)
		if i < 0 {
			return nil, fmt.Errorf("the list has no element %s", name)
		}
		next, err := Apply(after[i], change[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		after[i] = next
	}
	return after, nil
}
