package application

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Until the commit a roll back gives up what the target has acknowledged. So what leads clients to the
// application is created after it. Which kinds of custom resources do that cannot be listed: each one
// that seems to does, unless its kind is known to be harmless.

// phaseOf is when an object of the plan is created.
func (m *maker) phaseOf(o *Object) Phase {
	switch kind := o.kind(); {
	case kind == kindClaim:
		return PhaseVolume
	case kind == kindIngress, kind == kindService && letsTrafficIn(&o.Object):
		return PhaseOpen
	case isCustom(kind):
		return m.phaseOfCustom(o)
	}
	return PhaseStart
}

// phaseOfCustom: a custom resource that the start depends on cannot wait for the commit.
func (m *maker) phaseOfCustom(o *Object) Phase {
	to := m.leadsTo(o)
	if to == "" {
		return PhaseStart
	}
	because := "makes workloads"
	if !o.Runs {
		needed := m.makesWhatPodsNeed(o.SourceRef())
		if needed == "" {
			return PhaseOpen
		}
		because = "makes " + needed + ", which Pods wait for"
	}
	m.AddWarning(o.Ref, "%s may lead traffic to %s and %s, so it is created before the commit: "+
		"what comes in through it until then is lost if the switch rolls back; keep its clients away until Switched is True",
		o.Ref, to, because)
	return PhaseStart
}

// leadsTo is what of the application a custom resource may lead traffic to; empty: to nothing.
func (v *view) leadsTo(o *Object) string {
	kind := o.kind()
	if whyHarmless(kind) != "" {
		return ""
	}
	for _, n := range v.x.owned[o.SourceRef()] {
		made := n.ref.kind()
		if made == kindIngress || made == kindService && letsTrafficIn(n.obj) || isRoute(made) {
			return n.ref.String()
		}
	}
	s := &trafficScan{trafficTargets: v.trafficTargets()}
	if s.scan(&o.Object); s.service != "" {
		return "Service/" + s.service
	}
	if s.target != "" && s.hasPort {
		return s.target
	}
	if isRoute(kind) {
		return "the application"
	}
	return ""
}

// routeWords are parts of the names of kinds that lead traffic, no matter who has defined them.
var routeWords = []string{"Ingress", "ServiceExport", "VirtualServer", "VirtualService", "LoadBalancer", "DNS"}

// isRoute says whether objects of the kind lead traffic from outside, whatever they name.
func isRoute(kind string) bool {
	if externalEndpoints[kind] {
		return true
	}
	if !isCustom(kind) || whyHarmless(kind) != "" {
		return false
	}
	name, _, _ := strings.Cut(kind, ".")
	for _, suffix := range []string{"Route", "RouteTCP", "RouteUDP"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	for _, word := range routeWords {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// makesWhatPodsNeed is what a custom resource has made at the source, or is itself, that Pods which move
// do not start without; empty: nothing.
func (v *view) makesWhatPodsNeed(custom Ref) string {
	needed := v.trafficTargets().needed
	if needed[custom] {
		return custom.String()
	}
	for _, n := range v.x.owned[custom] {
		if needed[n.ref] {
			return n.ref.String()
		}
	}
	return ""
}

// letsTrafficIn says whether a Service can be reached from outside of the cluster.
func letsTrafficIn(service *unstructured.Unstructured) bool {
	t, _, _ := unstructured.NestedString(service.Object, "spec", "type")
	ips, _, _ := unstructured.NestedSlice(service.Object, "spec", "externalIPs")
	return t == "NodePort" || t == "LoadBalancer" || len(ips) > 0
}
