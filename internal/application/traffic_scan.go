package application

import (
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
)

// trafficTargets are what traffic may be led to.
type trafficTargets struct {
	// services of the namespace, and namespaces that mean it.
	services   map[string]bool
	namespaces []string
	// workloads of the application, and needed: what their Pods do not start without.
	workloads []*node
	needed    map[Ref]bool
}

// trafficScan looks through a custom resource of an unknown kind for what it may lead traffic to. A
// name that is found by mistake makes it open late, one that is missed may lose writes: when in doubt
// it is a name.
type trafficScan struct {
	*trafficTargets

	// service that is named first, and target: the workload that is named or whose Pods are selected.
	service, target string
	// hasPort: it says a port of something.
	hasPort bool
}

// trafficTargets are found once, as there may be many custom resources.
func (v *view) trafficTargets() *trafficTargets {
	if v.targetsOfTraffic != nil {
		return v.targetsOfTraffic
	}
	t := &trafficTargets{services: map[string]bool{}, namespaces: []string{v.in.SourceNamespace, v.in.TargetNamespace},
		workloads: v.stopped(), needed: map[Ref]bool{}}
	for _, n := range v.x.nodes {
		if n.ref.Kind == "Service" && !n.own {
			t.services[n.ref.Name] = true
		}
	}
	for i := range v.plan.Objects {
		if o := &v.plan.Objects[i]; o.kind() == kindService {
			t.services[o.Name] = true
		}
	}
	for _, w := range t.workloads {
		if w.template == nil {
			continue
		}
		for _, e := range templateEdges(w.template) {
			t.needed[e.to] = true
		}
	}
	v.targetsOfTraffic = t
	return t
}

// scan everything of an object but what every object has.
func (s *trafficScan) scan(o *unstructured.Unstructured) {
	for _, field := range slices.Sorted(maps.Keys(o.Object)) {
		switch field {
		case "apiVersion", "kind", "metadata", "status":
		default:
			s.value(field, o.Object[field])
		}
	}
}

// otherWords are parts of the names of fields that hold something else than names of Services.
var otherWords = []string{
	"secret", "configmap", "account", "claim", "volume", "image", "label", "annotation", "matchexpressions",
	"containers", "namespace", "protocol", "portname",
}

// otherFields are such names as a whole.
var otherFields = []string{"env", "envFrom", "args", "command", "port", "ports", "scheme", "type", "mode", "method", "path", "description"}

func isOtherField(field string) bool {
	lower := strings.ToLower(field)
	return slices.Contains(otherFields, field) ||
		slices.ContainsFunc(otherWords, func(word string) bool { return strings.Contains(lower, word) })
}

// value of a field. Those in a list belong to the field of the list.
func (s *trafficScan) value(field string, value any) {
	s.hasPort = s.hasPort || isPort(field, value)
	if strings.Contains(strings.ToLower(field), "selector") || field == "matchLabels" {
		s.selector(value)
		return
	}
	if isOtherField(field) {
		return
	}
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			s.value(field, item)
		}
	case map[string]any:
		s.mapOf(field, value)
	case string:
		s.text(value)
	}
}

// serviceWords are parts of the names of maps whose keys may be names of Services.
var serviceWords = []string{"service", "backend", "upstream", "endpoint", "origin", "destination"}

func (s *trafficScan) mapOf(field string, value map[string]any) {
	if namespace, _ := value["namespace"].(string); namespace != "" && !slices.Contains(s.namespaces, namespace) {
		return
	}
	kind, _ := value["kind"].(string)
	name, _ := value["name"].(string)
	s.reference(field, kind, name)
	for _, key := range slices.Sorted(maps.Keys(value)) {
		if key == "kind" || key == "name" || key == "namespace" || key == "apiVersion" || key == "group" {
			continue
		}
		lower := strings.ToLower(field)
		if s.services[key] && slices.ContainsFunc(serviceWords, func(word string) bool { return strings.Contains(lower, word) }) {
			s.found(key)
		}
		s.value(key, value[key])
	}
}

