package apply

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
)

// mergeKeys by which the items of a list are told from each other, in the order of their precedence. 4.17
// knows mountPath and path as well, which the children of KubeMove's hooks have in Jobs alone.
var mergeKeys = []string{"containerPort", "port", "name", "uid", "ip"}

// Merge makes of an observed object what is desired of it, and leaves alone what neither that says nor
// what was applied last has said. The observed object is not changed.
func Merge(observed, last, desired map[string]any) map[string]any {
	out := runtime.DeepCopyJSON(observed)
	mergeObject(out, last, desired)
	return out
}

func mergeObject(into, last, desired map[string]any) {
	for key := range last {
		if _, ok := desired[key]; !ok {
			delete(into, key)
		}
	}
	for key, value := range desired {
		into[key] = merged(into[key], last[key], value)
	}
}

func merged(observed, last, desired any) any {
	switch want := desired.(type) {
	case map[string]any:
		is, ok := observed.(map[string]any)
		if !ok {
			return desired
		}
		was, _ := last.(map[string]any)
		mergeObject(is, was, want)
		return is
	case []any:
		is, ok := observed.([]any)
		if !ok {
			return desired
		}
		was, _ := last.([]any)
		if key := mergeKey(is, was, want); key != "" {
			return mergeList(key, is, was, want)
		}
	}
	return desired
}

// mergeKey is the field that all items of the lists have and that names them; empty: there is none.
func mergeKey(lists ...[]any) string {
	items := slices.Concat(lists...)
	if len(items) == 0 {
		return ""
	}
	for _, key := range mergeKeys {
		all := !slices.ContainsFunc(items, func(item any) bool {
			m, ok := item.(map[string]any)
			if !ok {
				return true
			}
			_, ok = m[key]
			return !ok
		})
		if all {
			return key
		}
	}
	return ""
}

// mergeList keeps the order of what is observed; new items come after it.
func mergeList(key string, observed, last, desired []any) []any {
	nameOf := func(item any) string { return fmt.Sprint(item.(map[string]any)[key]) }
	byName := func(list []any) map[string]any {
		out := make(map[string]any, len(list))
		for _, item := range list {
			out[nameOf(item)] = item
		}
		return out
	}
	items := byName(observed)
	mergeObject(items, byName(last), byName(desired))
	out := make([]any, 0, len(items))
	added := map[string]bool{}
	for _, item := range observed {
		name := nameOf(item)
		if value, ok := items[name]; ok {
			out = append(out, value)
			added[name] = true
		}
	}
	for _, item := range desired {
		name := nameOf(item)
		if !added[name] {
			out = append(out, items[name])
			added[name] = true
		}
	}
	return out
}
