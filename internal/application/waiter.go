package application

import (
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// waiter is a workload that may wait for others.
type waiter struct {
	account string
	rules   []rbacv1.PolicyRule
	labels  map[string]string
	// waits: a container that keeps the others waiting, or asks the API server by a command, can log in
	// there; asks: it looks as if it asked.
	waits, asks bool
	// texts of its containers, in order, and what runs before they count as ready.
	texts, holding []containerText
}

// containerText is what a container runs.
type containerText struct{ container, text string }

func (v *view) waiter(n *node) waiter {
	spec := &n.template.Spec
	w := waiter{account: accountOf(n.template), labels: n.template.Labels}
	w.rules = v.rulesOf(w.account, bindsAccount)
	token := v.hasToken(n)
	for i := range spec.InitContainers {
		c := &spec.InitContainers[i]
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			continue // A sidecar keeps nothing waiting.
		}
		w.waits = w.waits || token
		w.asks = w.asks || asksServer.MatchString(c.Image+" "+textOf(c))
		for _, text := range v.holding(c, true) {
			w.holding = append(w.holding, containerText{c.Name, text})
		}
	}
	for _, c := range containers(spec) {
		text := textOf(c)
		if asksByCommand.MatchString(text) {
			w.waits, w.asks = w.waits || token, true
		}
		w.texts = append(w.texts, containerText{c.Name, text})
	}
	for i := range spec.Containers {
		c := &spec.Containers[i]
		for _, text := range v.holding(c, false) {
			w.holding = append(w.holding, containerText{c.Name, text})
		}
	}
	return w
}

// asksServer matches what programs that ask an API server are called, and what they ask;
// asksByCommand is a script that does.
var (
	asksServer    = regexp.MustCompile(`(?i)kubectl|k8s|kubernetes|wait-for|\boc\b|/apis?/`)
	asksByCommand = regexp.MustCompile(`\bkubectl\b|/api/v1/namespaces/|/apis/[a-z0-9.]+/v`)
)

// hasToken: the containers of a workload can log in to the API server.
func (v *view) hasToken(n *node) bool {
	spec := &n.template.Spec
	if slices.ContainsFunc(spec.Volumes, func(v corev1.Volume) bool {
		return v.Projected != nil &&
			slices.ContainsFunc(v.Projected.Sources, func(s corev1.VolumeProjection) bool { return s.ServiceAccountToken != nil })
	}) {
		return true
	}
	if auto := spec.AutomountServiceAccountToken; auto != nil {
		return *auto
	}
	if a := v.x.byRef[refTo(kindServiceAccount, accountOf(n.template))]; a != nil {
		if auto := read[corev1.ServiceAccount](a).AutomountServiceAccountToken; auto != nil {
			return *auto
		}
	}
	return true
}

// textOf a container is all that it runs: its command, and the values of its environment.
func textOf(c *corev1.Container) string {
	words := slices.Concat(c.Command, c.Args)
	for _, e := range c.Env {
		words = append(words, e.Value)
	}
	if c.Lifecycle != nil && c.Lifecycle.PostStart != nil && c.Lifecycle.PostStart.Exec != nil {
		words = append(words, c.Lifecycle.PostStart.Exec.Command...)
	}
	for _, p := range []*corev1.Probe{c.StartupProbe, c.ReadinessProbe} {
		if p != nil && p.Exec != nil {
			words = append(words, p.Exec.Command...)
		}
	}
	return strings.Join(words, " ")
}

// wait is an object that a workload may wait for.
type wait struct {
	awaited
	// container that names it; empty: the account may read such objects.
	container string
}

