package application

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// checkReached warns of what is reached from outside of its cluster as soon as it starts: KubeMove
// holds back objects, but not what workloads and ordinary Services let in by a field of their own.
func checkReached(v *view) (out Findings) {
	for i := range v.plan.Objects {
		o := &v.plan.Objects[i]
		switch kind := o.kind(); {
		case kind == kindService:
			out = append(out, reachedBy(o.Ref, publishedBy(&o.Object))...)
		case isWorkload(kind) && !isScheduled(kind) && !v.plan.idle(o): // A CronJob is resumed after the commit.
			template, err := podTemplate(&o.Object, kind)
			if err != nil {
				continue // The target's dry run says it.
			}
			out = append(out, reachedBy(o.Ref, slices.Concat(nodePortsOf(template), publishedBy(&o.Object)))...)
		case o.Runs:
			for _, n := range v.ownedWorkloads(v.x.byRef[o.SourceRef()]) {
				if n.template != nil && !isScheduled(n.ref.kind()) && v.runs(n) {
					out = append(out, reachedBy(n.ref, nodePortsOf(n.template))...)
				}
			}
		}
	}
	return out
}

func reachedBy(ref Ref, by []string) (out Findings) {
	if len(by) > 0 {
		out.AddWarning(ref, "%s is reached from outside of the cluster by %s as soon as it starts, before the commit: "+
			"what comes in until then is lost if the switch rolls back; keep its clients away until Switched is True",
			ref, few(by))
	}
	return out
}

// networksAnnotation attaches Pods to further networks (https://github.com/k8snetworkplumbingwg/multus-cni).
const networksAnnotation = "k8s.v1.cni.cncf.io/networks"

// nodePortsOf says how Pods are reached without a Service.
func nodePortsOf(template *corev1.PodTemplateSpec) []string {
	var out []string
	if template.Spec.HostNetwork {
		out = append(out, "hostNetwork")
	} else {
		for _, c := range containers(&template.Spec) {
			for _, p := range c.Ports {
				if p.HostPort != 0 {
					out = append(out, fmt.Sprintf("hostPort %d", p.HostPort))
				}
			}
		}
	}
	if template.Annotations[networksAnnotation] != "" {
		out = append(out, "the annotation "+networksAnnotation)
	}
	return out
}

// publishingKeys are labels and annotations by which other clusters or a DNS learn of a Service or
// workload. Some say so with any value.
var publishingKeys = map[string]string{
	// https://docs.cilium.io/en/stable/network/clustermesh/services
	"service.cilium.io/global": "true",
	"io.cilium/global-service": "true",
	// https://linkerd.io/2/features/multicluster
	"mirror.linkerd.io/exported":  "",
	"mirror.linkerd.io/federated": "",
	// https://istio.io/latest/docs/ambient/install/multicluster
	"istio.io/global": "true",
	// https://developer.hashicorp.com/consul/docs/k8s/service-sync
	"consul.hashicorp.com/service-sync": "true",
	// https://skupper.io/docs
	"skupper.io/proxy": "",
	// https://tailscale.com/kb/1439/kubernetes-operator-cluster-ingress
	"tailscale.com/expose": "true",
	// https://kubernetes-sigs.github.io/external-dns/latest/docs/annotations/annotations
	"external-dns.alpha.kubernetes.io/internal-hostname": "",
	// https://www.getambassador.io/docs/edge-stack/latest/topics/using/intro-mappings
	"getambassador.io/config": "",
}

const (
	// The hosts that external-dns gives to a Service
	// (https://kubernetes-sigs.github.io/external-dns/latest/docs/annotations/annotations).
	hostnameAnnotation = "external-dns.alpha.kubernetes.io/hostname"
	negAnnotation      = "cloud.google.com/neg"
	sharedAnnotation   = "service.cilium.io/shared"
)

// publishingWords are what the names of such keys have in common.
var publishingWords = []string{"export", "exported", "expose", "exposed", "global", "federated", "mirrored", "publish", "published"}

// publishedBy lists the labels and annotations by which an object is published.
func publishedBy(o *unstructured.Unstructured) []string {
	var out []string
	for _, set := range []struct {
		what   string
		values map[string]string
	}{{"annotation", o.GetAnnotations()}, {"label", o.GetLabels()}} {
		for _, key := range slices.Sorted(maps.Keys(set.values)) {
			if publishes(o, key, set.values[key]) {
				out = append(out, "the "+set.what+" "+key)
			}
		}
	}
	return out
}

func publishes(o *unstructured.Unstructured, key, value string) bool {
	want, known := publishingKeys[key]
	switch {
	case slices.Contains([]string{"", "false", "disabled", "no", "none", ".", "~"}, strings.ToLower(value)):
		return false
	case known && strings.Contains(key, "cilium"):
		return strings.EqualFold(value, want) && o.GetAnnotations()[sharedAnnotation] != "false"
	case known:
		return want == "" || strings.EqualFold(value, want)
	case key == hostnameAnnotation:
		// One that opens after the commit gets its name then.
		return RefOf(o).kind() == kindService && !letsTrafficIn(o)
	case key == negAnnotation:
		return strings.Contains(value, "exposed_ports")
	}
	_, name, qualified := strings.Cut(key, "/")
	return qualified && slices.ContainsFunc(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return strings.ContainsRune("-._", r)
	}), func(word string) bool {
		return slices.Contains(publishingWords, word)
	})
}