// workloadWords are parts of the names of fields with references to workloads.
var workloadWords = []string{"workload", "deployment", "statefulset", "scaletarget", "daemonset"}

// reference with a name and, perhaps, a kind.
func (s *trafficScan) reference(field, kind, name string) {
	lower := strings.ToLower(field)
	isWorkload := slices.ContainsFunc(workloadWords, func(word string) bool { return strings.Contains(lower, word) })
	switch {
	case kind == "Service", kind == "" && !isWorkload:
		s.text(name)
	default:
		for _, w := range s.workloads {
			if w.ref.Name == name && (w.ref.Kind == kind || kind == "") {
				s.reaches(w)
			}
		}
	}
}

// text that may be the name of a Service, its address, or hold some of these.
func (s *trafficScan) text(text string) {
	words := strings.FieldsFunc(text, func(r rune) bool {
		return !strings.ContainsRune(".:/@_-", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	for _, word := range words {
		scheme, rest, isURL := strings.Cut(word, "://")
		if !isURL {
			rest = scheme
		}
		host, path, _ := strings.Cut(rest, "/")
		host = host[strings.LastIndex(host, "@")+1:] // Without a user.
		host, _, _ = strings.Cut(host, ":")
		path, _, _ = strings.Cut(path, ":")
		if !isURL && s.services[path] && slices.Contains(s.namespaces, host) {
			s.found(path)
		}
		// A word of a sentence is no name.
		s.host(host, isURL || len(words) == 1)
	}
}

// host as DNS knows it in the cluster.
func (s *trafficScan) host(host string, alone bool) {
	if alone && s.services[host] {
		s.found(host)
		return
	}
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	for i := range parts[:len(parts)-1] {
		ends := i+2 == len(parts) || parts[i+2] == "svc"
		if s.services[parts[i]] && slices.Contains(s.namespaces, parts[i+1]) && ends {
			s.found(parts[i])
		}
	}
}

func (s *trafficScan) found(service string) {
	if s.service == "" {
		s.service = service
	}
}

func (s *trafficScan) reaches(w *node) {
	if s.target == "" {
		s.target = w.ref.String()
	}
}

// selector of Pods, in one of the forms that there are.
func (s *trafficScan) selector(value any) {
	selector := labels.Nothing()
	switch value := value.(type) {
	case string:
		if parsed, err := labels.Parse(value); err == nil && !parsed.Empty() {
			selector = parsed
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if inner, ok := value[key].(map[string]any); ok {
				s.selector(inner)
			}
		}
		selector = selectorOf(value)
	}
	for _, w := range s.workloads {
		if w.template != nil && selector.Matches(labels.Set(w.template.Labels)) {
			s.reaches(w)
		}
	}
}

// selectorOf a map: a label selector, or labels alone.
func selectorOf(value map[string]any) labels.Selector {
	_, byLabels := value["matchLabels"]
	_, byExpressions := value["matchExpressions"]
	if byLabels || byExpressions {
		parsed, err := decode[metav1.LabelSelector](value)
		if err != nil {
			return labels.Nothing()
		}
		selector, err := metav1.LabelSelectorAsSelector(parsed)
		if err != nil || selector.Empty() {
			return labels.Nothing()
		}
		return selector
	}
	set := labels.Set{}
	for key, v := range value {
		text, ok := v.(string)
		if !ok {
			return labels.Nothing()
		}
		set[key] = text
	}
	if len(set) == 0 {
		return labels.Nothing()
	}
	return labels.SelectorFromSet(set)
}

// isPort says whether a field holds a port.
func isPort(field string, value any) bool {
	switch value.(type) {
	case nil, map[string]any, bool:
		return false
	}
	if field == "port" || field == "ports" {
		return true
	}
	for _, suffix := range []string{"Port", "Ports", "_port", "_ports"} {
		if strings.HasSuffix(field, suffix) {
			return true
		}
	}
	return false
}
