package target

import (
	"cmp"
	"slices"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

// Sides on which a cluster can be.
const (
	AsTarget = cluster.SideTarget
	AsSource = cluster.SideSource
)

// kubeSystem is the right without which no plan can tell one cluster from another.
var kubeSystem = Right{Resource: "namespaces", Name: "kube-system", Verb: "get", Cluster: true}

// Required are the rights without which no move works, whatever the application is made of.
func Required(side string) map[Right]bool {
	out := map[Right]bool{kubeSystem: true}
	for _, role := range []cluster.Role{cluster.RoleData, cluster.RoleSwitch} {
		for _, r := range cluster.Needs(side, role) {
			resource := r.Resource
			if r.Subresource != "" {
				resource += "/" + r.Subresource
			}
			out[Right{Group: r.Group, Resource: resource, Verb: r.Verb, Cluster: r.Cluster}] = true
		}
	}
	if side == AsSource {
		for _, kind := range application.Kinds() {
			out[Right{Group: kind.Group, Resource: kind.Resource, Verb: "list"}] = true
		}
	}
	return out
}

// Lack is what the account may not do with objects of one kind, and what follows.
type Lack struct {
	// Verbs that it lacks, on what.
	Verbs string `json:"verbs"`
	On    string `json:"on"`
	// Cluster: in the whole cluster.
	Cluster bool `json:"cluster,omitempty"`
	// Required: no move works without.
	Required bool `json:"required,omitempty"`
	// Effect says what a plan cannot check, or what a move cannot do.
	Effect string `json:"effect"`
}

// String is a line for people.
func (l Lack) String() string {
	where := ""
	if l.Cluster {
		where = " (whole cluster)"
	}
	return l.Verbs + " " + l.On + where + ": " + l.Effect
}

// Lacks groups rights that were left out, the required ones first. side is that on which the cluster is used.
func Lacks(left []Right, side string) []Lack {
	required, back := Required(side), Required(AsSource)
	if side == AsSource {
		back = Required(AsTarget)
	}
	var out []Lack
	for _, r := range left {
		l := Lack{Verbs: r.Verb, On: r.on(), Cluster: r.Cluster, Required: required[r], Effect: effect(r)}
		switch {
		case r == kubeSystem:
		case l.Required:
			l.Effect = "no move works without it"
		case back[r]:
			l.Effect = "a move works, and no way back after it"
		}
		out = append(out, l)
	}
	// First the verbs of one kind, then the kinds that lack the same.
	out = merge(out, func(l Lack) Lack { l.Verbs = ""; return l }, func(into *Lack, l Lack) { into.Verbs += ", " + l.Verbs })
	out = merge(out, func(l Lack) Lack { l.On = ""; return l }, func(into *Lack, l Lack) { into.On += ", " + l.On })
	slices.SortStableFunc(out, func(a, b Lack) int {
		return cmp.Or(number(b.Required)-number(a.Required), number(b.Cluster)-number(a.Cluster))
	})
	return out
}

// merge what has the same key.
func merge(list []Lack, key func(Lack) Lack, add func(into *Lack, l Lack)) (out []Lack) {
	for _, l := range list {
		i := slices.IndexFunc(out, func(o Lack) bool { return key(o) == key(l) })
		if i < 0 {
			out = append(out, l)
		} else {
			add(&out[i], l)
		}
	}
	return out
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

const (
	named  = "the plan cannot say whether those that the application names exist there"
	calls  = "the plan cannot say whether the API server calls the application"
	rights = "the plan cannot say which rights in the whole cluster the accounts of the application have"
)

// facts are what a plan reads of the whole cluster.
var facts = map[string]string{
	"namespaces":                      "every plan is blocked (Forbidden), as the UID of kube-system tells one cluster from another",
	"storageclasses":                  "the plan cannot say whether the StorageClasses of the claims exist there",
	"volumeattributesclasses":         named,
	"priorityclasses":                 named,
	"runtimeclasses":                  named,
	"ingressclasses":                  named,
	"clusterroles":                    rights,
	"clusterrolebindings":             rights,
	"mutatingwebhookconfigurations":   calls,
	"validatingwebhookconfigurations": calls,
	"apiservices":                     calls,
	"customresourcedefinitions":       "the plan cannot compare the definitions of custom resources",
	"nodes": "the plan cannot say whether the nodes have room, and the data takes no direct route through a " +
		"NodePort",
	"pods": "the plan does not see how much room the Pods of other namespaces take",
}

// inNamespace are what a plan reads there beside the application.
var inNamespace = map[string]string{
	"limitranges":    "the plan cannot say whether the limits of the namespace hold the application",
	"resourcequotas": "the plan cannot say whether the quotas of the namespace hold the application",
	"namespaces":     "the plan cannot compare the labels and annotations of the namespace",
	"events":         "messages do not say what keeps Pods from starting",
	"pods/log":       "messages do not have the last line of the log of a Pod that does not start",
}

// effect of a right that is lacking.
func effect(r Right) string {
	reads := r.Verb == "get" || r.Verb == "list" || r.Verb == "watch"
	if r.Cluster {
		if !reads {
			return "the move does not create them: others have to, before the switch"
		}
		return cmp.Or(facts[r.Resource], named)
	}
	if text := inNamespace[r.Resource]; text != "" {
		return text
	}
	switch {
	case r.Verb == "watch":
		return "it is seen later what has become of them"
	case reads:
		return "the plan does not see them there"
	case r.Verb == "create":
		return "an application that has such objects cannot be moved there"
	}
	return "a switch that has to change or remove such objects fails, and so may a roll back"
}

// AnyRequired says whether a move cannot work with what is left.
func AnyRequired(lacks []Lack) bool {
	return slices.ContainsFunc(lacks, func(l Lack) bool { return l.Required })
}
