package application

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

const (
	servedWeb = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: front, namespace: src},
		spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c}]}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: src}, spec: {selector: {app: web}, ports: [{port: 80}]}}`
	ownedByEdge = `ownerReferences: [{apiVersion: edge.example.com/v1, kind: Edge, name: e, uid: e, controller: true}]`
)

// edge is a custom resource of a kind that KubeMove has never heard of.
func edgeWith(fields string) string {
	return `{apiVersion: edge.example.com/v1, kind: Edge, metadata: {name: e, namespace: src, uid: e}, ` + fields + `}`
}

func custom(apiVersion, kind, fields string) string {
	return `{apiVersion: ` + apiVersion + `, kind: ` + kind + `, metadata: {name: e, namespace: src, uid: e}, ` + fields + `}`
}

// TestTrafficBeforeTheCommit: what may lead traffic to the application is created after the commit, as
// a roll back loses what the target has acknowledged until then.
func TestTrafficBeforeTheCommit(t *testing.T) {
	cases := map[string]struct {
		reason string
		custom string
		more   string
		want   Phase
	}{
		"Reference": {reason: "a reference with its kind", custom: edgeWith(`spec: {to: {kind: Service, name: web}}`), want: PhaseOpen},
		"ReferenceByGroup": {reason: "a Service of another group is reached by name, too",
			custom: edgeWith(`spec: {ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: web}}`), want: PhaseOpen},
		"NameOnly":      {reason: "a field of any name", custom: edgeWith(`spec: {publish: web}`), want: PhaseOpen},
		"InAList":       {reason: "one of several", custom: edgeWith(`spec: {upstreams: [{name: other}, {name: web}]}`), want: PhaseOpen},
		"AsAKey":        {reason: "the name as a key of a map", custom: edgeWith(`spec: {services: {web: {port: 80}}}`), want: PhaseOpen},
		"OutsideOfSpec": {reason: "not every kind has a spec", custom: edgeWith(`backend: {service: web}`), want: PhaseOpen},
		"WithPort":      {reason: "host and port", custom: edgeWith(`spec: {origin: "web:80"}`), want: PhaseOpen},
		"WithNamespace": {reason: "as others name it from outside", custom: edgeWith(`spec: {origin: src/web}`), want: PhaseOpen},
		"DNSName": {reason: "its name in the cluster's DNS",
			custom: edgeWith(`spec: {origin: web.src.svc.cluster.local}`), want: PhaseOpen},
		"ShortDNSName": {reason: "the short form", custom: edgeWith(`spec: {origins: ["web.src:80"]}`), want: PhaseOpen},
		"PodsDNSName":  {reason: "the name of one Pod of it", custom: edgeWith(`spec: {origin: web-0.web.src.svc}`), want: PhaseOpen},
		"URL":          {reason: "a URL", custom: edgeWith(`spec: {target: "http://web.src.svc:80/path"}`), want: PhaseOpen},
		"ShortURL":     {reason: "a URL with the name alone", custom: edgeWith(`spec: {target: "https://web/"}`), want: PhaseOpen},
		"PodsByLabels": {reason: "a port of Pods that it selects itself",
			custom: edgeWith(`spec: {selector: {matchLabels: {app: web}}, port: 80}`), want: PhaseOpen},
		"PodsByPlainLabels": {reason: "a selector as a Service has it",
			custom: edgeWith(`spec: {podSelector: {app: web}, ports: [{containerPort: 80}]}`), want: PhaseOpen},
		"PodsByText": {reason: "a selector as kubectl takes it",
			custom: edgeWith(`spec: {selector: "app=web", targetPort: 80}`), want: PhaseOpen},
		"PortOfAWorkload": {reason: "a workload and a port of it",
			custom: edgeWith(`spec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: front}, port: 80}`), want: PhaseOpen},
		"NamesNothing": {reason: "it has nothing to do with a Service", custom: edgeWith(`spec: {size: small}`), want: PhaseStart},
		"OtherService": {reason: "a Service that there is not", custom: edgeWith(`spec: {to: {kind: Service, name: other}}`), want: PhaseStart},
		"OtherNamespace": {reason: "a Service of another namespace",
			custom: edgeWith(`spec: {to: {kind: Service, name: web, namespace: other}, url: "http://web.other.svc"}`), want: PhaseStart},
		"OtherKind": {reason: "something else of the same name",
			custom: edgeWith(`spec: {a: {kind: Secret, name: web}, passwordSecretRef: {name: web}, secretName: web, configMap: web}`),
			want:   PhaseStart},
		"LabelOfTheSameName": {reason: "a label's value is no name",
			custom: edgeWith(`spec: {selector: {matchLabels: {tier: web}}, labels: {a: web}}`), want: PhaseStart},
		"ContainerOfThatName": {reason: "a container's name is no Service's",
			custom: edgeWith(`spec: {template: {spec: {containers: [{name: web, env: [{name: A, value: "http://web"}]}]}}}`), want: PhaseStart},
		"WorkloadWithoutPort": {reason: "what scales a workload routes nothing",
			custom: edgeWith(`spec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: front}}`), want: PhaseStart},
		"PodsWithoutPort": {reason: "what gives Pods something has to be there before them",
			custom: edgeWith(`spec: {selector: {matchLabels: {app: web}}}`), want: PhaseStart},
		"PodsOfOthers": {reason: "a selector of other Pods",
			custom: edgeWith(`spec: {selector: {matchLabels: {app: x}}, port: 80}`), want: PhaseStart},
		"RecordOfADNS": {reason: "a name in a DNS leads clients to the target, whatever it says",
			custom: custom("kuadrant.io/v1alpha1", "DNSRecord", `spec: {rootHost: shop.example.com}`), want: PhaseOpen},
		"MadeAnIngress": {
			reason: "what it has made at the source shows what it does", custom: edgeWith(`spec: {size: small}`), want: PhaseOpen,
			more: `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: src, ` + ownedByEdge + `}, spec: {}}`,
		},
		"MadeABalancer": {
			reason: "a Service that it has made", custom: edgeWith(`spec: {size: small}`), want: PhaseOpen,
			more: `{apiVersion: v1, kind: Service, metadata: {name: s, namespace: src, ` + ownedByEdge + `}, spec: {type: LoadBalancer}}`,
		},
		"MadeARoute": {
			reason: "a route that it has made", custom: edgeWith(`spec: {size: small}`), want: PhaseOpen,
			more: `{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r, namespace: src, ` + ownedByEdge + `}}`,
		},
		"MadeASecretThatPodsNeed": {
			reason: "Pods would wait for it until the switch rolls back", custom: edgeWith(`spec: {name: web}`), want: PhaseStart,
			more: `{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: src, ` + ownedByEdge + `}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: reader, namespace: src},
  spec: {template: {spec: {containers: [{name: c, envFrom: [{secretRef: {name: s}}]}]}}}}`,
		},
		"Export": {reason: "it exports the Service of its own name",
			custom: custom("multicluster.x-k8s.io/v1alpha1", "ServiceExport", `spec: {}`), want: PhaseOpen},
		"ExportOfACloud": {reason: "and so it is called elsewhere",
			custom: custom("net.gke.io/v1", "ServiceExport", `spec: {}`), want: PhaseOpen},
		"UnknownRoute": {reason: "its kind says what it is", custom: custom("example.com/v1", "GameRoute", `spec: {}`), want: PhaseOpen},
		"Listed": {reason: "a route is one whatever it names",
			custom: custom("route.openshift.io/v1", "Route", `spec: {}`), want: PhaseOpen},
		"Binding": {reason: "a target group of a cloud",
			custom: custom("elbv2.k8s.aws/v1beta1", "TargetGroupBinding", `spec: {serviceRef: {name: web, port: 80}}`), want: PhaseOpen},
		"ScaledByRequests": {reason: "it routes what it counts",
			custom: custom("http.keda.sh/v1alpha1", "HTTPScaledObject", `spec: {scaleTargetRef: {name: front, service: web, port: 80}}`),
			want:   PhaseOpen},
		"Monitor": {reason: "it reads measurements", custom: custom("monitoring.coreos.com/v1", "ServiceMonitor",
			`spec: {endpoints: [{port: web}], selector: {matchLabels: {app: web}}}`), want: PhaseStart},
		"Probe": {reason: "it asks whether it lives",
			custom: custom("monitoring.coreos.com/v1", "Probe", `spec: {targets: {staticConfig: {static: ["http://web.src.svc"]}}}`),
			want:   PhaseStart},
		"Certificate": {reason: "Pods mount what is made of it",
			custom: custom("cert-manager.io/v1", "Certificate", `spec: {dnsNames: [web.src.svc]}`), want: PhaseStart},
		"Policy": {reason: "it allows or forbids", custom: custom("cilium.io/v2", "CiliumNetworkPolicy",
			`spec: {endpointSelector: {matchLabels: {app: web}}, ingress: [{toPorts: [{ports: [{port: "80"}]}]}]}`), want: PhaseStart},
		"Authorization": {reason: "without it the Pods are open to all",
			custom: custom("security.istio.io/v1", "AuthorizationPolicy", `spec: {targetRefs: [{kind: Service, name: web}]}`), want: PhaseStart},
		"ExternalSecret": {reason: "Pods wait for what is made of it",
			custom: custom("external-secrets.io/v1", "ExternalSecret", `spec: {target: {name: web}}`), want: PhaseStart},
		"Scaler": {reason: "it asks a server, and scales", custom: custom("keda.sh/v1alpha1", "ScaledObject",
			`spec: {scaleTargetRef: {name: web}, triggers: [{metadata: {serverAddress: "http://web.src.svc:80"}}]}`), want: PhaseStart},
		"SettingsOfAMesh": {reason: "it says how a host is called within the mesh",
			custom: custom("networking.istio.io/v1", "DestinationRule", `spec: {host: web}`), want: PhaseStart},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, join(servedWeb, tc.custom, tc.more), nil))
			if diff := cmp.Diff(tc.want, p.phase("e")); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// phase of the custom resource of that name.
func (p *Plan) phase(name string) Phase {
	for _, o := range p.Objects {
		if o.Name == name && isCustom(o.kind()) {
			return o.Phase
		}
	}
	return ""
}

// TestTrafficByOtherNames: a kustomization or another namespace may change what is named.
func TestTrafficByOtherNames(t *testing.T) {
	p := Make(whole(t, join(servedWeb, edgeWith(`spec: {to: [{kind: Service, name: web, namespace: src}], origin: web.src.svc}`)),
		func(in *Input) { in.TargetNamespace = "dst" }))
	if got := p.phase("e"); got != PhaseOpen {
		t.Errorf("a route to a Service of the former namespace is one: got the phase %q", got)
	}
}

// TestTrafficOfWhatMakesWorkloads: it has to start with them, so that is a warning.
func TestTrafficOfWhatMakesWorkloads(t *testing.T) {
	const made = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: made, namespace: src, uid: m, ` + ownedByEdge +
		`}, spec: {replicas: 0, template: {spec: {containers: [{name: c}]}}}}`
	cases := map[string]struct {
		reason string
		custom string
		more   string
		want   string
	}{
		"NamesAService": {reason: "it routes from its start",
			custom: edgeWith(`spec: {to: {kind: Service, name: web}}`), want: "Edge.edge.example.com/e may lead traffic to Service/web"},
		"KnownRoute": {reason: "a gateway that runs Pods of its own", custom: edgeWith(`spec: {}`),
			more: `{apiVersion: v1, kind: Service, metadata: {name: s, namespace: src, ` + ownedByEdge + `}, spec: {type: NodePort}}`,
			want: "Edge.edge.example.com/e may lead traffic to Service/s"},
		"NothingToDoWith": {reason: "no false alarm", custom: edgeWith(`spec: {size: small}`)},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, join(servedWeb, tc.custom, made, tc.more), nil))
			if got := p.phase("e"); got != PhaseStart {
				t.Errorf("%s: got the phase %q: a switch would wait for its workloads in vain", tc.reason, got)
			}
			told := slices.ContainsFunc(p.Warnings, func(w string) bool { return tc.want != "" && strings.Contains(w, tc.want) })
			if told != (tc.want != "") || tc.want == "" && len(p.Warnings) > 0 {
				t.Errorf("%s: want a warning with %q, got %q", tc.reason, tc.want, p.Warnings)
			}
		})
	}
}

