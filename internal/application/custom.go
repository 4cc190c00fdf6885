package application

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Custom resources name other objects in fields of their own. What their kinds have in common
// is how they do it, and that is all that is known of them here.

// naming is an object that a custom resource names.
type naming struct {
	to Ref
	// byKind: the kind is written there, too, and not guessed from the field's name.
	byKind bool
}

// names lists what a custom resource names of what is there.
func (v *view) names(n *node) []naming {
	visitor := &namesVisitor{view: v, isRoute: isRoute(n.ref.kind()), seen: map[Ref]bool{}}
	visitor.visit("", n.obj.Object["spec"])
	if n.ref.Kind == "ServiceExport" {
		visitor.add(refTo(kindService, n.ref.Name), false)
	}
	slices.SortFunc(visitor.out, func(a, b naming) int { return compareRefs(a.to, b.to) })
	return visitor.out
}

type namesVisitor struct {
	view *view
	// isRoute: it leads traffic.
	isRoute bool
	seen    map[Ref]bool
	out     []naming
}

func (v *namesVisitor) visit(field string, value any) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			v.visit(field, item)
		}
	case map[string]any:
		v.visitMap(field, value)
	case string:
		if kind := kindOfText(field, v.isRoute); kind != "" {
			v.add(refTo(kind, v.short(value)), false)
		}
	}
}

func (v *namesVisitor) visitMap(field string, value map[string]any) {
	name, _ := value["name"].(string)
	namespace, _ := value["namespace"].(string)
	if name != "" && (namespace == "" || namespace == v.view.in.SourceNamespace) {
		if kind, _ := value["kind"].(string); kind != "" {
			v.add(v.resolve(value, kind, name), true)
		} else if kind := kindOfField(field, v.isRoute); kind != "" {
			v.add(refTo(kind, name), false)
		}
	}
	for key, inner := range value {
		v.visit(key, inner)
	}
}

// short is the name of a Service that is named as DNS does.
func (v *namesVisitor) short(text string) string {
	name, rest, qualified := strings.Cut(text, ".")
	if qualified && rest != v.view.in.SourceNamespace && !strings.HasPrefix(rest, v.view.in.SourceNamespace+".svc") {
		return text
	}
	return name
}

// resolve finds the group of a reference, which is written in one of several ways or not at all.
func (v *namesVisitor) resolve(value map[string]any, kind, name string) Ref {
	for _, field := range []string{"apiVersion", "group", "apiGroup"} {
		text, ok := value[field].(string)
		if !ok {
			continue
		}
		if gv, err := schema.ParseGroupVersion(text); field == "apiVersion" && err == nil {
			text = gv.Group
		}
		return Ref{Group: text, Kind: kind, Name: name}
	}
	for _, k := range kinds {
		if gk := schema.ParseGroupKind(k.name); gk.Kind == kind {
			return Ref{Group: gk.Group, Kind: kind, Name: name}
		}
	}
	return Ref{Kind: kind, Name: name}
}

func (v *namesVisitor) add(to Ref, byKind bool) {
	if _, there := v.view.x.byRef[to]; !there || v.seen[to] {
		return
	}
	v.seen[to] = true
	v.out = append(v.out, naming{to: to, byKind: byKind})
}

// kindOfText is the kind that a field with a bare name means; empty: none that is known.
func kindOfText(field string, isRoute bool) string {
	switch field {
	case "secretName":
		return kindSecret
	case "configMapName":
		return kindConfigMap
	case "serviceAccountName":
		return kindServiceAccount
	case "claimName", "persistentVolumeClaimName":
		return kindClaim
	case "serviceName":
		return kindService
	case "host", "service", "backend":
		if isRoute {
			return kindService
		}
	}
	return ""
}

// routeFields of kinds that lead traffic hold references to Services.
var routeFields = []string{"backendRefs", "backendRef", "backends", "backend", "serviceRefs", "serviceRef", "services", "service", "to"}

// kindOfField is the kind that a reference with a name and without a kind means.
func kindOfField(field string, isRoute bool) string {
	lower := strings.ToLower(field)
	switch {
	case strings.Contains(lower, "secret"):
		return kindSecret
	case strings.Contains(lower, "configmap"):
		return kindConfigMap
	case strings.Contains(lower, "serviceaccount"):
		return kindServiceAccount
	case isRoute && slices.Contains(routeFields, field):
		return kindService
	case field == "parentRefs":
		return "Gateway.gateway.networking.k8s.io"
	}
	return ""
}

// customEdges are what a custom resource leads to: what it names, and what the workloads need
// that it makes.
func (v *view) customEdges(n *node) []edge {
	var out []edge
	for _, to := range v.names(n) {
		out = append(out, edge{to: to.to})
	}
	for _, w := range v.ownedWorkloads(n) {
		out = append(out, v.workloadEdges(w)...)
	}
	return slices.DeleteFunc(out, func(e edge) bool { return e.to == n.ref })
}

// namedBy are the custom resources that belong to an object because they name it: a route to a
// Service, and what scales or protects a workload.
func (v *view) namedBy(ref Ref) []edge {
	if v.referrers == nil {
		v.referrers = map[Ref][]Ref{}
		for _, n := range v.x.nodes {
			if !isCustom(n.ref.kind()) {
				continue
			}
			for _, to := range v.names(n) {
				if to.byKind || isRoute(n.ref.kind()) {
					v.referrers[to.to] = append(v.referrers[to.to], n.ref)
				}
			}
		}
	}
	var out []edge
	for _, from := range v.referrers[ref] {
		out = append(out, edge{to: from})
	}
	return out
}

// renameReferences makes references to the source namespace ones to the target's.
func (m *maker) renameReferences(value any) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			m.renameReferences(item)
		}
	case map[string]any:
		if _, named := value["name"].(string); named && value["namespace"] == m.in.SourceNamespace {
			value["namespace"] = m.in.TargetNamespace
		}
		for _, inner := range value {
			m.renameReferences(inner)
		}
	}
}
