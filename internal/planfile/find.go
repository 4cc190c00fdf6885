package planfile

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubemove/kubemove/internal/application"
)

// shortNames that kubectl has for kinds of applications.
var shortNames = map[string]string{
	"cj": "cronjob", "cm": "configmap", "deploy": "deployment", "hpa": "horizontalpodautoscaler", "ing": "ingress",
	"netpol": "networkpolicy", "pdb": "poddisruptionbudget", "pvc": "persistentvolumeclaim", "rs": "replicaset",
	"sa": "serviceaccount", "sts": "statefulset", "svc": "service",
}

// Find the objects that a user means: by NAME, KIND/NAME or KIND.GROUP/NAME, where the kind may also be
// written as kubectl takes it: deployment, deployments, deploy. Several objects may have that name.
func (p Plan) Find(text string) []application.Ref {
	kind, name, both := strings.Cut(text, "/")
	if !both {
		kind, name = "", text
	}
	var out []application.Ref
	for _, ref := range p.refs() {
		if ref.Name == name && (kind == "" || isKind(ref, strings.ToLower(kind))) {
			out = append(out, ref)
		}
	}
	return out
}

// refs of all objects that the plan lists, by both names.
func (p Plan) refs() []application.Ref {
	var out []application.Ref
	for _, e := range p.Entries() {
		out = append(out, e.Ref)
		if e.Source != e.Ref {
			out = append(out, e.Source)
		}
	}
	slices.SortFunc(out, func(a, b application.Ref) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(out)
}

// isKind says whether a kind, in lower case and with or without its group, is that of the object.
func isKind(ref application.Ref, written string) bool {
	kind, group, grouped := strings.Cut(written, ".")
	if long, ok := shortNames[kind]; ok {
		kind = long
	}
	if grouped && !strings.EqualFold(group, ref.Group) {
		return false
	}
	plural, singular := meta.UnsafeGuessKindToResource(schema.GroupVersionKind{Group: ref.Group, Kind: ref.Kind})
	return kind == singular.Resource || kind == plural.Resource
}
