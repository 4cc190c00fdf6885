package application

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// secretAnnotations are the annotations by which Ingresses name Secrets to their controllers, as
// NAME or NAMESPACE/NAME.
var secretAnnotations = slices.Concat(
	// https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations
	prefixed("nginx.ingress.kubernetes.io/", "auth-secret", "auth-tls-secret", "proxy-ssl-secret"),
	// https://docs.nginx.com/nginx-ingress-controller/configuration/ingress-resources/advanced-configuration-with-annotations
	prefixed("nginx.org/", "basic-auth-secret"),
	prefixed("nginx.com/", "jwt-key"),
	// https://haproxy-ingress.github.io/docs/configuration/keys
	prefixed("haproxy-ingress.github.io/", "auth-secret", "auth-tls-secret", "secure-crt-secret", "secure-verify-ca-secret"),
	// https://github.com/haproxytech/kubernetes-ingress/blob/master/documentation/annotations.md
	prefixed("haproxy.org/", "auth-secret", "server-ca", "server-crt"),
	prefixed("haproxy.com/", "auth-secret", "server-ca", "server-crt"),
	// The prefix of both in their older releases, and of the first Traefik
	// (https://doc.traefik.io/traefik/v1.7/configuration/backends/kubernetes).
	prefixed("ingress.kubernetes.io/", "auth-secret", "auth-tls-secret", "secure-crt-secret", "secure-verify-ca-secret",
		"server-ca", "server-crt"),
	prefixed("traefik.ingress.kubernetes.io/", "auth-secret"),
)

func prefixed(prefix string, names ...string) []string {
	var out []string
	for _, name := range names {
		out = append(out, prefix+name)
	}
	return out
}

// annotatedSecret is a Secret that an annotation of an Ingress names.
type annotatedSecret struct {
	annotation string
	// namespace; empty: that of the Ingress.
	namespace, name string
}

// annotatedSecrets of an Ingress, by the annotation.
func annotatedSecrets(o *unstructured.Unstructured) []annotatedSecret {
	annotations := o.GetAnnotations()
	var out []annotatedSecret
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		value := annotations[key]
		if value == "" || !slices.Contains(secretAnnotations, key) {
			continue
		}
		s := annotatedSecret{annotation: key, name: value}
		if namespace, name, is := strings.Cut(value, "/"); is {
			s.namespace, s.name = namespace, name
		}
		// A path in the controller's own container, such as file:///etc/ca.crt, names no Secret.
		if s.name != "" && !strings.ContainsAny(s.namespace+s.name, ":/") {
			out = append(out, s)
		}
	}
	return out
}

func (s annotatedSecret) value() string {
	if s.namespace == "" {
		return s.name
	}
	return s.namespace + "/" + s.name
}

// annotationEdges are the Secrets of its own namespace that an Ingress names in annotations.
func (v *view) annotationEdges(n *node) []edge {
	var out []edge
	for _, s := range annotatedSecrets(n.obj) {
		if s.namespace == "" || s.namespace == v.in.SourceNamespace {
			out = append(out, edge{to: refTo(kindSecret, s.name), hard: true, optional: true})
		}
	}
	return out
}

// mapAnnotatedSecrets makes the Secrets that annotations of an Ingress name those that change says.
func mapAnnotatedSecrets(o *unstructured.Unstructured, change func(s annotatedSecret) annotatedSecret) {
	annotations := o.GetAnnotations()
	for _, s := range annotatedSecrets(o) {
		annotations[s.annotation] = change(s).value()
	}
	if annotations != nil {
		o.SetAnnotations(annotations)
	}
}

// renameAnnotatedSecrets follows the namespace.
func (m *maker) renameAnnotatedSecrets(o *unstructured.Unstructured) {
	mapAnnotatedSecrets(o, func(s annotatedSecret) annotatedSecret {
		if s.namespace == m.in.SourceNamespace {
			s.namespace = m.in.TargetNamespace
		}
		return s
	})
}

// correctAnnotatedSecrets follows the names where Kustomize, which knows some of the annotations and
// no namespaces in them, has not done it.
func (m *maker) correctAnnotatedSecrets(before, o *unstructured.Unstructured, renamed newNames) {
	was := before.GetAnnotations()
	mapAnnotatedSecrets(o, func(s annotatedSecret) annotatedSecret {
		if was[s.annotation] == s.value() && (s.namespace == "" || s.namespace == m.in.TargetNamespace) {
			s.name = renamed.of(kindSecret, s.name)
		}
		return s
	})
}

// checkAnnotatedSecrets points at Secrets of other namespaces, which the target's cluster may lack.
func checkAnnotatedSecrets(v *view, o *Object) (out Findings) {
	if v.sameCluster() {
		return nil
	}
	for _, s := range annotatedSecrets(&o.Object) {
		if s.namespace != "" && s.namespace != v.in.TargetNamespace {
			out.AddWarning(o.Ref, "%s names the Secret %s of another namespace in the annotation %s, which does not move: "+
				"create it there at the target, or name another one by a patch of the target's kustomization",
				o.Ref, s.value(), s.annotation)
		}
	}
	return out
}