// TestHarmlessKinds: a kind that is known to lead traffic is not harmless.
func TestHarmlessKinds(t *testing.T) {
	for kind := range externalEndpoints {
		if why := whyHarmless(kind); why != "" {
			t.Errorf("%s opens after the commit, and is harmless as %s", kind, why)
		}
	}
	if got := whyHarmless("ServiceMonitor.monitoring.coreos.com"); got == "" {
		t.Error("a monitor is harmless, and has no reason")
	}
}

// TestReachedWithoutAnEndpoint: what lets traffic in before the commit, and cannot be held back.
func TestReachedWithoutAnEndpoint(t *testing.T) {
	pod := func(spec, annotations string) string {
		return `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: src}, spec: {template: {metadata: {annotations: {` +
			annotations + `}}, spec: {` + spec + `}}}}`
	}
	service := func(annotations, labels, spec string) string {
		return `{apiVersion: v1, kind: Service, metadata: {name: a, namespace: src, annotations: {` + annotations + `}, labels: {` +
			labels + `}}, spec: {selector: {app: a}, ` + spec + `}}`
	}
	cases := map[string]struct {
		reason  string
		objects string
		want    []string
	}{
		"HostPort": {"a port of the node",
			pod(`containers: [{name: c, ports: [{containerPort: 80, hostPort: 8080}]}]`, ""), []string{"Deployment.apps/a", "hostPort 8080"}},
		"InitSidecar": {"a sidecar may have one, too",
			pod(`initContainers: [{name: s, restartPolicy: Always, ports: [{containerPort: 80, hostPort: 81}]}], containers: [{name: c}]`, ""),
			[]string{"hostPort 81"}},
		"HostNetwork": {"the network of the node",
			pod(`hostNetwork: true, containers: [{name: c}]`, ""), []string{"Deployment.apps/a", "hostNetwork"}},
		"FurtherNetwork": {"an address in another network",
			pod(`containers: [{name: c}]`, `k8s.v1.cni.cncf.io/networks: lan`), []string{"Deployment.apps/a", "k8s.v1.cni.cncf.io/networks"}},
		"Cilium": {"balanced over several clusters",
			service(`service.cilium.io/global: "true"`, "", "type: ClusterIP"), []string{"Service/a", "service.cilium.io/global"}},
		"CiliumOld": {"the former name",
			service(`io.cilium/global-service: "true"`, "", "type: ClusterIP"), []string{"Service/a", "io.cilium/global-service"}},
		"CiliumNotShared": {"it takes, and does not give",
			service(`service.cilium.io/global: "true", service.cilium.io/shared: "false"`, "", "type: ClusterIP"), nil},
		"Linkerd": {"mirrored by other clusters",
			service("", `mirror.linkerd.io/exported: "true"`, "type: ClusterIP"), []string{"Service/a", "mirror.linkerd.io/exported"}},
		"LinkerdFederated": {"one of a federation",
			service("", `mirror.linkerd.io/federated: member`, "type: ClusterIP"), []string{"mirror.linkerd.io/federated"}},
		"Istio": {"of the whole mesh", service("", `istio.io/global: "true"`, "type: ClusterIP"), []string{"istio.io/global"}},
		"Consul": {"listed in a catalogue",
			service(`consul.hashicorp.com/service-sync: "true"`, "", "type: ClusterIP"), []string{"consul.hashicorp.com/service-sync"}},
		"Skupper": {"part of a network of applications",
			service(`skupper.io/proxy: tcp`, "", "type: ClusterIP"), []string{"skupper.io/proxy"}},
		"SkupperWorkload": {"workloads, too",
			strings.Replace(pod(`containers: [{name: c}]`, ""), "namespace: src}", "namespace: src, annotations: {skupper.io/proxy: http}}", 1),
			[]string{"Deployment.apps/a", "skupper.io/proxy"}},
		"Tailscale": {"published in a private network",
			service(`tailscale.com/expose: "true"`, "", "type: ClusterIP"), []string{"tailscale.com/expose"}},
		"HeadlessName": {"the addresses of its Pods in a public DNS",
			service(`external-dns.alpha.kubernetes.io/hostname: a.example.com`, "", "clusterIP: None"),
			[]string{"external-dns.alpha.kubernetes.io/hostname"}},
		"InternalName": {"the address in the cluster",
			service(`external-dns.alpha.kubernetes.io/internal-hostname: a.example.com`, "", "type: ClusterIP"),
			[]string{"external-dns.alpha.kubernetes.io/internal-hostname"}},
		"EndpointGroup": {"a balancer of its own",
			service(`cloud.google.com/neg: '{"exposed_ports":{"80":{}}}'`, "", "type: ClusterIP"), []string{"cloud.google.com/neg"}},
		"IngressGroup": {"an Ingress waits for the commit", service(`cloud.google.com/neg: '{"ingress":true}'`, "", "type: ClusterIP"), nil},
		"RouteInside": {"a route in an annotation",
			service(`getambassador.io/config: "prefix: /"`, "", "type: ClusterIP"), []string{"getambassador.io/config"}},
		"Unknown": {"another mesh's word for the same",
			service(`mesh.example.com/exported: "true"`, "", "type: ClusterIP"), []string{"mesh.example.com/exported"}},
		"UnknownLabel": {"as a label",
			service("", `multicluster.example.com/global: enabled`, "type: ClusterIP"), []string{"multicluster.example.com/global"}},
		"SwitchedOff":      {"not exported", service(`mesh.example.com/exported: "false"`, "", "type: ClusterIP"), nil},
		"OwnNamespaceOnly": {"exported to no other namespace", service(`networking.istio.io/exportTo: "."`, "", "type: ClusterIP"), nil},
		"Balancer": {"a Service that opens after the commit gets its name then",
			service(`external-dns.alpha.kubernetes.io/hostname: a.example.com`, "", "type: LoadBalancer"), nil},
		"Scraped": {"to be measured is not to be exported",
			service(`prometheus.io/scrape: "true"`, `app.kubernetes.io/component: exporter`, "type: ClusterIP"), nil},
		"Zones":         {"traffic within the cluster", service(`service.kubernetes.io/topology-mode: Auto`, "", "type: ClusterIP"), nil},
		"ContainerPort": {"a port of the Pod alone", pod(`containers: [{name: c, ports: [{containerPort: 80}]}]`, ""), nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, tc.objects, nil))
			if len(tc.want) == 0 && len(p.Warnings) > 0 || len(tc.want) > 0 && len(p.Warnings) != 1 {
				t.Fatalf("%s: got the warnings %q", tc.reason, p.Warnings)
			}
			for _, part := range tc.want {
				if !strings.Contains(p.Warnings[0], part) {
					t.Errorf("%s: want %q in %q", tc.reason, part, p.Warnings[0])
				}
			}
		})
	}
}

