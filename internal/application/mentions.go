package application

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// checkNamespaceNames finds texts that name the source namespace, where the target's has
// another name. Secrets are left alone.
func checkNamespaceNames(v *view) (out Findings) {
	if v.in.SourceNamespace == v.in.TargetNamespace {
		return nil
	}
	services := map[string]bool{}
	for _, n := range v.includedNodes() {
		if n.ref.kind() == kindService {
			services[n.ref.Name] = true
		}
	}
	for i := range v.plan.Objects {
		o := &v.plan.Objects[i]
		if o.kind() == kindSecret {
			continue
		}
		var places []string
		eachText(o.Object.Object, nil, func(way []string, text string) {
			if name := mention(text, v.in.SourceNamespace, services); name != "" {
				places = append(places, strings.TrimPrefix(strings.Join(way, ""), ".")+" ("+name+")")
			}
		})
		if len(places) > 0 {
			out.AddWarning(o.Ref, "%s names the source namespace in %s: at the target the namespace is %s; "+
				"correct it there, or by a patch, if it means the application itself",
				o.Ref, few(places), v.in.TargetNamespace)
		}
	}
	return out
}

// mention is a name of the namespace in a text: NAMESPACE.svc, else the first SERVICE.NAMESPACE,
// by the names of the Services; empty: none.
func mention(text, namespace string, services map[string]bool) string {
	found, first := "", ""
	for rest := text; ; {
		before, after, is := strings.Cut(rest, "."+namespace)
		if !is {
			return found
		}
		if tail, ok := strings.CutPrefix(after, ".svc"); ok && !startsWithName(tail) {
			return namespace + ".svc"
		}
		service := lastName(text[:len(text)-len(rest)+len(before)])
		if services[service] && !startsWithName(after) && (first == "" || service < first) {
			found, first = service+"."+namespace, service
		}
		rest = after
	}
}

// lastName is the name that a text ends in; empty: it ends in something else.
func lastName(s string) string {
	i := len(s)
	for i > 0 && isNameByte(s[i-1]) {
		i--
	}
	return s[i:]
}

func startsWithName(s string) bool { return s != "" && isNameByte(s[0]) }

func isNameByte(b byte) bool {
	return b == '-' || '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

// eachText visits every text of an object, in a fixed order, with the way to it: .spec, .template,
// [web] and so on.
func eachText(value any, way []string, visit func(way []string, text string)) {
	switch v := value.(type) {
	case string:
		visit(way, v)
	case []any:
		for i, item := range v {
			eachText(item, append(way, "["+itemName(i, item)+"]"), visit)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			eachText(v[key], append(way, "."+key), visit)
		}
	}
}

// itemName is what people call an item of a list: by its name, if it has one.
func itemName(i int, item any) string {
	if named, ok := item.(map[string]any); ok {
		if name, _ := named["name"].(string); name != "" {
			return name
		}
	}
	return strconv.Itoa(i)
}
