package application

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// hostsOf an external endpoint are the names and addresses by which it is reached at the source.
func hostsOf(n *node) []string {
	var out []string
	switch kind := n.ref.kind(); {
	case kind == kindService:
		s := read[corev1.Service](n)
		out = strings.FieldsFunc(n.obj.GetAnnotations()[hostnameAnnotation], func(r rune) bool { return r == ',' || r == ' ' })
		out = append(append(out, s.Spec.LoadBalancerIP), s.Spec.ExternalIPs...)
		for _, at := range s.Status.LoadBalancer.Ingress {
			out = append(out, at.IP, at.Hostname)
		}
	case kind == kindIngress:
		i := read[networkingv1.Ingress](n)
		for _, r := range i.Spec.Rules {
			out = append(out, r.Host)
		}
		for _, at := range i.Status.LoadBalancer.Ingress {
			out = append(out, at.IP, at.Hostname)
		}
	case isCustom(kind):
		spec, _, _ := unstructured.NestedMap(n.obj.Object, "spec")
		out = hostsIn("", spec)
	}
	return slices.DeleteFunc(out, func(host string) bool { return host == "" || strings.ContainsAny(host, "*/ ") })
}

var (
	// hostFields are names of fields, in lower case, that hold hosts.
	hostFields = []string{"host", "hosts", "hostname", "hostnames", "fqdn", "domain", "domains", "virtualhost"}
	// hostRule is how a rule of Traefik has them.
	hostRule = regexp.MustCompile(`Host(?:SNI)?\(([^)]*)\)`)
)

// hostsIn a value of a field; those in a list belong to the field of the list.
func hostsIn(field string, value any) []string {
	var out []string
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			out = append(out, hostsIn(key, value[key])...)
		}
	case []any:
		for _, item := range value {
			out = append(out, hostsIn(field, item)...)
		}
	case string:
		if slices.Contains(hostFields, strings.ToLower(field)) {
			return []string{value}
		}
		for _, rule := range hostRule.FindAllStringSubmatch(value, -1) {
			out = append(out, strings.FieldsFunc(rule[1], func(r rune) bool { return strings.ContainsRune("`'\", ", r) })...)
		}
	}
	return out
}

// waitLoop is a script that waits for something before it goes on.
var waitLoop = regexp.MustCompile(`\b(until|while)\b`)

// holding are the texts that a container runs, or the kubelet for it, before it counts as ready.
func (v *view) holding(c *corev1.Container, initial bool) []string {
	var out []string
	add := func(words ...string) { out = append(out, v.withEnvironment(c, strings.Join(words, " "))) }
	if words := slices.Concat(c.Command, c.Args); initial || waitLoop.MatchString(strings.Join(words, " ")) {
		add(words...)
	}
	if c.Lifecycle != nil && c.Lifecycle.PostStart != nil && c.Lifecycle.PostStart.Exec != nil {
		add(c.Lifecycle.PostStart.Exec.Command...)
	}
	for _, p := range []*corev1.Probe{c.StartupProbe, c.ReadinessProbe} {
		switch {
		case p == nil:
		case p.Exec != nil:
			add(p.Exec.Command...)
		case p.HTTPGet != nil:
			add(p.HTTPGet.Host)
		case p.TCPSocket != nil:
			add(p.TCPSocket.Host)
		}
	}
	return out
}

// withEnvironment is a text with the values of the variables that it uses, as far as the objects say
// them. What Secrets hold is not looked at.
func (v *view) withEnvironment(c *corev1.Container, text string) string {
	uses := func(name string) bool {
		for rest := text; ; {
			_, after, found := strings.Cut(rest, "$")
			if !found {
				return false
			}
			rest = strings.TrimLeft(after, "{(")
			if tail, is := strings.CutPrefix(rest, name); is && !startsWithVariable(tail) {
				return true
			}
		}
	}
	environment := v.environment(c)
	values := []string{text}
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		if uses(name) {
			values = append(values, environment[name])
		}
	}
	return strings.Join(values, " ")
}

func startsWithVariable(s string) bool { return variable.MatchString(s) }

var variable = regexp.MustCompile(`^[A-Za-z0-9_]`)

// environment of a container, by the names of its variables.
func (v *view) environment(c *corev1.Container) map[string]string {
	out := map[string]string{}
	data := func(name string) map[string]string {
		n := v.x.byRef[refTo(kindConfigMap, name)]
		if n == nil {
			return nil
		}
		return read[corev1.ConfigMap](n).Data
	}
	for _, from := range c.EnvFrom {
		if from.ConfigMapRef != nil {
			for key, value := range data(from.ConfigMapRef.Name) {
				out[from.Prefix+key] = value
			}
		}
	}
	for _, e := range c.Env {
		out[e.Name] = e.Value
		if from := e.ValueFrom; from != nil && from.ConfigMapKeyRef != nil {
			out[e.Name] = data(from.ConfigMapKeyRef.Name)[from.ConfigMapKeyRef.Key]
		}
	}
	return out
}
