package application

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// given are the requests and limits that a namespace gives to containers without their own.
type given struct{ requests, limits corev1.ResourceList }

// givenBy LimitRanges: of several with the same value it is the first in the order of their names.
func givenBy(ranges []corev1.LimitRange) given {
	out := given{corev1.ResourceList{}, corev1.ResourceList{}}
	ranges = slices.SortedFunc(slices.Values(ranges), func(a, b corev1.LimitRange) int { return strings.Compare(a.Name, b.Name) })
	add := func(to, from corev1.ResourceList) {
		for name, value := range from {
			if _, there := to[name]; !there {
				to[name] = value
			}
		}
	}
	for _, r := range ranges {
		for _, item := range r.Spec.Limits {
			if item.Type == corev1.LimitTypeContainer {
				add(out.requests, item.DefaultRequest)
				add(out.limits, item.Default)
			}
		}
	}
	return out
}

// compareLimits says what containers of the plan get from LimitRanges of the source and not from
// those of the target.
func (p *Plan) compareLimits(source, target Surroundings) (out Findings) {
	all := givenBy(source.Limits)
	needed, by := p.neededOf(all)
	if len(needed.requests)+len(needed.limits) == 0 {
		return nil
	}
	if !target.LimitsRead {
		out.AddWarning(namespaceRef(target.Name), "LimitRanges of the source give containers of %s %s, "+
			"and the account at the target may not list LimitRanges: see to it that Namespace/%s has the same defaults",
			few(by), needed.text(given{}), target.Name)
		return out
	}
	there := givenBy(target.Limits)
	lacks := given{lackingOf(needed.requests, there.requests), lackingOf(needed.limits, there.limits)}
	if len(lacks.requests)+len(lacks.limits) == 0 {
		return nil
	}
	out.AddWarning(namespaceRef(target.Name),
		"LimitRanges of the source give containers of %s %s, and those of Namespace/%s do not. If it is wanted: %s",
		few(by), lacks.text(there), target.Name, lacks.command(there, target.Name))
	return out
}

// neededOf is what of it the containers of the plan's workloads do not say themselves, and by which
// workloads.
func (p *Plan) neededOf(all given) (given, []string) {
	out := given{corev1.ResourceList{}, corev1.ResourceList{}}
	var by []string
	for i := range p.Objects {
		o := &p.Objects[i]
		template, err := podTemplate(&o.Object, o.kind())
		if !isWorkload(o.kind()) || err != nil {
			continue
		}
		needs := false
		for _, c := range containers(&template.Spec) {
			for name, value := range all.limits {
				if _, own := c.Resources.Limits[name]; !own {
					out.limits[name], needs = value, true
				}
			}
			for name, value := range all.requests {
				_, own := c.Resources.Requests[name]
				_, limited := c.Resources.Limits[name] // Which is then the request, too.
				if !own && !limited {
					out.requests[name], needs = value, true
				}
			}
		}
		if needs {
			by = append(by, o.Ref.String())
		}
	}
	return out, by
}

func lackingOf(want, have corev1.ResourceList) corev1.ResourceList {
	out := corev1.ResourceList{}
	for name, value := range want {
		if there, ok := have[name]; !ok || there.Cmp(value) != 0 {
			out[name] = value
		}
	}
	return out
}

// text of what is given, beside what another namespace gives.
func (g given) text(there given) string {
	var out []string
	for _, part := range []struct {
		what       string
		want, have corev1.ResourceList
	}{{"requests", g.requests, there.requests}, {"limits", g.limits, there.limits}} {
		for _, name := range slices.Sorted(maps.Keys(part.want)) {
			text := fmt.Sprintf("%s %s=%s", part.what, name, quantityText(part.want[name]))
			if other, ok := part.have[name]; ok {
				text += " (there: " + quantityText(other) + ")"
			}
			out = append(out, text)
		}
	}
	return few(out)
}

func quantityText(q resource.Quantity) string { return q.String() }

// command that gives it. Where the target gives something else, its LimitRange has to be edited.
func (g given) command(there given, namespace string) string {
	collides := func(want, have corev1.ResourceList) bool {
		return slices.ContainsFunc(slices.Collect(maps.Keys(want)), func(name corev1.ResourceName) bool { _, ok := have[name]; return ok })
	}
	if collides(g.requests, there.requests) || collides(g.limits, there.limits) {
		return "kubectl --namespace " + namespace + " edit limitrange"
	}
	type limits struct {
		Type           string              `json:"type"`
		Default        corev1.ResourceList `json:"default,omitempty"`
		DefaultRequest corev1.ResourceList `json:"defaultRequest,omitempty"`
	}
	data, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "LimitRange", "metadata": map[string]any{"name": "defaults-of-the-source"},
		"spec": map[string]any{"limits": []limits{{"Container", g.limits, g.requests}}},
	})
	if err != nil {
		// Quantities came from JSON: this cannot happen.
		panic(fmt.Sprintf("cannot encode a LimitRange: %v", err))
	}
	return fmt.Sprintf("echo '%s' | kubectl --namespace %s create -f -", data, namespace)
}
