package application

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
)

// checkConnections points at what ties the objects that move to what does not.
func (m *maker) checkConnections() {
	for _, n := range m.takenNodes() {
		switch n.ref.kind() {
		case kindIngress:
			m.checkIngress(n)
		case kindService:
			m.checkService(n)
		case kindRoleBinding:
			ref := read[rbacv1.RoleBinding](n).RoleRef
			if ref.Kind == "ClusterRole" && !slices.Contains(ordinaryRoles, ref.Name) {
				m.requireCluster(n, kindClusterRole, ref.Name)
			}
		}
	}
	m.requireKinds()
	m.requireBindings()
	if m.in.SourceNamespace != m.in.TargetNamespace {
		m.checkNamespaceNames()
	}
	slices.SortFunc(m.plan.Requires, func(a, b Required) int { return compareRefs(a.Ref, b.Ref) })
}

// ordinaryRoles are in every cluster.
var ordinaryRoles = []string{"admin", "edit", "view", "cluster-admin"}

func (m *maker) checkService(n *node) {
	s := read[corev1.Service](n).Spec
	if len(s.Selector) == 0 && s.Type != corev1.ServiceTypeExternalName && !m.hasAddresses(n) {
		m.warn("%s has no selector, and no Endpoints or EndpointSlice of its own: something outside of the namespace may write them; see that it does at the target", n.ref)
	}
	if ip := explicitAddress(n.obj.Object); ip != "" {
		m.warn("%s asks for the address %s of the source cluster (clusterIP): at the target it gets another one; use its name instead", n.ref, ip)
	}
}

// hasAddresses says whether the addresses of a Service without a selector move with it.
func (m *maker) hasAddresses(service *node) bool {
	return slices.ContainsFunc(m.serviceEdges(service), func(e edge) bool {
		return (e.to.kind() == kindEndpoints || e.to.kind() == kindEndpointSlice) && m.isTaken(e.to.kind(), e.to.Name)
	})
}

func (m *maker) checkIngress(n *node) {
	i := read[networkingv1.Ingress](n)
	for _, name := range backends(i) {
		if !m.isTaken(kindService, name) {
			m.warn("%s routes to Service/%s too, which does not move: that route leads nowhere at the target", n.ref, name)
		}
	}
	for _, r := range resourceBackends(i) {
		if !m.isTaken(r.kind(), r.Name) {
			m.warn("%s routes to %s, which does not move: that route leads nowhere at the target, unless you create it there", n.ref, r)
		}
	}
	if class := i.Spec.IngressClassName; class != nil {
		m.requireCluster(n, "IngressClass.networking.k8s.io", *class)
	}
}

// checkNamespaceNames finds texts that name the source namespace, where the target's has
// another name. Secrets are left alone.
func (m *maker) checkNamespaceNames() {
	needles := []string{"." + m.in.SourceNamespace + ".svc"}
	for _, n := range m.takenNodes() {
		if n.ref.kind() == kindService {
			needles = append(needles, n.ref.Name+"."+m.in.SourceNamespace)
		}
	}
	for i := range m.plan.Objects {
		o := &m.plan.Objects[i]
		if o.kind() == kindSecret {
			continue
		}
		if found := mention(o.Object.Object, "."+m.in.SourceNamespace, needles); found != "" {
			m.warn("%s mentions %q of the source namespace: at the target the namespace is %s; correct it there if it means the application itself",
				o.Ref, found, m.in.TargetNamespace)
		}
	}
}

// mention finds a needle in the texts of an object; the first one by its place in needles.
// All needles hold the hint, which spares most objects the search for each of them.
func mention(value any, hint string, needles []string) string {
	if !anyText(value, func(text string) bool { return strings.Contains(text, hint) }) {
		return ""
	}
	for _, needle := range needles {
		if anyText(value, func(text string) bool { return containsName(text, needle) }) {
			return strings.TrimPrefix(needle, ".")
		}
	}
	return ""
}

// containsName says whether text holds the name, and not only as a part of a longer one.
func containsName(text, name string) bool {
	for rest := text; ; {
		before, after, found := strings.Cut(rest, name)
		if !found {
			return false
		}
		if (name[0] == '.' || !endsInName(before)) && !startsWithName(after) {
			return true
		}
		rest = after
	}
}

func endsInName(s string) bool     { return s != "" && isNameByte(s[len(s)-1]) }
func startsWithName(s string) bool { return s != "" && isNameByte(s[0]) }

func isNameByte(b byte) bool {
	return b == '-' || '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

func anyText(value any, match func(string) bool) bool {
	switch v := value.(type) {
	case string:
		return match(v)
	case []any:
		return slices.ContainsFunc(v, func(item any) bool { return anyText(item, match) })
	case map[string]any:
		for _, item := range v {
			if anyText(item, match) {
				return true
			}
		}
	}
	return false
}
