package application

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// checkConnections points at what ties the objects that move to what does not.
func (m *maker) checkConnections() {
	made := map[Ref]bool{}
	for _, o := range m.plan.Objects {
		made[o.Ref] = true
	}
	for i := range m.plan.Objects {
		if o := &m.plan.Objects[i]; o.kind() == kindIngress {
			m.checkIngress(o, made)
			m.checkAnnotatedSecrets(o)
		}
	}
	for _, n := range m.takenNodes() {
		if n.ref.kind() == kindService && !m.remains(n.ref) {
			m.checkService(n)
		}
	}
	if m.in.SourceNamespace != m.in.TargetNamespace {
		m.checkNamespaceNames()
	}
}

func (m *maker) checkService(n *node) {
	s := read[corev1.Service](n).Spec
	if len(s.Selector) == 0 && s.Type != corev1.ServiceTypeExternalName && !m.hasAddresses(n) {
		m.AddWarning(n.ref,
			"%s has no selector, and no Endpoints or EndpointSlice of its own: something outside of the namespace may write them; "+
				"see that it does at the target", n.ref)
	}
	if ip := s.LoadBalancerIP; ip != "" && s.Type == corev1.ServiceTypeLoadBalancer {
		m.AddWarning(n.ref, "%s asks a balancer for the address %s (loadBalancerIP): "+
			"where one balancer serves both clusters the source's Service keeps it, which stays after the switch; "+
			"give that one another type then, or change the address by a patch of the target's kustomization", n.ref, ip)
	}
	if ip := explicitAddress(n.obj.Object); ip != "" {
		m.AddWarning(n.ref,
			"%s asks for the address %s of the source cluster (clusterIP): at the target it gets another one; use its name instead", n.ref, ip)
	}
}

// hasAddresses says whether the addresses of a Service without a selector move with it.
func (m *maker) hasAddresses(service *node) bool {
	return slices.ContainsFunc(m.serviceEdges(service), func(e edge) bool {
		return (e.to.kind() == kindEndpoints || e.to.kind() == kindEndpointSlice) && m.isTaken(e.to.kind(), e.to.Name)
	})
}

// checkIngress points at routes to what is not made at the target.
func (m *maker) checkIngress(o *Object, made map[Ref]bool) {
	i, err := decode[networkingv1.Ingress](o.Object.Object)
	if err != nil {
		return // The target's dry run says it.
	}
	for _, name := range backends(i) {
		if !made[refTo(kindService, name)] {
			m.AddWarning(o.Ref, "%s routes to Service/%s too, which does not move: that route leads nowhere at the target", o.Ref, name)
		}
	}
	for _, r := range resourceBackends(i) {
		if !made[r] {
			m.AddWarning(o.Ref, "%s routes to %s, which does not move: that route leads nowhere at the target, unless you create it there", o.Ref, r)
		}
	}
}