// TestReachedOnlyWhereItStarts: what is not created at the target is not reached there.
func TestReachedOnlyWhereItStarts(t *testing.T) {
	text := `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: src},
		spec: {template: {spec: {hostNetwork: true, containers: [{name: c, ports: [{containerPort: 80, hostPort: 80}]}]}}}}`
	for name, change := range map[string]func(o *unstructured.Unstructured){
		"Stopped": func(o *unstructured.Unstructured) { o.Object["spec"].(map[string]any)["replicas"] = int64(0) },
	} {
		p := Make(whole(t, text, func(in *Input) { change(&in.Objects[0]) }))
		if len(p.Warnings) > 0 {
			t.Errorf("%s: got the warnings %q", name, p.Warnings)
		}
	}
	cron := `{apiVersion: batch/v1, kind: CronJob, metadata: {name: a, namespace: src},
		spec: {schedule: "* * * * *", jobTemplate: {spec: {template: {spec: {hostNetwork: true, containers: [{name: c}]}}}}}}`
	if p := Make(whole(t, cron, nil)); len(p.Warnings) > 0 {
		t.Errorf("a CronJob is created suspended: got the warnings %q", p.Warnings)
	}
}

// TestRoutesFollowTheirService: a route belongs to the Service that it leads to, however it names it.
func TestRoutesFollowTheirService(t *testing.T) {
	for name, tc := range map[string]struct{ reason, custom, want string }{
		"Export": {"by its own name",
			strings.Replace(custom("multicluster.x-k8s.io/v1alpha1", "ServiceExport", `spec: {}`), "name: e", "name: web", 1),
			"ServiceExport.multicluster.x-k8s.io/web"},
		"Text": {"by a text",
			custom("k8s.nginx.org/v1", "VirtualServer", `spec: {upstreams: [{name: u, service: web, port: 80}]}`), "VirtualServer.k8s.nginx.org/e"},
		"Binding": {"by a reference without a kind",
			custom("elbv2.k8s.aws/v1beta1", "TargetGroupBinding", `spec: {serviceRef: {name: web, port: 80}}`),
			"TargetGroupBinding.elbv2.k8s.aws/e"},
		"Unknown": {"a kind that is called a route",
			custom("example.com/v1", "GameRoute", `spec: {backendRefs: [{name: web}]}`), "GameRoute.example.com/e"},
		"Other": {"another Service's", custom("example.com/v1", "GameRoute", `spec: {backendRefs: [{name: other}]}`), ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, join(servedWeb, tc.custom), func(in *Input) {
				in.Application = api.Application{Workloads: []api.WorkloadReference{{Kind: "Deployment", Name: "front"}}}
			}))
			got := ""
			for _, o := range p.Objects {
				if isCustom(o.kind()) {
					got = o.Ref.String()
				}
			}
			if got != tc.want {
				t.Errorf("%s: want %q, got %q", tc.reason, tc.want, got)
			}
		})
	}
}