// waitsFor lists what of the objects the workload may wait for. Of external endpoints that only its
// account points at those count which lead to its own Pods, if there are some.
func (w waiter) waitsFor(list []awaited) []wait {
	var named, byRights, own []wait
	for _, a := range list {
		if c := w.namedIn(a); c != "" {
			named = append(named, wait{awaited: a, container: c})
			continue
		}
		if a.byRights && w.waits && w.mayOnlyRead(a) {
			byRights = append(byRights, wait{awaited: a})
			if len(a.selector) > 0 && selects(a.selector, w.labels) {
				own = append(own, wait{awaited: a})
			}
		}
	}
	if len(own) > 0 {
		byRights = own
	}
	return append(named, byRights...)
}

// namedIn is the container that names an object with its kind; empty: none does.
func (w waiter) namedIn(a awaited) string {
	for _, c := range w.texts {
		if namesObject(c.text, a) {
			return c.container
		}
	}
	for _, c := range w.holding {
		if slices.ContainsFunc(a.hosts, func(host string) bool { return namesHost(c.text, host) }) {
			return c.container
		}
	}
	return ""
}

// namesObject: a text has the name, and the kind right before it, as in job/NAME, or anywhere if it
// looks like a question to the API server.
func namesObject(text string, a awaited) bool {
	asks := asksServer.MatchString(text)
	for rest, before := text, ""; ; {
		head, tail, found := strings.Cut(rest, a.ref.Name)
		if !found {
			return false
		}
		before += head
		if !endsWithName(before) && !startsWithName(tail) {
			if word := lastWord(before); slices.Contains(a.words, word) || asks && hasWord(text, a.words) {
				return true
			}
		}
		before, rest = before+a.ref.Name, tail
	}
}

// namesHost: a text has the name of a host, and not as a part of another one.
func namesHost(text, host string) bool {
	head, tail, found := strings.Cut(text, host)
	return host != "" && found && !endsWithName(head) && !strings.HasSuffix(head, ".") && !startsWithName(tail)
}

func endsWithName(s string) bool { return lastName(s) != "" }

// lastWord before a name: the kind in job/NAME, "job NAME" or jobs.batch/NAME.
func lastWord(s string) string {
	s = strings.TrimRight(s, `/ "'`)
	if i := strings.LastIndexAny(s, ` /"'=(,;`+"\n\t"); i >= 0 {
		s = s[i+1:]
	}
	s, _, _ = strings.Cut(strings.ToLower(s), ".")
	return s
}

// hasWord: a text has one of the words.
func hasWord(text string, words []string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	}), func(word string) bool { return slices.Contains(words, word) })
}

// narrow is how many resources a rule has at most that was written for them, and not for everything
// that may be looked at, as the ClusterRole view is.
const narrow = 4

// mayOnlyRead: the account may read such an object by a rule that names its resource, and may not make
// one, as a controller does.
func (w waiter) mayOnlyRead(a awaited) bool {
	reads := false
	for _, r := range w.rules {
		everything := slices.Contains(r.Resources, rbacv1.ResourceAll)
		if !slices.Contains(r.APIGroups, a.group) && !slices.Contains(r.APIGroups, rbacv1.APIGroupAll) ||
			!everything && !slices.Contains(r.Resources, a.resource) {
			continue
		}
		if slices.Contains(r.Verbs, "create") || slices.Contains(r.Verbs, rbacv1.VerbAll) {
			return false
		}
		read := slices.ContainsFunc(r.Verbs, func(v string) bool { return v == "get" || v == "list" || v == "watch" })
		this := len(r.ResourceNames) == 0 || slices.Contains(r.ResourceNames, a.ref.Name)
		reads = reads || read && this && !everything && (w.asks || len(r.Resources) <= narrow)
	}
	return reads
}

// selects says whether a Service leads to Pods with such labels, apart from those that a StatefulSet
// gives to each of its Pods.
func selects(selector, of map[string]string) bool {
	want := labels.Set{}
	for k, v := range selector {
		if k != "statefulset.kubernetes.io/pod-name" && k != "apps.kubernetes.io/pod-index" {
			want[k] = v
		}
	}
	return labels.SelectorFromSet(want).Matches(labels.Set(of))
}
