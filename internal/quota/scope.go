package quota

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// scope says whether a Pod belongs to what a quota is for.
type scope func(*corev1.Pod) bool

// scopesOf a quota; not ok: it has one that is not known.
func scopesOf(q *corev1.ResourceQuota) (out []scope, ok bool) {
	var rules []corev1.ScopedResourceSelectorRequirement
	for _, s := range q.Spec.Scopes {
		rules = append(rules, corev1.ScopedResourceSelectorRequirement{ScopeName: s, Operator: corev1.ScopeSelectorOpExists})
	}
	if q.Spec.ScopeSelector != nil {
		rules = append(rules, q.Spec.ScopeSelector.MatchExpressions...)
	}
	for _, r := range rules {
		s := scopeOf(r)
		if s == nil {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

func scopeOf(r corev1.ScopedResourceSelectorRequirement) scope {
	switch r.ScopeName {
	case corev1.ResourceQuotaScopeBestEffort:
		return isBestEffort
	case corev1.ResourceQuotaScopeNotBestEffort:
		return func(p *corev1.Pod) bool { return !isBestEffort(p) }
	case corev1.ResourceQuotaScopeTerminating:
		return isTerminating
	case corev1.ResourceQuotaScopeNotTerminating:
		return func(p *corev1.Pod) bool { return !isTerminating(p) }
	case corev1.ResourceQuotaScopePriorityClass:
		return func(p *corev1.Pod) bool { return ofClass(p.Spec.PriorityClassName, r) }
	}
	return nil
}

// inScope: a quota with scopes is for Pods only.
func inScope(item Item, scopes []scope) bool {
	for _, s := range scopes {
		if item.pod == nil || !s(item.pod) {
			return false
		}
	}
	return true
}

func isTerminating(p *corev1.Pod) bool {
	return p.Spec.ActiveDeadlineSeconds != nil && *p.Spec.ActiveDeadlineSeconds >= 0
}

// isBestEffort: no container asks for, or is limited in, processors or memory.
func isBestEffort(p *corev1.Pod) bool {
	all := append(slices.Clone(p.Spec.InitContainers), p.Spec.Containers...)
	asks := slices.ContainsFunc(all, func(c corev1.Container) bool { return asksForSome(c.Resources) })
	return !asks && (p.Spec.Resources == nil || !asksForSome(*p.Spec.Resources))
}

func asksForSome(r corev1.ResourceRequirements) bool {
	for _, list := range []corev1.ResourceList{r.Requests, r.Limits} {
		for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			if q, there := list[name]; there && !q.IsZero() {
				return true
			}
		}
	}
	return false
}

func ofClass(class string, r corev1.ScopedResourceSelectorRequirement) bool {
	switch r.Operator {
	case corev1.ScopeSelectorOpIn:
		return slices.Contains(r.Values, class)
	case corev1.ScopeSelectorOpNotIn:
		return !slices.Contains(r.Values, class)
	case corev1.ScopeSelectorOpDoesNotExist:
		return class == ""
	}
	return class != ""
}

// WithDefaults fills in what the API server would: requests from limits, and both from the
// namespace's LimitRanges.
func WithDefaults(spec *corev1.PodSpec, limits []corev1.LimitRange) *corev1.PodSpec {
	out := spec.DeepCopy()
	requests, most := corev1.ResourceList{}, corev1.ResourceList{}
	for _, l := range limits {
		for _, item := range l.Spec.Limits {
			if item.Type == corev1.LimitTypeContainer {
				fill(requests, item.DefaultRequest)
				fill(most, item.Default)
			}
		}
	}
	for _, list := range [][]corev1.Container{out.InitContainers, out.Containers} {
		for i := range list {
			r := &list[i].Resources
			if r.Requests == nil {
				r.Requests = corev1.ResourceList{}
			}
			if r.Limits == nil {
				r.Limits = corev1.ResourceList{}
			}
			fill(r.Requests, r.Limits)
			fill(r.Requests, requests)
			fill(r.Limits, most)
		}
	}
	return out
}

// fill adds what is missing.
func fill(list, from corev1.ResourceList) {
	for name, q := range from {
		if _, there := list[name]; !there {
			list[name] = q
		}
	}
}
