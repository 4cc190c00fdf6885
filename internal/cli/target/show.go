package target

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubemove/kubemove/internal/text"
)

// Expiry of credentials for people.
func Expiry(at *time.Time, now time.Time) string {
	switch {
	case at == nil:
		return "never"
	case !at.After(now):
		return "expired"
	}
	return "in " + text.Took(at.Sub(now))
}

// Describe objects that are created, a line each, and what roles allow.
func Describe(objects []unstructured.Unstructured) ([]string, error) {
	var out []string
	for i := range objects {
		o := &objects[i]
		line := Ref(o)
		switch kind := o.GetKind(); {
		case kind == "Secret":
			line += ", a token that lives until this Secret is deleted"
		case isRole(o) && kind == "Role":
			line += ", in the namespace:"
		case isRole(o):
			line += ", in the whole cluster:"
		}
		out = append(out, line)
		if !isRole(o) {
			continue
		}
		rules, err := rulesOf(o)
		if err != nil {
			return nil, err
		}
		var rights []Right
		for _, rule := range rules {
			rights = append(rights, split(rule, false)...)
		}
		out = append(out, summary(rights)...)
	}
	return out, nil
}

// summary of rights: the resources of which the same verbs are allowed share a line.
func summary(rights []Right) []string {
	verbs := map[string][]string{}
	var resources []string
	for _, r := range rights {
		on := r.plain()
		if verbs[on] == nil {
			resources = append(resources, on)
		}
		if !slices.Contains(verbs[on], r.Verb) {
			verbs[on] = append(verbs[on], r.Verb)
		}
	}
	shared := map[string][]string{}
	var order []string
	for _, on := range resources {
		slices.SortFunc(verbs[on], func(a, b string) int { return slices.Index(verbOrder, a) - slices.Index(verbOrder, b) })
		key := strings.Join(verbs[on], " ")
		if shared[key] == nil {
			order = append(order, key)
		}
		shared[key] = append(shared[key], on)
	}
	var out []string
	for _, key := range order {
		line := "  " + key + ":"
		for i, on := range shared[key] {
			if i < len(shared[key])-1 {
				on += ","
			}
			if len(line)+1+len(on) > showWidth {
				out, line = append(out, line), "   "
			}
			line += " " + on
		}
		out = append(out, line)
	}
	return out
}

// showWidth is how long a line of rights gets, in columns.
const showWidth = 110

var verbOrder = []string{"get", "list", "watch", "create", "update", "patch", "delete"}

// Join rights in a sentence.
func Join(rights []Right) string {
	verbs := map[string][]string{}
	var resources []string
	for _, r := range rights {
		if verbs[r.on()] == nil {
			resources = append(resources, r.on())
		}
		verbs[r.on()] = append(verbs[r.on()], r.Verb)
	}
	for i, on := range resources {
		resources[i] = strings.Join(verbs[on], " and ") + " " + on
	}
	return strings.Join(resources, ", ")
}
