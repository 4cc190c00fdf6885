package application

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// checkIngresses points at what the Ingresses name and what does not move.
func checkIngresses(v *view) (out Findings) {
	made := map[Ref]bool{}
	for _, o := range v.plan.Objects {
		made[o.Ref] = true
	}
	for i := range v.plan.Objects {
		if o := &v.plan.Objects[i]; o.kind() == kindIngress {
			out = append(out, checkIngress(o, made)...)
			out = append(out, checkAnnotatedSecrets(v, o)...)
		}
	}
	return out
}

// checkServices points at addresses that Services do not take along.
func checkServices(v *view) (out Findings) {
	for _, n := range v.includedNodes() {
		if n.ref.kind() == kindService && !v.remains(n.ref) {
			out = append(out, checkService(v, n)...)
		}
	}
	return out
}

func checkService(v *view, n *node) (out Findings) {
	s := read[corev1.Service](n).Spec
	if len(s.Selector) == 0 && s.Type != corev1.ServiceTypeExternalName && !v.hasAddresses(n) {
		out.AddWarning(n.ref,
			"%s has no selector, and no Endpoints or EndpointSlice of its own: something outside of the namespace may write them; "+
				"see that it does at the target", n.ref)
	}
	if ip := s.LoadBalancerIP; ip != "" && s.Type == corev1.ServiceTypeLoadBalancer {
		out.AddWarning(n.ref, "%s asks a balancer for the address %s (loadBalancerIP): "+
			"where one balancer serves both clusters the source's Service keeps it, which stays after the switch; "+
			"give that one another type then, or change the address by a patch of the target's kustomization", n.ref, ip)
	}
	if ip := explicitAddress(n.obj.Object); ip != "" {
		out.AddWarning(n.ref,
			"%s asks for the address %s of the source cluster (clusterIP): at the target it gets another one; use its name instead", n.ref, ip)
	}
	return out
}

// hasAddresses says whether the addresses of a Service without a selector move with it.
func (v *view) hasAddresses(service *node) bool {
	return slices.ContainsFunc(v.serviceEdges(service), func(e edge) bool {
		return (e.to.kind() == kindEndpoints || e.to.kind() == kindEndpointSlice) && v.isIncluded(e.to.kind(), e.to.Name)
	})
}

// checkIngress points at routes to what is not made at the target.
func checkIngress(o *Object, made map[Ref]bool) (out Findings) {
	i, err := decode[networkingv1.Ingress](o.Object.Object)
	if err != nil {
		return out // The target's dry run says it.
	}
	for _, name := range backends(i) {
		if !made[refTo(kindService, name)] {
			out.AddWarning(o.Ref, "%s routes to Service/%s too, which does not move: that route leads nowhere at the target", o.Ref, name)
		}
	}
	for _, r := range resourceBackends(i) {
		if !made[r] {
			out.AddWarning(o.Ref,
				"%s routes to %s, which does not move: that route leads nowhere at the target, unless you create it there", o.Ref, r)
		}
	}
	return out
}
