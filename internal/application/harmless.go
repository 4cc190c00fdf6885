package application

import "k8s.io/apimachinery/pkg/runtime/schema"

// Reasons why custom resources that name a Service lead no client to it.
const (
	measures  = "it has the application measured"
	certifies = "it asks for certificates, which Pods mount"
	permits   = "it allows or forbids traffic, and is missed where it is not there first"
	fills     = "it fills Secrets or ConfigMaps, which Pods wait for"
	scales    = "it sets the number of Pods"
	equips    = "it adds containers, credentials or settings to Pods, and has to be there before them"
	connects  = "it says how clients within the cluster connect, the Pods of the application among them"
	describes = "it describes what is there, or delivers it"
)

// harmlessGroups are API groups whose kinds lead no traffic to an application.
var harmlessGroups = map[string]string{
	"monitoring.coreos.com":        measures,
	"azmonitoring.coreos.com":      measures,
	"monitoring.googleapis.com":    measures,
	"operator.victoriametrics.com": measures,
	"grafana.integreatly.org":      measures,
	"telemetry.istio.io":           measures,
	"opentelemetry.io":             equips,

	"cert-manager.io":            certifies,
	"acme.cert-manager.io":       certifies,
	"trust.cert-manager.io":      certifies,
	"external-secrets.io":        fills,
	"bitnami.com":                fills,
	"secrets.hashicorp.com":      fills,
	"secrets-store.csi.x-k8s.io": fills,

	"crd.projectcalico.org":    permits,
	"projectcalico.org":        permits,
	"policy.networking.k8s.io": permits,
	"security.istio.io":        permits,
	"policy.linkerd.io":        permits,
	"policy.cert-manager.io":   permits,
	"kyverno.io":               permits,
	"wgpolicyk8s.io":           permits,
	"security.openshift.io":    permits,
	"crd.antrea.io":            permits,

	"keda.sh":                     scales,
	"autoscaling.k8s.io":          scales,
	"eventing.keda.sh":            scales,
	"servicebinding.io":           equips,
	"extensions.istio.io":         equips,
	"dapr.io":                     equips,
	"linkerd.io":                  connects,
	"app.k8s.io":                  describes,
	"argoproj.io":                 describes,
	"kustomize.toolkit.fluxcd.io": describes,
	"source.toolkit.fluxcd.io":    describes,
}

// harmlessKinds are single kinds of groups that have others, too.
var harmlessKinds = map[string]string{
	"CiliumNetworkPolicy.cilium.io":              permits,
	"BackendTLSPolicy.gateway.networking.k8s.io": connects,
	"ReferenceGrant.gateway.networking.k8s.io":   permits,
	"DestinationRule.networking.istio.io":        connects,
	"EnvoyFilter.networking.istio.io":            connects,
	"ProxyConfig.networking.istio.io":            equips,
	"Sidecar.networking.istio.io":                connects,
	"ServiceDefaults.consul.hashicorp.com":       connects,
	"ServiceIntentions.consul.hashicorp.com":     permits,
	"ServiceResolver.consul.hashicorp.com":       connects,
	"SidecarSet.apps.kruise.io":                  equips,
	"ResourceDistribution.apps.kruise.io":        fills,
	"BackendTrafficPolicy.gateway.envoyproxy.io": connects,
	"ClientTrafficPolicy.gateway.envoyproxy.io":  connects,
	"SecurityPolicy.gateway.envoyproxy.io":       permits,
	"MeshCircuitBreaker.kuma.io":                 connects,
	"MeshHealthCheck.kuma.io":                    connects,
	"MeshRetry.kuma.io":                          connects,
	"MeshTimeout.kuma.io":                        connects,
	"MeshTrafficPermission.kuma.io":              permits,
	"Middleware.traefik.containo.us":             connects,
	"Middleware.traefik.io":                      connects,
	"ServersTransport.traefik.io":                connects,
	"TLSOption.traefik.io":                       connects,
	"Policy.k8s.nginx.org":                       permits,
	"BackendConfig.cloud.google.com":             connects,
	"HealthCheckPolicy.networking.gke.io":        connects,
}

// whyHarmless says why no custom resource of the kind leads clients to the application; empty: it is
// not known to be so, and one that names a Service opens after the commit.
func whyHarmless(kind string) string {
	if externalEndpoints[kind] {
		return ""
	}
	if why := harmlessKinds[kind]; why != "" {
		return why
	}
	return harmlessGroups[schema.ParseGroupKind(kind).Group]
}
